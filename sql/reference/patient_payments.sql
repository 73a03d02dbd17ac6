-- Purpose: what patients and guarantors paid; account_number NULL is money not yet applied to an encounter
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per payment
-- Order: mail_sort, guarantor_id, account_number, payment_id, by bytes
SELECT COALESCE(o.mail_sort, m.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, p.guarantor_id, '') AS guarantor_id,
       p.account_number,
       p.payment_id,
       p.posted_on,
       p.method,
       p.amount_cents
FROM patient_payment AS p
LEFT JOIN account_order AS o ON o.account_number = p.account_number
LEFT JOIN mailing_order AS m ON m.guarantor_id = p.guarantor_id
ORDER BY 1, 2, COALESCE(p.account_number, ''), p.payment_id
