-- Purpose: visits and stays, with the account number that the hospital prints
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per encounter
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.patient_id,
       owned.service_from,
       owned.service_to,
       owned.facility_name,
       owned.description,
       owned.patient_class,
       owned.financial_class,
       owned.insurance_status,
       owned.insurance_name,
       owned.insurance_pending_cents,
       owned.final_billed,
       owned.sensitive,
       owned.plan_id,
       owned.good_faith_estimate_cents,
       owned.estimate_reviewed_by,
       owned.estimate_reviewed_on,
       owned.estimate_review_note,
       owned.billing_entity_id
FROM (
    SELECT COALESCE(e.guarantor_id, '') AS guarantor_id,
           e.account_number,
           e.patient_id,
           e.service_from,
           e.service_to,
           e.facility_name,
           e.description,
           e.patient_class,
           e.financial_class,
           e.insurance_status,
           e.insurance_name,
           e.insurance_pending_cents,
           e.final_billed,
           e.sensitive,
           e.plan_id,
           e.good_faith_estimate_cents,
           e.estimate_reviewed_by,
           e.estimate_reviewed_on,
           e.estimate_review_note,
           e.billing_entity_id
    FROM encounter AS e
    WHERE e.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, COALESCE(owned.account_number, '')
