-- Purpose: authorizations of employees to pay a plan from wages, asked for, signed, revoked or ended
-- Parameters: :guarantor_ids (the extract is as of its load date)
-- Grain: one row per authorization
-- Order: mail_sort, guarantor_id, authorization_id, by bytes
SELECT COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '') AS mail_sort,
       owned.guarantor_id,
       owned.authorization_id,
       owned.plan_id,
       owned.employee_id,
       owned.status,
       owned.asked_on,
       owned.total_cents,
       owned.per_pay_cents,
       owned.pay_count,
       owned.frequency,
       owned.first_pay_on,
       owned.last_pay_on,
       owned.work_state,
       owned.signed_on,
       owned.hospital_signed_on,
       owned.ended_on
FROM (
    SELECT COALESCE(d.guarantor_id, '') AS guarantor_id,
           d.authorization_id,
           d.plan_id,
           d.employee_id,
           d.status,
           d.asked_on,
           d.total_cents,
           d.per_pay_cents,
           d.pay_count,
           d.frequency,
           d.first_pay_on,
           d.last_pay_on,
           d.work_state,
           d.signed_on,
           d.hospital_signed_on,
           d.ended_on
    FROM payroll_deduction AS d
    WHERE d.guarantor_id IN (:guarantor_ids)
) AS owned
ORDER BY 1, 2, owned.authorization_id
