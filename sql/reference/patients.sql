-- Purpose: who was cared for, under each guarantor who pays for them
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per guarantor and patient
-- Order: mail_sort, guarantor_id, patient_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(p.guarantor_id, '') AS guarantor_id,
       p.patient_id,
       p.first_name,
       p.last_name,
       p.birth_on
FROM patient AS p
LEFT JOIN mailing_order AS o ON o.guarantor_id = p.guarantor_id
ORDER BY 1, 2, p.patient_id
