-- Purpose: a hold on every patient who has died by the as-of date; Synthea has no estate to bill
-- Parameters: :as_of, :guarantor_ids
-- Grain: one row per deceased patient
-- Order: mail_sort, guarantor_id, account_number, hold_id, by bytes
SELECT COALESCE(p.zip, '') AS mail_sort,
       p.id AS guarantor_id,
       NULL AS account_number,
       'D-' || p.id AS hold_id,
       'DECEASED' AS code,
       p.death_on AS placed_on,
       NULL AS episode_id,
       NULL AS expires_on
FROM synthea_patients AS p
WHERE p.death_on <> '' AND p.death_on <= :as_of
  AND p.id IN (:guarantor_ids)
ORDER BY 1, 2, 4
