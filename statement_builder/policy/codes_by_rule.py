"""Codes that the rules of this package find for themselves. The hospital may put them on file as well."""

from __future__ import annotations

from statement_builder.policy.hold_code import HoldCode, Scope, hold_code

G, E, L = Scope.GUARANTOR, Scope.ENCOUNTER, Scope.LETTERS

BALANCE: tuple[HoldCode, ...] = (
    hold_code(
        "NO_ENCOUNTERS",
        G,
        False,
        "No visits on file",
        "There is nothing to bill.",
        "Close the guarantor, or find out why the visits are missing.",
    ),
    hold_code(
        "MINBAL",
        G,
        False,
        "Below the minimum",
        "The amount is too small to be worth a bill.",
        "Nothing. It is mailed when more is owed, or write it off.",
    ),
    hold_code("ZERO", E, False, "Nothing owed", "The balance of this visit is zero.", "Nothing."),
    hold_code(
        "CREDIT",
        E,
        False,
        "Credit balance",
        "More has been paid than was owed, so a refund may be due.",
        "Work the credit: find who overpaid and refund them.",
    ),
    hold_code(
        "PMT_TODAY",
        G,
        False,
        "Payment posted today",
        "A payment or adjustment came in today and the bill would be out of date.",
        "Nothing. It is looked at again in the next run.",
    ),
    hold_code(
        "UNDIST",
        G,
        False,
        "Payment not applied yet",
        "There is money from this person that is on no visit yet.",
        "Apply the payment to a visit.",
    ),
    hold_code(
        "INS_PEND",
        E,
        False,
        "Waiting for insurance",
        "Insurance has not decided on all of it, so the patient's share is not known.",
        "Follow up with the insurer.",
    ),
    hold_code(
        "NOT_FINAL",
        E,
        False,
        "Charges not final",
        "Charges may still be added or corrected.",
        "Finish the charges and mark the visit final.",
    ),
    hold_code(
        "GFE400",
        E,
        False,
        "Well above the estimate",
        "The charges are $400 or more above the good faith estimate (45 CFR 149.620).",
        "A supervisor reviews the charges, and the patient is told of the right to dispute.",
    ),
    hold_code(
        "HOLD_NO_ACCOUNT",
        G,
        True,
        "Hold names an unknown account",
        "A hold on file names an account that is not on this guarantor, so it may belong to another visit.",
        "Correct the account number of the hold, or remove the hold.",
    ),
    hold_code(
        "UNKNOWN_HOLD",
        G,
        True,
        "Unknown hold code",
        "A hold is on file with a code that this service does not know, so everything waits.",
        "Change the hold to a code of the list, or remove it.",
    ),
    hold_code(
        "BADDATA",
        G,
        True,
        "Data on file is wrong",
        "The latest data of this guarantor has errors, so it cannot be checked again before mailing.",
        "Run the source check, mend the rows that it names, then re-run.",
    ),
)

TIMING: tuple[HoldCode, ...] = (
    hold_code(
        "MINDAYS",
        G,
        False,
        "Mailed too recently",
        "The last mailing of this kind was only a few days ago.",
        "Nothing. It goes out after the date shown.",
    ),
    hold_code(
        "DUPRUN",
        G,
        True,
        "In another open batch",
        "Another batch that is not finished has a document for this person.",
        "Finish or void the other batch first.",
    ),
    hold_code(
        "LADDER",
        E,
        False,
        "Letters have taken over",
        "All statements on this visit have been mailed. Letters follow.",
        "Nothing. See the dunning batch.",
    ),
    hold_code(
        "STMT_FIRST",
        E,
        False,
        "Statements come first",
        "A letter may only follow the statements, and they have not all been mailed.",
        "Nothing. See the statement batch.",
    ),
    hold_code(
        "LADDER_WAIT",
        E,
        False,
        "Next letter not due yet",
        "The next letter has a waiting time.",
        "Nothing. It goes out after the date shown.",
    ),
    hold_code(
        "LOWER_LEVEL",
        E,
        False,
        "Waits for a more urgent letter",
        "One letter goes out at a time, and another visit is further along.",
        "Nothing. This visit has its turn in a later run.",
    ),
    hold_code(
        "LADDER_DONE",
        E,
        False,
        "Final notice is out",
        "The final notice has been mailed and its time to answer is running.",
        "Nothing. See the date shown.",
    ),
    hold_code(
        "PLACEMENT_DUE",
        E,
        False,
        "All letters sent",
        "The time of the final notice is over and no more letters follow.",
        "Review the account for placement.",
    ),
    hold_code(
        "PMT_PAUSE",
        E,
        False,
        "Paid a good part lately",
        "The person has just paid a good part of this visit, so letters pause.",
        "Nothing. It is looked at again after the date shown.",
    ),
)

