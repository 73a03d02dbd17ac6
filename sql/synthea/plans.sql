-- Purpose: none; Synthea has no payment plans
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, plan_id, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS plan_id,
       NULL AS status,
       NULL AS opened_on
WHERE 1 = 0
