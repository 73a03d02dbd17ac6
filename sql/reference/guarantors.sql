-- Purpose: who pays, where their mail goes, and how they read it
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per guarantor
-- Order: mail_sort, guarantor_id, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(g.guarantor_id, '') AS guarantor_id,
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
       g.email_consent_at
FROM guarantor AS g
LEFT JOIN mailing_order AS o ON o.guarantor_id = g.guarantor_id
ORDER BY 1, 2
