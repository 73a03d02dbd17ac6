-- Purpose: last load time of the feeds `billing` and `obstetric`
-- Parameters: none
-- Grain: one row per feed
-- Order: feed
SELECT feed, loaded_at
FROM feed
ORDER BY feed
