-- Purpose: Medicare bad debts with their Medicare facts, and recoveries on earlier ones
-- Parameters: :as_of
-- Grain: one row per encounter written off, and one per recovery
-- Order: guarantor_id, account_number, recovered_on
SELECT w.guarantor_id,
       w.account_number,
       w.ccn,
       w.component_ccn,
       w.patient_class,
       w.last_name,
       w.first_name,
       w.service_from,
       w.service_to,
       w.mbi,
       w.medicaid_number,
       w.is_qmb,
       w.is_medicare_advantage,
       w.is_indigent,
       w.medicare_remitted_on,
       w.medicaid_remitted_on,
       w.secondary_remitted_on,
       w.beneficiary_cents,
       w.first_billed_on,
       w.last_paid_on,
       w.written_off_on,
       w.placed_on,
       w.returned_on,
       w.ceased_on,
       w.medicare_written_off_on,
       w.deductible_cents,
       w.coinsurance_cents,
       w.paid_cents,
       w.claimed_cents,
       w.recovered_on,
       w.recovered_cents,
       w.recovered_year_ends_on
FROM medicare_bad_debt AS w
WHERE COALESCE(w.recovered_on, w.medicare_written_off_on, w.written_off_on, w.service_to) <= :as_of
ORDER BY w.guarantor_id, w.account_number, w.recovered_on
