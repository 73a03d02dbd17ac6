"""Codes of obstetric notices: what people put on file, and the stop events that the rules find (domain rules, 6)."""

from __future__ import annotations

from statement_builder.policy.hold_code import HoldCode, Scope, hold_code

OB = Scope.OBSTETRIC

OBSTETRIC_ON_FILE: tuple[HoldCode, ...] = (
    hold_code(
        "LOSS",
        OB,
        True,
        "Pregnancy loss",
        "Nothing about this pregnancy may ever be sent again.",
        "Refund the deposits by hand, with a letter that a person writes. Leave the hold on for good.",
    ),
    hold_code(
        "OB_OPTOUT",
        OB,
        True,
        "Asked for no pregnancy notices",
        "The patient does not want these notices.",
        "Remove the hold only when the patient asks for them again.",
    ),
    hold_code(
        "SURROGACY",
        OB,
        True,
        "Adoption or surrogacy payer",
        "Another person or an agency pays for this birth.",
        "Make the arrangement with that payer by hand.",
    ),
)

OBSTETRIC_BY_RULE: tuple[HoldCode, ...] = (
    hold_code(
        "OB_DELIVERED",
        OB,
        True,
        "Baby has been born",
        "Notices end with the birth. Ordinary billing follows.",
        "Nothing. Apply the deposits when insurance has paid.",
    ),
    hold_code(
        "OB_TRANSFERRED", OB, True, "Care was transferred", "The birth is planned elsewhere.", "Refund the deposits."
    ),
    hold_code(
        "OB_CANCELLED",
        OB,
        True,
        "Pregnancy record closed",
        "The record was cancelled.",
        "Check for deposits to refund.",
    ),
    hold_code(
        "OB_EDD_MOVED",
        OB,
        True,
        "Due date moved",
        "The due date has moved by more than the limit since the estimate was made.",
        "Make a new estimate with the new due date.",
    ),
    hold_code(
        "OB_INS_CHANGED",
        OB,
        True,
        "Insurance changed",
        "Insurance changed on or after the day of the estimate.",
        "Check the benefits and make a new estimate.",
    ),
    hold_code(
        "OB_PLAN_YEAR",
        OB,
        True,
        "New insurance year",
        "The insurance year has ended since the estimate, so deductibles start over.",
        "Check the benefits and make a new estimate.",
    ),
    hold_code(
        "OB_NO_GFE",
        OB,
        True,
        "Good faith estimate missing",
        "A person without insurance must first get a good faith estimate (45 CFR 149.610).",
        "Make the estimate and enter its number.",
    ),
    hold_code(
        "OB_EXCLUDED", OB, True, "Not asked to pay ahead", "This coverage has no share to pay ahead.", "Nothing."
    ),
    hold_code(
        "OB_MINOR",
        OB,
        True,
        "Patient is a minor",
        "Mail about the pregnancy of a minor could reach a parent against her will.",
        "Ask the privacy office. Handle it by hand.",
    ),
    hold_code(
        "OB_EARLY",
        OB,
        True,
        "Estimate is only days old",
        "The first notice waits some days after the estimate.",
        "Nothing. It goes out after the date shown.",
    ),
    hold_code(
        "OB_AHEAD",
        OB,
        True,
        "Paid ahead",
        "Nothing on the schedule falls due within a month.",
        "Nothing. The next notice goes out after the date shown.",
    ),
    hold_code("OB_PAID", OB, True, "Estimate fully paid", "The whole estimate has been paid.", "Nothing."),
    hold_code(
        "OB_LATE",
        OB,
        True,
        "Late start, one notice only",
        "Late in a pregnancy only one notice is sent, and it has been sent.",
        "Nothing. Ordinary billing follows the birth.",
    ),
    hold_code(
        "OB_STALE",
        OB,
        True,
        "Pregnancy data too old",
        "The feed of pregnancy data is older than the limit, so nothing may be sent.",
        "Have the feed loaded again.",
    ),
    hold_code(
        "OB_TWO",
        OB,
        True,
        "Two active pregnancies",
        "More than one active pregnancy is on file for this guarantor.",
        "Close the record that is wrong. Handle two real ones by hand.",
    ),
    hold_code(
        "OB_OVERDUE",
        OB,
        True,
        "No birth on file after the due date",
        "The due date is long past and no birth or other outcome is on file.",
        "Ask the clinic what happened and update the record.",
    ),
    hold_code(
        "OB_NO_EDD",
        OB,
        True,
        "Due date missing",
        "There is no due date on file, so no schedule can be made.",
        "Ask the clinic for the due date.",
    ),
    hold_code(
        "OB_NO_PATIENT",
        OB,
        True,
        "Patient not on file",
        "The pregnancy names a patient who is not on this guarantor.",
        "Correct the patient number of the pregnancy.",
    ),
    hold_code(
        "OB_NO_ESTIMATE",
        OB,
        True,
        "Estimate is not valid",
        "The estimate is below zero.",
        "Make the estimate again.",
    ),
)
