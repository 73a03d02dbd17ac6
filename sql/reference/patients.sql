-- Purpose: patients of each guarantor
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per guarantor and patient
-- Order: mail_sort, guarantor_id, patient_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.patient_id,
       owned.first_name,
       owned.last_name,
       owned.birth_on
FROM (
    SELECT COALESCE(p.guarantor_id, '') AS guarantor_id,
           p.patient_id,
           p.first_name,
           p.last_name,
           p.birth_on
    FROM patient AS p
    WHERE p.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.patient_id
