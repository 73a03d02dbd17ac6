-- Purpose: CHARGE rows up to the as-of date; only these raise a balance
-- Parameters: :as_of, :guarantor_ids
-- Grain: one row per charge
-- Order: mail_sort, guarantor_id, account_number, charge_id, by bytes
SELECT COALESCE(a.mail_sort, '') AS mail_sort,
       COALESCE(a.guarantor_id, '') AS guarantor_id,
       t.account_number,
       t.id AS charge_id,
       t.from_on AS service_on,
       t.from_on AS posted_on,
       t.notes AS description,
       t.procedure_code AS code,
       t.units AS quantity,
       t.amount_cents
FROM synthea_transactions AS t
LEFT JOIN synthea_accounts AS a ON a.account_number = t.account_number
WHERE t.type = 'CHARGE' AND t.from_on <= :as_of
  AND t.account_number IN (SELECT v.account_number FROM synthea_encounters AS v WHERE v.patient IN (:guarantor_ids))
ORDER BY 1, 2, t.account_number, t.id
