-- Purpose: installments of the payment plans
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per plan and installment
-- Order: mail_sort, guarantor_id, plan_id, sequence, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.plan_id,
       owned.sequence,
       owned.due_on,
       owned.amount_cents,
       owned.paid_cents
FROM (
    SELECT COALESCE((SELECT min(w.guarantor_id) FROM payment_plan AS w WHERE w.plan_id = i.plan_id), '') AS guarantor_id,
           i.plan_id,
           i.sequence,
           i.due_on,
           i.amount_cents,
           i.paid_cents
    FROM installment AS i
    WHERE i.plan_id IN (SELECT w.plan_id FROM payment_plan AS w WHERE w.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, owned.plan_id, owned.sequence
