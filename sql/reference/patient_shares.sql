-- Purpose: the insurer's breakdown of the patient's share
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: at most one row per encounter
-- Order: mail_sort, guarantor_id, account_number, by bytes
-- An account listed under two guarantors is assigned to neither until a clerk corrects it.
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.account_number,
       owned.adjudicated_on,
       owned.deductible_cents,
       owned.coinsurance_cents,
       owned.copay_cents,
       owned.noncovered_cents
FROM (
    SELECT COALESCE((SELECT CASE WHEN min(COALESCE(v.guarantor_id, '')) = max(COALESCE(v.guarantor_id, ''))
                                 THEN min(COALESCE(v.guarantor_id, '')) ELSE '' END
                     FROM encounter AS v
                     WHERE v.account_number = s.account_number
                     GROUP BY v.account_number), '') AS guarantor_id,
           s.account_number,
           s.adjudicated_on,
           s.deductible_cents,
           s.coinsurance_cents,
           s.copay_cents,
           s.noncovered_cents
    FROM patient_share AS s
    WHERE s.account_number IN (SELECT v.account_number FROM encounter AS v WHERE v.guarantor_id IN (:guarantor_ids))
) AS owned
WHERE owned.guarantor_id IN (:guarantor_ids)
ORDER BY 1, 2, COALESCE(owned.account_number, '')
