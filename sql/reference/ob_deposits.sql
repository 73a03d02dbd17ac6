-- Purpose: what was paid ahead of a delivery
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per deposit
-- Order: mail_sort, guarantor_id, episode_id, deposit_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       d.episode_id,
       d.deposit_id,
       d.posted_on,
       d.amount_cents
FROM ob_deposit AS d
LEFT JOIN episode_order AS o ON o.episode_id = d.episode_id
ORDER BY 1, 2, d.episode_id, d.deposit_id
