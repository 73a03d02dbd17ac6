-- Purpose: payment plans
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per plan
-- Order: mail_sort, guarantor_id, plan_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.plan_id,
       owned.status,
       owned.opened_on,
       owned.terms_on,
       owned.method,
       owned.down_payment_cents,
       owned.finance_charge_cents,
       owned.apr_basis_points,
       owned.signed_on
FROM (
    SELECT COALESCE(p.guarantor_id, '') AS guarantor_id,
           p.plan_id,
           p.status,
           p.opened_on,
           p.terms_on,
           p.method,
           p.down_payment_cents,
           p.finance_charge_cents,
           p.apr_basis_points,
           p.signed_on
    FROM payment_plan AS p
    WHERE p.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.plan_id
