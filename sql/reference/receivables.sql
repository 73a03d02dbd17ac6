-- Purpose: what the billing system and the general ledger say is owed, to compare the pull with
-- Parameters: :as_of
-- Grain: one row per ledger and payer class
-- Order: ledger, financial_class
SELECT 'billing_system' AS ledger,
       e.financial_class AS financial_class,
       CAST(COALESCE(sum(posted.cents), 0) AS bigint) AS balance_cents
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
GROUP BY e.financial_class
UNION ALL
SELECT 'general_ledger' AS ledger, g.financial_class AS financial_class, g.balance_cents AS balance_cents
FROM general_ledger AS g
ORDER BY ledger, financial_class
