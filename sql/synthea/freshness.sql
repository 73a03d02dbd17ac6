-- Purpose: when the files were loaded; a simulation is as fresh as that
-- Parameters: none
-- Grain: one row per feed
-- Order: feed
SELECT 'billing' AS feed, loaded_at FROM synthea_load
UNION ALL
SELECT 'obstetric' AS feed, loaded_at FROM synthea_load
ORDER BY feed
