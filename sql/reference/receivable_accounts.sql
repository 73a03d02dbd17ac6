-- Purpose: the billing system's own balance of each account, to explain a difference
-- Parameters: :as_of
-- Grain: one row per encounter
-- Order: guarantor_id, account_number
SELECT COALESCE(e.guarantor_id, '') AS guarantor_id,
       e.account_number,
       e.financial_class,
       CAST(COALESCE(posted.cents, 0) AS bigint) AS balance_cents
FROM encounter AS e
LEFT JOIN (
    SELECT account_number, sum(amount_cents) AS cents
    FROM (
        SELECT account_number, amount_cents FROM charge WHERE posted_on <= :as_of
        UNION ALL
        SELECT account_number, -amount_cents FROM insurance_transaction WHERE posted_on <= :as_of
        UNION ALL
        SELECT account_number, -amount_cents FROM patient_payment WHERE posted_on <= :as_of
    ) AS posting
    GROUP BY account_number
) AS posted ON posted.account_number = e.account_number
ORDER BY 1, 2
