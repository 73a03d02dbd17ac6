"""Who gets what and when: holds, the ladder of letters, the obstetric schedule, the legal clocks. Pure.

Three questions are answered here: is this account a candidate (`candidate_cents`), what becomes of it (`decide`), and
may its page still leave (`recheck`). `codes` has the words for every reason, `settings` every number.
"""

from statement_builder.policy.codes import HOLD_CODES
from statement_builder.policy.decide import candidate_cents, decide
from statement_builder.policy.recheck import recheck
from statement_builder.policy.reprint_rules import find_copy_holds
from statement_builder.policy.settings import LegalNumber, Policy

__all__ = ["HOLD_CODES", "LegalNumber", "Policy", "candidate_cents", "decide", "find_copy_holds", "recheck"]
