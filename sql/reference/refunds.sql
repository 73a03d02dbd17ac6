-- Purpose: refunds of the refund queue: of one visit, or of what is left of the deposits of one pregnancy
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per refund
-- Order: mail_sort, guarantor_id, account_number, refund_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.refund_id,
       owned.episode_id,
       owned.amount_cents,
       owned.reason,
       owned.status,
       owned.approved_on,
       owned.approved_by,
       owned.method,
       owned.send_on,
       owned.sent_on,
       owned.check_number,
       owned.balances_reviewed
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = r.account_number
                     GROUP BY v.account_number), r.guarantor_id, '') AS guarantor_id,
           r.account_number,
           r.refund_id,
           r.episode_id,
           r.amount_cents,
           r.reason,
           r.status,
           r.approved_on,
           r.approved_by,
           r.method,
           r.send_on,
           r.sent_on,
           r.check_number,
           r.balances_reviewed
    FROM refund AS r
    WHERE (r.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids)) OR r.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.refund_id
