-- Purpose: visits and stays up to the as-of date
-- Parameters: :as_of, :guarantor_ids
-- Grain: one row per encounter
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT COALESCE(a.mail_sort, '') AS mail_sort,
       e.patient AS guarantor_id,
       e.account_number,
       e.patient AS patient_id,
       e.start_on AS service_from,
       e.stop_on AS service_to,
       COALESCE(o.name, '') AS facility_name,
       e.description,
       CASE WHEN e.encounterclass IN ('inpatient', 'snf', 'hospice') THEN 'inpatient'
            WHEN e.encounterclass = 'emergency' THEN 'emergency'
            ELSE 'outpatient' END AS patient_class,
       CASE WHEN COALESCE(y.name, 'NO_INSURANCE') = 'NO_INSURANCE' THEN 'self_pay'
            WHEN y.name = 'Medicare' THEN 'medicare'
            WHEN y.name = 'Medicaid' THEN 'medicaid'
            WHEN y.name = 'Dual Eligible' THEN 'qmb'
            ELSE 'commercial' END AS financial_class,
       CASE WHEN COALESCE(y.name, 'NO_INSURANCE') = 'NO_INSURANCE' THEN 'none'
            WHEN EXISTS (SELECT 1 FROM synthea_claims AS c WHERE c.appointment = e.id AND c.status1 = 'BILLED')
            THEN 'pending'
            ELSE 'adjudicated' END AS insurance_status,
       CASE WHEN y.name = 'NO_INSURANCE' THEN NULL ELSE y.name END AS insurance_name,
       0 AS insurance_pending_cents,
       1 AS final_billed,
       0 AS sensitive,
       NULL AS plan_id,
       NULL AS good_faith_estimate_cents
FROM synthea_encounters AS e
LEFT JOIN synthea_accounts AS a ON a.encounter = e.id
LEFT JOIN synthea_organizations AS o ON o.id = e.organization
LEFT JOIN synthea_payers AS y ON y.id = e.payer
WHERE e.start_on <= :as_of
  AND e.patient IN (:guarantor_ids)
ORDER BY 1, 2, e.account_number
