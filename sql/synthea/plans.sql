-- Purpose: none; Synthea has no payment plans
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, plan_id, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS plan_id,
       NULL AS status,
       NULL AS opened_on,
       NULL AS terms_on,
       NULL AS method,
       NULL AS down_payment_cents,
       NULL AS finance_charge_cents,
       NULL AS apr_basis_points,
       NULL AS signed_on
WHERE 1 = 0
