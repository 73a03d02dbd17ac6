-- Purpose: load time of the files, for both feeds
-- Parameters: none
-- Grain: one row per feed
-- Order: feed
SELECT 'billing' AS feed, loaded_at FROM synthea_load
UNION ALL
SELECT 'obstetric' AS feed, loaded_at FROM synthea_load
ORDER BY feed
