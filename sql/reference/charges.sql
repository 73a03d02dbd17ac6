-- Purpose: what each encounter was charged for
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per charge
-- Order: mail_sort, guarantor_id, account_number, charge_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       c.account_number,
       c.charge_id,
       c.service_on,
       c.posted_on,
       c.description,
       c.code,
       c.quantity,
       c.amount_cents
FROM charge AS c
LEFT JOIN account_order AS o ON o.account_number = c.account_number
ORDER BY 1, 2, COALESCE(c.account_number, ''), c.charge_id
