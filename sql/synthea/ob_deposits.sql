-- Purpose: none; Synthea has no pre-delivery estimates
-- Parameters: none
-- Grain: no rows
-- Order: mail_sort, guarantor_id, episode_id, deposit_id, by bytes
SELECT '' AS mail_sort,
       '' AS guarantor_id,
       NULL AS episode_id,
       NULL AS deposit_id,
       NULL AS posted_on,
       NULL AS amount_cents
WHERE 1 = 0
