-- Purpose: spans of time in which a patient has QMB or Medicaid, or has applied for Medicaid
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per guarantor, patient and span
-- Order: mail_sort, guarantor_id, patient_id, coverage_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.patient_id,
       owned.coverage_id,
       owned.kind,
       owned.starts_on,
       owned.ends_on
FROM (
    SELECT COALESCE(c.guarantor_id, '') AS guarantor_id,
           c.patient_id,
           c.coverage_id,
           c.kind,
           c.starts_on,
           c.ends_on
    FROM coverage AS c
    WHERE c.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.patient_id, owned.coverage_id
