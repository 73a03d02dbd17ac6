-- Purpose: what payers paid, and adjustments of every kind
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per transaction
-- Order: mail_sort, guarantor_id, account_number, transaction_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       t.account_number,
       t.transaction_id,
       t.posted_on,
       t.kind,
       t.payer,
       t.amount_cents
FROM insurance_transaction AS t
LEFT JOIN account_order AS o ON o.account_number = t.account_number
ORDER BY 1, 2, COALESCE(t.account_number, ''), t.transaction_id
