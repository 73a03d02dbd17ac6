-- Purpose: patient and guarantor payments; NULL account_number means not yet applied to an encounter
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per payment
-- Order: mail_sort, guarantor_id, account_number, payment_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.payment_id,
       owned.posted_on,
       owned.method,
       owned.amount_cents
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = p.account_number
                     GROUP BY v.account_number), p.guarantor_id, '') AS guarantor_id,
           p.account_number,
           p.payment_id,
           p.posted_on,
           p.method,
           p.amount_cents
    FROM patient_payment AS p
    WHERE (p.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids)) OR p.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.payment_id
