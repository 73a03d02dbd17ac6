-- Purpose: guarantors with mailing addresses and delivery preferences
-- Parameters: none (the extract is as of its load date)
-- Grain: one row per guarantor
-- Order: mail_sort, guarantor_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.first_name,
       owned.last_name,
       owned.suffix,
       owned.address_lines,
       owned.city,
       owned.state,
       owned.postal_code,
       owned.country,
       owned.confidential_lines,
       owned.confidential_city,
       owned.confidential_state,
       owned.confidential_postal_code,
       owned.confidential_country,
       owned.email,
       owned.language,
       owned.large_print,
       owned.delivery,
       owned.email_consent_at,
       owned.email_secret,
       owned.birth_on
FROM (
    SELECT COALESCE(g.guarantor_id, '') AS guarantor_id,
           g.first_name,
           g.last_name,
           g.suffix,
           g.address_lines,
           g.city,
           g.state,
           g.postal_code,
           g.country,
           g.confidential_lines,
           g.confidential_city,
           g.confidential_state,
           g.confidential_postal_code,
           g.confidential_country,
           g.email,
           g.language,
           g.large_print,
           g.delivery,
           g.email_consent_at,
           g.email_secret,
           g.birth_on
    FROM guarantor AS g
) AS owned
ORDER BY 1, 2
