-- Purpose: every patient as their own guarantor; README.md has the rule for patients under 18
-- Parameters: :as_of (to determine who is under 18), :guarantor_ids
-- Grain: one row per patient
-- Order: mail_sort, guarantor_id, by bytes
SELECT COALESCE(p.zip, '') AS mail_sort,
       p.id AS guarantor_id,
       CASE WHEN p.birth_on > CAST(CAST(substr(CAST(:as_of AS text), 1, 4) AS integer) - 18 AS text) || substr(CAST(:as_of AS text), 5)
            THEN 'Parent or guardian of ' || p.first ELSE p.first END AS first_name,
       p.last AS last_name,
       p.suffix,
       p.address AS address_lines,
       p.city,
       p.state,
       p.zip AS postal_code,
       'US' AS country,
       NULL AS confidential_lines,
       NULL AS confidential_city,
       NULL AS confidential_state,
       NULL AS confidential_postal_code,
       NULL AS confidential_country,
       NULL AS email,
       'en' AS language,
       0 AS large_print,
       'paper' AS delivery,
       NULL AS email_consent_at
FROM synthea_patients AS p
WHERE p.id IN (:guarantor_ids)
ORDER BY 1, 2
