-- Purpose: charges of each encounter
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per charge
-- Order: mail_sort, guarantor_id, account_number, charge_id, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.charge_id,
       owned.service_on,
       owned.posted_on,
       owned.description,
       owned.code,
       owned.revenue_code,
       owned.quantity,
       owned.amount_cents
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = c.account_number
                     GROUP BY v.account_number), '') AS guarantor_id,
           c.account_number,
           c.charge_id,
           c.service_on,
           c.posted_on,
           c.description,
           c.code,
           c.revenue_code,
           c.quantity,
           c.amount_cents
    FROM charge AS c
    WHERE c.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, ''), owned.charge_id
