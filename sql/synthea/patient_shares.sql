-- Purpose: none; Synthea has no breakdown of the patient's share
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS account_number,
       NULL AS adjudicated_on,
       NULL AS deductible_cents,
       NULL AS coinsurance_cents,
       NULL AS copay_cents,
       NULL AS noncovered_cents
WHERE 1 = 0
