-- Purpose: deposits paid before a delivery
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per deposit
-- Order: mail_sort, guarantor_id, episode_id, deposit_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.episode_id,
       owned.deposit_id,
       owned.posted_on,
       owned.amount_cents
FROM (
    SELECT COALESCE((SELECT min(w.guarantor_id) FROM ob_episode AS w WHERE w.episode_id = d.episode_id), '') AS guarantor_id,
           d.episode_id,
           d.deposit_id,
           d.posted_on,
           d.amount_cents
    FROM ob_deposit AS d
    WHERE d.episode_id IN (SELECT w.episode_id FROM ob_episode AS w WHERE w.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, owned.episode_id, owned.deposit_id
