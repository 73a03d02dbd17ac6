-- Purpose: payment plans
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per plan
-- Order: mail_sort, guarantor_id, plan_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(p.guarantor_id, '') AS guarantor_id,
       p.plan_id,
       p.status,
       p.opened_on
FROM payment_plan AS p
LEFT JOIN mailing_order AS o ON o.guarantor_id = p.guarantor_id
ORDER BY 1, 2, p.plan_id
