-- Purpose: how the insurer split what it left to the patient
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per encounter at most
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       s.account_number,
       s.adjudicated_on,
       s.deductible_cents,
       s.coinsurance_cents,
       s.copay_cents,
       s.noncovered_cents
FROM patient_share AS s
LEFT JOIN account_order AS o ON o.account_number = s.account_number
ORDER BY 1, 2, COALESCE(s.account_number, '')
