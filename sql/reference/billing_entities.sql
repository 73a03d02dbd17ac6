-- Purpose: who bills for visits besides the hospital, such as groups of physicians
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per guarantor and billing entity that the guarantor has visits of
-- Order: mail_sort, guarantor_id, entity_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.entity_id,
       owned.kind,
       owned.name,
       owned.tax_id,
       owned.phone,
       owned.hospital_collects,
       owned.in_assistance_policy
FROM (
    SELECT DISTINCT
        COALESCE(e.guarantor_id, '') AS guarantor_id,
        b.entity_id,
        b.kind,
        b.name,
        b.tax_id,
        b.phone,
        b.hospital_collects,
        b.in_assistance_policy
    FROM billing_entity AS b
    JOIN encounter AS e ON e.billing_entity_id = b.entity_id
    WHERE e.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.entity_id
