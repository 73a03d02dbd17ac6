-- Purpose: who gets a part of a guarantor's mail instead: a confidential address or an attorney
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per contact
-- Order: mail_sort, guarantor_id, contact_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.contact_id,
       owned.kind,
       owned.patient_id,
       owned.name,
       owned.address_lines,
       owned.city,
       owned.state,
       owned.postal_code,
       owned.country,
       owned.email,
       owned.language,
       owned.large_print,
       owned.delivery,
       owned.email_consent_at,
       owned.email_consent_terms,
       owned.email_consent_source,
       owned.email_consent_withdrawn_on
FROM (
    SELECT COALESCE(c.guarantor_id, '') AS guarantor_id,
           c.account_number,
           c.contact_id,
           c.kind,
           c.patient_id,
           c.name,
           c.address_lines,
           c.city,
           c.state,
           c.postal_code,
           c.country,
           c.email,
           c.language,
           c.large_print,
           c.delivery,
           c.email_consent_at,
           c.email_consent_terms,
           c.email_consent_source,
           c.email_consent_withdrawn_on
    FROM contact AS c
    WHERE c.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.contact_id
