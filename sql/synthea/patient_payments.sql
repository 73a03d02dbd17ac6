-- Purpose: patients' own payments, without those withheld during the load
-- Parameters: :as_of, :guarantor_ids
-- Grain: one row per payment
-- Order: mail_sort, guarantor_id, account_number, payment_id, by bytes
SELECT COALESCE(a.mail_sort, '') AS mail_sort,
       COALESCE(a.guarantor_id, '') AS guarantor_id,
       t.account_number,
       t.id AS payment_id,
       t.from_on AS posted_on,
       t.method,
       t.payments_cents AS amount_cents
FROM synthea_transactions AS t
LEFT JOIN synthea_accounts AS a ON a.account_number = t.account_number
WHERE t.type = 'PAYMENT' AND t.method IN ('CASH', 'CHECK', 'CC', 'COPAY') AND t.from_on <= :as_of
  AND t.account_number IN (SELECT v.account_number FROM synthea_encounters AS v WHERE v.patient IN (:guarantor_ids))
ORDER BY 1, 2, t.account_number, t.id
