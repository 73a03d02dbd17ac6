-- Purpose: visits and stays, each with the account number that the hospital prints
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per encounter
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(e.guarantor_id, '') AS guarantor_id,
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
       e.good_faith_estimate_cents
FROM encounter AS e
LEFT JOIN mailing_order AS o ON o.guarantor_id = e.guarantor_id
ORDER BY 1, 2, COALESCE(e.account_number, '')
