-- Purpose: row count of each result set; result sets without Synthea data are omitted
-- Parameters: :as_of
-- Grain: one row per result set
-- Order: result_set
SELECT 'guarantors' AS result_set, count(*) AS row_count FROM synthea_patients
UNION ALL
SELECT 'patients' AS result_set, count(*) AS row_count FROM synthea_patients
UNION ALL
SELECT 'encounters' AS result_set, count(*) AS row_count FROM synthea_encounters AS e
WHERE e.start_on <= :as_of
UNION ALL
SELECT 'charges' AS result_set, count(*) AS row_count FROM synthea_transactions AS t
WHERE t.type = 'CHARGE' AND t.from_on <= :as_of
UNION ALL
SELECT 'patient_payments' AS result_set, count(*) AS row_count FROM synthea_transactions AS t
WHERE t.type = 'PAYMENT' AND t.method IN ('CASH', 'CHECK', 'CC', 'COPAY') AND t.from_on <= :as_of
UNION ALL
SELECT 'holds' AS result_set, count(*) AS row_count FROM synthea_patients AS p
WHERE p.death_on <> '' AND p.death_on <= :as_of
UNION ALL
SELECT 'insurance_transactions' AS result_set, COALESCE(sum(CASE WHEN t.type = 'PAYMENT' AND t.method NOT IN ('CASH', 'CHECK', 'CC', 'COPAY') THEN 1 ELSE 0 END
    + CASE WHEN t.adjustments_cents <> 0 THEN 1 ELSE 0 END), 0) AS row_count FROM synthea_transactions AS t
WHERE t.from_on <= :as_of
ORDER BY result_set
