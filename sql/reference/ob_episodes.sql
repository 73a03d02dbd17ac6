-- Purpose: pregnancies with an accepted estimate
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per episode
-- Order: mail_sort, guarantor_id, episode_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(e.guarantor_id, '') AS guarantor_id,
       e.episode_id,
       e.patient_id,
       e.status,
       e.expected_delivery_on,
       e.estimate_cents,
       e.estimate_on,
       e.estimated_delivery_on,
       e.benefits_verified_on,
       e.estimate_basis,
       e.financial_class,
       e.insurance_name,
       e.insurance_changed_on,
       e.plan_year_ends_on,
       e.good_faith_estimate_id,
       e.notices_sent,
       e.last_notice_on
FROM ob_episode AS e
LEFT JOIN mailing_order AS o ON o.guarantor_id = e.guarantor_id
ORDER BY 1, 2, e.episode_id
