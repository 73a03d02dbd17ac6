-- Purpose: insurance payments (PAYMENT rows not paid by the patient) and the adjustments of all rows
-- Parameters: :as_of, :guarantor_ids
-- Grain: one row per payment or adjustment
-- Order: mail_sort, guarantor_id, account_number, transaction_id, by bytes
SELECT COALESCE(a.mail_sort, '') AS mail_sort,
       COALESCE(a.guarantor_id, '') AS guarantor_id,
       t.account_number,
       t.id AS transaction_id,
       t.from_on AS posted_on,
       CASE WHEN t.method = 'ECHECK' THEN 'payment' ELSE 'other' END AS kind,
       CASE WHEN COALESCE(c.secondary_payer, '') = '' THEN y.name ELSE NULL END AS payer,
       t.payments_cents AS amount_cents
FROM synthea_transactions AS t
LEFT JOIN synthea_accounts AS a ON a.account_number = t.account_number
LEFT JOIN synthea_claims AS c ON c.id = t.claim
LEFT JOIN synthea_encounters AS e ON e.account_number = t.account_number
LEFT JOIN synthea_payers AS y ON y.id = e.payer
WHERE t.type = 'PAYMENT' AND t.method NOT IN ('CASH', 'CHECK', 'CC', 'COPAY') AND t.from_on <= :as_of
  AND t.account_number IN (SELECT v.account_number FROM synthea_encounters AS v WHERE v.patient IN (:guarantor_ids))
UNION ALL
SELECT COALESCE(a.mail_sort, ''),
       COALESCE(a.guarantor_id, ''),
       t.account_number,
       t.id || '-ADJ',
       t.from_on,
       'contractual',
       NULL,
       t.adjustments_cents
FROM synthea_transactions AS t
LEFT JOIN synthea_accounts AS a ON a.account_number = t.account_number
WHERE t.adjustments_cents <> 0 AND t.from_on <= :as_of
  AND t.account_number IN (SELECT v.account_number FROM synthea_encounters AS v WHERE v.patient IN (:guarantor_ids))
ORDER BY 1, 2, 3, 4
