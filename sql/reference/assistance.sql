-- Purpose: oral efforts about financial assistance, and applications for it; NULL account_number means all visits
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per effort or application
-- Order: mail_sort, guarantor_id, account_number, assistance_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.assistance_id,
       owned.kind,
       owned.occurred_on,
       owned.status,
       owned.missing_items,
       owned.respond_by,
       owned.decided_on,
       owned.basis,
       owned.discount_percent,
       owned.valid_until,
       owned.notified_on
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = s.account_number
                     GROUP BY v.account_number), s.guarantor_id, '') AS guarantor_id,
           s.account_number,
           s.assistance_id,
           s.kind,
           s.occurred_on,
           s.status,
           s.missing_items,
           s.respond_by,
           s.decided_on,
           s.basis,
           s.discount_percent,
           s.valid_until,
           s.notified_on
    FROM assistance AS s
    WHERE (s.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids)) OR s.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.assistance_id
