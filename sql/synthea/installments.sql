-- Purpose: none; Synthea has no payment plans
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, plan_id, sequence, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS plan_id,
       NULL AS sequence,
       NULL AS due_on,
       NULL AS amount_cents,
       NULL AS paid_cents
WHERE 1 = 0
