-- Purpose: insurance payments and all adjustments
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per transaction
-- Order: mail_sort, guarantor_id, account_number, transaction_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.transaction_id,
       owned.posted_on,
       owned.kind,
       owned.payer,
       owned.amount_cents
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = t.account_number
                     GROUP BY v.account_number), '') AS guarantor_id,
           t.account_number,
           t.transaction_id,
           t.posted_on,
           t.kind,
           t.payer,
           t.amount_cents
    FROM insurance_transaction AS t
    WHERE t.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.transaction_id