PLANS: tuple[HoldCode, ...] = (
    hold_code(
        "PLAN_OK",
        L,
        False,
        "On a payment plan",
        "The plan is paid as agreed, so no letters.",
        "Nothing. Monthly plan statements go out.",
    ),
    hold_code(
        "PLAN_LATE",
        L,
        False,
        "Plan payment missed",
        "A plan payment is late, but the plan still stands.",
        "Call about the missed payment. Letters start if the plan lapses or is marked defaulted.",
    ),
    hold_code(
        "PLAN_PAID",
        G,
        False,
        "Plan paid for this month",
        "Nothing on the plan falls due within a month.",
        "Nothing. The next plan statement goes out after the date shown.",
    ),
    hold_code(
        "PLAN_PART",
        E,
        False,
        "Plan cannot be billed in part",
        "Another visit on the same plan is held, so the plan's amount may be wrong.",
        "Clear the other visit's hold.",
    ),
    hold_code(
        "PLAN_OVER",
        E,
        False,
        "Plan asks for more than is owed",
        "The plan's amount due is more than the balance of its visits.",
        "Correct the plan or the payments on it.",
    ),
    hold_code(
        "PLAN_UNKNOWN",
        E,
        False,
        "Plan not found",
        "The visit names a payment plan that is not on file.",
        "Add the plan, or take its number off the visit.",
    ),
)

ADDRESS: tuple[HoldCode, ...] = (
    hold_code(
        "BADADDR",
        G,
        True,
        "Address not complete",
        "The street, city or state is missing or wrong.",
        "Correct the address.",
    ),
    hold_code(
        "NOZIP", G, True, "ZIP code missing", "There is no valid ZIP code.", "Look up the ZIP code and enter it."
    ),
    hold_code(
        "CONF_NOADDR",
        G,
        True,
        "Confidential address missing",
        "The person asked for a confidential address, but none is on file.",
        "Enter the confidential address. Never use the ordinary one.",
    ),
    hold_code(
        "NOMAIL_PAPER",
        G,
        True,
        "Wants no paper, but paper is needed",
        "The person wants e-mail only, and this cannot go by e-mail (no consent, no address, or paper required).",
        "Ask the person, then add e-mail consent or remove the no-paper hold.",
    ),
)

LATE: tuple[HoldCode, ...] = (
    hold_code(
        "RESTATED",
        G,
        True,
        "Amount changed since the page was made",
        "A payment, charge or adjustment came in after the page was made.",
        "Re-run: the next batch makes a page with the right amount.",
    ),
    hold_code(
        "READDRESSED",
        G,
        True,
        "Recipient changed since the page was made",
        "The name, address, e-mail or format on file is no longer the one on the page.",
        "Re-run: the next batch makes a page for the new address.",
    ),
    hold_code(
        "CHANNEL",
        G,
        True,
        "E-mail no longer allowed",
        "E-mail consent ended after the page was made.",
        "Send the document on paper.",
    ),
    hold_code(
        "GONE",
        G,
        True,
        "No longer on file",
        "The guarantor, visit or pregnancy is no longer in the billing data.",
        "Find out why. It may have been merged or moved.",
    ),
    hold_code(
        "NOTICE_SHORT",
        G,
        False,
        "Too little time left on the final notice",
        "The law gives 30 days from mailing, and fewer are left (26 CFR 1.501(r)-6(c)(4)).",
        "Void the letter and make it again with a later date.",
    ),
    hold_code(
        "VOIDED",
        G,
        True,
        "Taken back by a person",
        "Somebody voided the document before it was mailed; the event log has the reason.",
        "Nothing. The next batch decides anew.",
    ),
)

BY_RULE: tuple[HoldCode, ...] = BALANCE + TIMING + PLANS + ADDRESS + LATE
