-- Purpose: recorded reasons not to mail; NULL account_number and episode_id mean the whole guarantor
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per hold
-- Order: mail_sort, guarantor_id, account_number, hold_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.hold_id,
       owned.code,
       owned.placed_on,
       owned.episode_id,
       owned.expires_on
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = h.account_number
                     GROUP BY v.account_number), h.guarantor_id, '') AS guarantor_id,
           h.account_number,
           h.hold_id,
           h.code,
           h.placed_on,
           h.episode_id,
           h.expires_on
    FROM hold AS h
    WHERE (h.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids)) OR h.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.hold_id
