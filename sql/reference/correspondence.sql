-- Purpose: mail that an earlier system sent for each encounter
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: at most one row per encounter
-- Order: mail_sort, guarantor_id, account_number, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.first_statement_on,
       owned.statements_sent,
       owned.last_level,
       owned.last_mailed_on
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = c.account_number
                     GROUP BY v.account_number), '') AS guarantor_id,
           c.account_number,
           c.first_statement_on,
           c.statements_sent,
           c.last_level,
           c.last_mailed_on
    FROM correspondence AS c
    WHERE c.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, '')
