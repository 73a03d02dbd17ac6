-- Purpose: the instalments of the payment plans
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per plan and instalment
-- Order: mail_sort, guarantor_id, plan_id, sequence, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       i.plan_id,
       i.sequence,
       i.due_on,
       i.amount_cents,
       i.paid_cents
FROM installment AS i
LEFT JOIN plan_order AS o ON o.plan_id = i.plan_id
ORDER BY 1, 2, i.plan_id, i.sequence
