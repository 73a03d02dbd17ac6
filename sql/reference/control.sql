-- Purpose: row count of each result set; the pull compares them, so that no join drops rows
-- Parameters: none
-- Grain: one row per result set
-- Order: result_set
SELECT 'guarantors' AS result_set, count(*) AS row_count FROM guarantor
UNION ALL
SELECT 'patients' AS result_set, count(*) AS row_count FROM patient
UNION ALL
SELECT 'coverages' AS result_set, count(*) AS row_count FROM coverage
UNION ALL
SELECT 'contacts' AS result_set, count(*) AS row_count FROM contact
UNION ALL
SELECT 'encounters' AS result_set, count(*) AS row_count FROM encounter
UNION ALL
SELECT 'billing_entities' AS result_set, count(*) AS row_count
FROM (
    SELECT DISTINCT
        COALESCE(e.guarantor_id, '') AS guarantor_id,
        b.entity_id
    FROM billing_entity AS b
    JOIN encounter AS e ON e.billing_entity_id = b.entity_id
) AS named
UNION ALL
SELECT 'charges' AS result_set, count(*) AS row_count FROM charge
UNION ALL
SELECT 'insurance_transactions' AS result_set, count(*) AS row_count FROM insurance_transaction
UNION ALL
SELECT 'patient_payments' AS result_set, count(*) AS row_count FROM patient_payment
UNION ALL
SELECT 'patient_shares' AS result_set, count(*) AS row_count FROM patient_share
UNION ALL
SELECT 'correspondence' AS result_set, count(*) AS row_count FROM correspondence
UNION ALL
SELECT 'plans' AS result_set, count(*) AS row_count FROM payment_plan
UNION ALL
SELECT 'installments' AS result_set, count(*) AS row_count FROM installment
UNION ALL
SELECT 'deductions' AS result_set, count(*) AS row_count FROM payroll_deduction
UNION ALL
SELECT 'holds' AS result_set, count(*) AS row_count FROM hold
UNION ALL
SELECT 'assistance' AS result_set, count(*) AS row_count FROM assistance
UNION ALL
SELECT 'requests' AS result_set, count(*) AS row_count FROM document_request
UNION ALL
SELECT 'estates' AS result_set, count(*) AS row_count FROM estate
UNION ALL
SELECT 'ob_episodes' AS result_set, count(*) AS row_count FROM ob_episode
UNION ALL
SELECT 'ob_deposits' AS result_set, count(*) AS row_count FROM ob_deposit
UNION ALL
SELECT 'refunds' AS result_set, count(*) AS row_count FROM refund
ORDER BY result_set
