-- Purpose: patients, each under themselves as guarantor
-- Parameters: :guarantor_ids
-- Grain: one row per patient
-- Order: mail_sort, guarantor_id, patient_id, by bytes
SELECT COALESCE(p.zip, '') AS mail_sort,
       p.id AS guarantor_id,
       p.id AS patient_id,
       p.first AS first_name,
       p.last AS last_name,
       p.birth_on
FROM synthea_patients AS p
WHERE p.id IN (:guarantor_ids)
ORDER BY 1, 2, p.id
