-- Purpose: documents that people asked for about a visit, such as an itemized bill
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per request
-- Order: mail_sort, guarantor_id, account_number, request_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.request_id,
       owned.kind,
       owned.asked_on,
       owned.format,
       owned.reviewed_on,
       owned.corrected_items,
       owned.obstacle,
       owned.expected_on
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = r.account_number
                     GROUP BY v.account_number), '') AS guarantor_id,
           r.account_number,
           r.request_id,
           r.kind,
           r.asked_on,
           r.format,
           r.reviewed_on,
           r.corrected_items,
           r.obstacle,
           r.expected_on
    FROM document_request AS r
    WHERE r.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.request_id
