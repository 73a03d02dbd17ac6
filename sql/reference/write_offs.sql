-- Purpose: accounts written off to charity care or bad debt, of every payer
-- Parameters: :as_of
-- Grain: one row per encounter
-- Order: guarantor_id, account_number
SELECT w.guarantor_id,
       w.account_number,
       w.ccn,
       w.component_ccn,
       w.patient_class,
       w.last_name,
       w.first_name,
       w.service_from,
       w.service_to,
       w.insurance_status,
       w.is_insured,
       w.primary_payer,
       w.secondary_payer,
       w.charges_cents,
       w.professional_cents,
       w.patient_share_cents,
       w.insurer_paid_cents,
       w.contractual_cents,
       w.other_nonallowable_cents,
       w.patient_paid_cents,
       w.uninsured_discount_cents,
       w.noncovered_charity_cents,
       w.other_charity_cents,
       w.charity_cents,
       w.charity_on,
       w.bad_debt_cents,
       w.bad_debt_on
FROM write_off AS w
WHERE COALESCE(w.bad_debt_on, w.charity_on) <= :as_of
ORDER BY w.guarantor_id, w.account_number
