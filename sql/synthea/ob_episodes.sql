-- Purpose: none; Synthea has no pre-delivery estimates
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, episode_id, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS episode_id,
       NULL AS patient_id,
       NULL AS status,
       NULL AS expected_delivery_on,
       NULL AS estimate_cents,
       NULL AS estimate_on,
       NULL AS estimated_delivery_on,
       NULL AS benefits_verified_on,
       NULL AS estimate_basis,
       NULL AS financial_class,
       NULL AS insurance_name,
       NULL AS insurance_changed_on,
       NULL AS plan_year_ends_on,
       NULL AS good_faith_estimate_id,
       NULL AS notices_sent,
       NULL AS last_notice_on
WHERE 1 = 0
