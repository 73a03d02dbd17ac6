-- Purpose: estates of guarantors who have died, with their probate cases
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per estate
-- Order: mail_sort, guarantor_id, estate_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.estate_id,
       owned.patient_id,
       owned.died_on,
       owned.status,
       owned.representative_name,
       owned.attorney_name,
       owned.address_lines,
       owned.city,
       owned.state,
       owned.postal_code,
       owned.country,
       owned.language,
       owned.large_print,
       owned.court_state,
       owned.county,
       owned.court,
       owned.case_number,
       owned.opened_on,
       owned.published_on,
       owned.notice_on,
       owned.last_illness_on,
       owned.claim_filed_on
FROM (
    SELECT COALESCE(e.guarantor_id, '') AS guarantor_id,
           e.estate_id,
           e.patient_id,
           e.died_on,
           e.status,
           e.representative_name,
           e.attorney_name,
           e.address_lines,
           e.city,
           e.state,
           e.postal_code,
           e.country,
           e.language,
           e.large_print,
           e.court_state,
           e.county,
           e.court,
           e.case_number,
           e.opened_on,
           e.published_on,
           e.notice_on,
           e.last_illness_on,
           e.claim_filed_on
    FROM estate AS e
    WHERE e.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.estate_id
