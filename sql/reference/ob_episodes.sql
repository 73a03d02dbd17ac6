-- Purpose: pregnancies with an accepted estimate
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per episode
-- Order: mail_sort, guarantor_id, episode_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.episode_id,
       owned.patient_id,
       owned.status,
       owned.expected_delivery_on,
       owned.estimate_cents,
       owned.estimate_on,
       owned.estimated_delivery_on,
       owned.benefits_verified_on,
       owned.estimate_basis,
       owned.financial_class,
       owned.insurance_name,
       owned.insurance_changed_on,
       owned.plan_year_ends_on,
       owned.good_faith_estimate_id,
       owned.notices_sent,
       owned.last_notice_on
FROM (
    SELECT COALESCE(e.guarantor_id, '') AS guarantor_id,
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
    WHERE e.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.episode_id
