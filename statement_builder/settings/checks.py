"""Checks of the settings that types cannot express. Each fault is a sentence that starts with the setting's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from msgspec.structs import fields

from statement_builder.billing.dates import PAPER_DAYS
from statement_builder.billing.facility import Facility
from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.billing.scanline import scanline_problem
from statement_builder.billing.selection import Kind
from statement_builder.billing.text import DAMAGED, FORBIDDEN, LINE_ENDS
from statement_builder.policy.segments import is_insert_code
from statement_builder.policy.settings import Policy
from statement_builder.policy.states.collection import find_collection_faults
from statement_builder.policy.states.plan_end import PLAN_STATES
from statement_builder.policy.states.pre_assignment import pre_assignment_rule
from statement_builder.resources import TEMPLATES, languages
from statement_builder.settings.agencies import find_placement_faults
from statement_builder.settings.by_kind import YEARS_MAX, YEARS_MIN
from statement_builder.settings.folders import find_folder_faults
from statement_builder.settings.model import (
    ConsoleSettings,
    CostSettings,
    MailSettings,
    PayrollSettings,
    ReleaseSettings,
    RenderSettings,
    RoleSettings,
    Settings,
)

PAYMENT_URL_CHARACTERS_MAX = 86
"""With the 36 characters of the document id, the most that phones read easily from a one-inch code."""
URL_CHARACTERS_MAX = 200
"""Web addresses are printed, and people type them."""

LIMITS: dict[str, tuple[int, int]] = {
    "facility.assistance_free_max_percent": (0, 2_000),
    "facility.assistance_discount_max_percent": (0, 2_000),
    "source.max_age_hours": (1, 8_760),
    "render.workers": (0, 1_024),
    "mail.email_link_days": (1, 7),
    "mail.unread_email_days": (0, 90),
    "mail.preflight_sample_every": (1, 1_000_000),
    "mail.assumed_mailing_business_days": (0, 30),
    "mail.settle_seconds": (0, 86_400),
    "mail.reversals_max": (0, 1_000_000),
    "mail.ack_deadline_hours": (1, 720),
    "mail.mailed_deadline_business_days": (1, 60),
    "placement.answer_days": (1, 60),
    **{f"retention.{kind.name_in_code}_years": (YEARS_MIN, YEARS_MAX) for kind in Kind},
    "retention.state_law_years": (0, 100),
    "release.volume_change_max_percent": (0, 10_000),
    "release.amount_change_max_percent": (0, 10_000),
    "release.hold_doubled_count_min": (0, 1_000_000),
    "release.dual_control_level_min": (1, 4),
    "release.amount_max_cents": (0, 9_999_999_999),
    "console.port": (1_024, 65_535),
    "cost_report.fiscal_year_end_month": (1, 12),
    **{f"costs.{name}": (0, 10_000_000) for name in CostSettings.__struct_fields__},
}
"""Smallest and largest value of every number outside `[policy]`, whose numbers have their limits in
`legal_numbers.toml`."""
_NOTES = {
    "mail.email_link_days": ", the S3 maximum",
    "mail.preflight_sample_every": "; 1 reads every piece",
    "mail.settle_seconds": ", which is a day",
    "mail.reversals_max": "; 0 lets every such file wait",
    "release.dual_control_level_min": ": a final notice (level 4) always requires dual control",
}
_ROLE_MEMBER = re.compile(
    r"schedule|(?:group|web):[^\s:](?:[^:]*[^\s:])?|airflow:[^\s:=](?:[^:=]*[^\s:=])?(?:=[^\s:=]+)?"
)
"""Names of groups and users may contain blanks, as those of a directory service do."""
_SNS_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
_POST_OFFICE_BOX = re.compile(r"(?i)p\.?\s*o\.?\s*box\b|post office box\b")
_PHONE = re.compile(r"[+(0-9][!-~ ]{9,49}")
_DIALED = re.compile(r"1?[0-9]{3}[0-9A-Za-z]{7,}")
"""A number with area code has 10 digits. Letters may stand for some, as in 800-555-CARE or 1-800-CALL-NOW, but not for
the area code."""
_TAX_ID = re.compile(r"[0-9]{2}-[0-9]{7}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_CONSOLE_URL = re.compile(r"https://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")
_unprintable = re.compile(f"[{DAMAGED}{FORBIDDEN}{LINE_ENDS}]").search


def find_faults(settings: Settings) -> Iterator[str]:
    """Every setting with an impossible value, and every contradiction between settings."""
    yield from _find_numbers_outside_limits(settings)
    yield from find_folder_faults("source.queries", settings.source.queries, must_exist=True)
    yield from _find_render_faults(settings.render)
    yield from _find_mail_faults(settings.mail, settings.archive)
    yield from _find_portal_faults(settings)
    yield from _find_payroll_faults(settings.payroll)
    yield from find_placement_faults(settings.placement, settings.policy)
    yield from _find_wait_faults(settings.mail.unread_email_days, settings.policy)
    yield from _find_release_faults(settings.release)
    yield from _find_policy_faults(settings.policy)
    yield from _find_role_faults(settings.roles)
    yield from _find_console_faults(settings.console, settings.roles)
    if settings.facility is not None:
        yield from _find_plan_faults(settings.policy, settings.facility)
        yield from _find_pre_assignment_faults(settings.policy, settings.facility)
        yield from find_collection_faults(settings.policy, settings.facility.return_address.state.upper())
        yield from _find_facility_faults(settings.facility, settings.render.languages)


def _find_numbers_outside_limits(settings: Settings) -> Iterator[str]:
    for name, (lowest, highest) in LIMITS.items():
        table, _, key = name.partition(".")
        record = getattr(settings, table)
        if record is None or lowest <= (value := getattr(record, key)) <= highest:
            continue
        if value < 0 == lowest:
            yield f"{name} must not be negative"
        elif value < lowest < highest // 60:
            yield f"{name} must be at least {lowest}{_NOTES.get(name, '')}"
        else:
            yield f"{name} must be from {lowest} to {highest}{_NOTES.get(name, '')}"


def _find_render_faults(render: RenderSettings) -> Iterator[str]:
    if render.engine not in {"compiled", "plain"}:
        yield "render.engine must be 'compiled' or 'plain'"
    yield from find_folder_faults("render.layouts", render.layouts, must_exist=False)
    yield from find_folder_faults("render.templates", render.templates, must_exist=True)
    known = languages(TEMPLATES, *([Path(render.templates)] if render.templates else []))
    unknown = [repr(language) for language in render.languages if language not in known]
    if unknown:
        where = Path(render.templates or TEMPLATES) / "locale"
        yield (
            f"render.languages: there is no translation into {', '.join(unknown)} in {where}. Add its catalog, or list "
            f"only: {', '.join(known)}"
        )
    if not render.languages or len(set(render.languages)) < len(render.languages):
        yield f"render.languages must name at least one language, each once: {', '.join(known)}"


def _find_mail_faults(mail: MailSettings, archive: str) -> Iterator[str]:
    if mail.email_content not in {"portal", "archive-link", "attachment"}:
        yield "mail.email_content must be 'portal', 'archive-link', or 'attachment'"
    if mail.email_content == "archive-link" and not archive.startswith("s3://"):
        yield (
            "mail.email_content 'archive-link' requires an archive on S3. "
            "Set archive to s3://…, or mail.email_content to 'portal'"
        )
    if mail.unread_email_days and mail.email_content != "portal":
        yield (
            "mail.unread_email_days requires mail.email_content 'portal', because only the portal reports which "
            "documents were opened. Set it to 0, or mail.email_content to 'portal'"
        )
    if mail.service_type and not mail.mailer_id:
        yield "mail.service_type is set, but mail.mailer_id is not: the barcode needs both"
    if unknown := [topic for topic in mail.sns_topics if not _SNS_TOPIC.fullmatch(topic)]:
        yield f"mail.sns_topics: {unknown[0]!r} is not an ARN such as arn:aws:sns:REGION:ACCOUNT:NAME"
    if not re.fullmatch(r"[^\s;]*", mail.authserv_id):
        yield "mail.authserv_id must be one name, such as mx.hospital.org"
    yield from find_folder_faults("mail.inbox", mail.inbox, must_exist=False)


def _find_portal_faults(settings: Settings) -> Iterator[str]:
    mail = settings.mail
    if mail.portal_documents not in {"archive", "zip"}:
        yield "mail.portal_documents must be 'archive' or 'zip'"
    if len(set(mail.portal_kinds)) < len(mail.portal_kinds):
        yield "mail.portal_kinds must name each kind once"
    has_key = "key" in dict(parse_qsl(urlsplit(settings.archive).query))
    if settings.portal and mail.portal_documents == "archive" and has_key:
        yield (
            "mail.portal_documents must be 'zip', because the archive is encrypted with a key that the portal does not "
            "have"
        )


def _find_payroll_faults(payroll: PayrollSettings) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,12}", payroll.deduction_code):
        yield "payroll.deduction_code must be 1 to 12 letters, digits, and hyphens"
    yield from find_folder_faults("payroll.inbox", payroll.inbox, must_exist=False)


def _find_wait_faults(days: int, policy: Policy) -> Iterator[str]:
    """The paper that follows an unread e-mail must come before the due date that it prints."""
    if days and days > policy.due_days - PAPER_DAYS:
        yield (
            f"mail.unread_email_days must be at least {PAPER_DAYS} days less than policy.due_days, which is "
            f"{policy.due_days}: the paper that follows must arrive before the due date"
        )


def _find_release_faults(release: ReleaseSettings) -> Iterator[str]:
    if release.templates not in {"auto", "person", "dual-control"}:
        yield "release.templates must be 'auto', 'person', or 'dual-control'"
    for kind in Kind:
        if release.by(kind) not in {"auto", "person", "dual-control"}:
            yield f"release.{kind.name_in_code} must be 'auto', 'person', or 'dual-control'"


def _find_policy_faults(policy: Policy) -> Iterator[str]:
    if len(set(policy.email_kinds)) < len(policy.email_kinds):
        yield "policy.email_kinds must name each kind once"
    if len(set(policy.esign_kinds)) < len(policy.esign_kinds):
        yield "policy.esign_kinds must name each kind once"
    if len(set(policy.certified_kinds)) < len(policy.certified_kinds):
        yield "policy.certified_kinds must name each kind once"
    for name in ("estate_signer", "estate_signer_title"):
        text = getattr(policy, name)
        if text and (not re.search(r"\w", text) or _unprintable(text)):
            yield f"policy.{name} must be a name on one line, or empty"
    if bool(policy.estate_signer) != bool(policy.estate_signer_title):
        yield "policy.estate_signer and policy.estate_signer_title are set together, or both empty"
    if any(not re.fullmatch(r"[0-9a-f]{64}", each) for each in policy.consent_terms):
        yield "policy.consent_terms must be SHA-256 values: 64 lowercase hexadecimal digits, from `sha256sum FILE`"
    if policy.agency_name and (not re.search(r"\w", policy.agency_name) or _unprintable(policy.agency_name)):
        yield "policy.agency_name must be a name on one line, or empty"


def _find_plan_faults(policy: Policy, facility: Facility) -> Iterator[str]:
    """What the facility's state requires before a payment plan ends."""
    state = facility.return_address.state.upper()
    rule = PLAN_STATES.get(state)
    if rule is not None and rule.requires_notice and not policy.plan_letter_required:
        yield f"policy.plan_letter_required must be true for a facility in {state} ({rule.citation})"
    if rule is not None and policy.plan_lapse_days < rule.lapse_days_min:
        yield (
            f"policy.plan_lapse_days must be at least {rule.lapse_days_min} for a facility in {state} ({rule.citation})"
        )


def _find_pre_assignment_faults(policy: Policy, facility: Facility) -> Iterator[str]:
    """What the facility's state requires with a final notice before an account is placed with an agency."""
    state = facility.return_address.state.upper()
    rule = pre_assignment_rule(policy, state)
    if policy.application_insert_code and not is_insert_code(policy.application_insert_code):
        yield "policy.application_insert_code must be 1 to 32 letters, digits, periods, hyphens, and underscores"
    if rule is not None and rule.encloses_application and not policy.application_insert_code:
        yield (
            f"policy.application_insert_code is required for a facility in {state} that has policy.agency_name: the "
            f"application form goes with the final notice ({rule.citation})"
        )


def _find_role_faults(roles: RoleSettings) -> Iterator[str]:
    for verb in fields(RoleSettings):
        for member in getattr(roles, verb.name) or ():
            if not _ROLE_MEMBER.fullmatch(member) or not member.isprintable():
                forms = "group:NAME, airflow:NAME, airflow:NAME=ID, web:NAME, or schedule"
                yield f"roles.{verb.name}: '{member}' must be {forms}"


def _find_console_faults(console: ConsoleSettings, roles: RoleSettings) -> Iterator[str]:
    if not _HEADER_NAME.fullmatch(console.user_header):
        yield "console.user_header must be the name of an HTTP header, such as X-Forwarded-User"
    if console.public_url and not _CONSOLE_URL.fullmatch(console.public_url):
        yield "console.public_url must be https:// and a host name, without a path, such as https://mail.hospital.example"
    if console.public_url and roles.console is None:
        yield "console.public_url needs roles.console: otherwise everybody whom the proxy signs in may open it"


def _find_facility_faults(facility: Facility, languages: Collection[str]) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", facility.facility_id):
        yield "facility.facility_id must be 1 to 32 letters, digits, and hyphens"
    yield from _find_contact_faults(facility, "facility")
    yield from _find_language_faults(facility, languages)
    if not _TAX_ID.fullmatch(facility.tax_id):
        yield "facility.tax_id must be two digits, a hyphen, and seven digits, such as 02-0000000"
    if facility.enrollment_url and not _is_web_address(facility.enrollment_url, "https"):
        yield "facility.enrollment_url must start with https:// and be a complete web address because people type it"
    yield from _find_assistance_faults(facility)
    if facility.payment_url:
        yield from _find_payment_url_faults(facility.payment_url)
    if problem := scanline_problem(facility.scanline):
        yield f"facility.scanline: {problem}"
    if facility.logo_svg and not _is_svg(facility.logo_svg):
        yield "facility.logo_svg must be one complete <svg> element"
    try:
        ZoneInfo(facility.time_zone)
    except (KeyError, ValueError, OSError):  # not in the database, not a name, a folder of names
        yield "facility.time_zone is not a time zone that this machine knows, such as America/New_York"


def _find_contact_faults(texts: Facility, prefix: str) -> Iterator[str]:
    for name in ("phone", "assistance_phone"):
        if not _is_phone(getattr(texts, name)):
            yield f"{prefix}.{name} must be a phone number with area code, such as 603-555-0142, because people dial it"
    if not _is_web_address(texts.portal_url, "https"):
        yield f"{prefix}.portal_url must start with https:// and be a complete web address, because e-mails link to it"
    if not _is_web_address(texts.assistance_url, "http", "https"):
        yield f"{prefix}.assistance_url must be a complete web address because people type it"


def _find_language_faults(facility: Facility, languages: Collection[str]) -> Iterator[str]:
    """A document in another language has the phone hours in that language."""
    found = [texts.language for texts in facility.in_language]
    expected = [language for language in languages if language != SOURCE_LANGUAGE]
    if sorted(found) != sorted(expected):
        yield (
            "facility.in_language must have one table for each language of render.languages other than English: "
            f"{', '.join(expected) or 'none'}"
        )
    for texts in facility.in_language:
        yield from _find_contact_faults(facility.for_language(texts.language), "facility.in_language")


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text) and _DIALED.fullmatch("".join(re.findall(r"[0-9A-Za-z]", text))))


def _is_web_address(url: str, *schemes: str) -> bool:
    """Whether the URL has one of the schemes and a full host name, in ASCII, short enough to be printed."""
    if not re.fullmatch(r"[!-~]+", url) or len(url) > URL_CHARACTERS_MAX:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(_HOST.fullmatch(parts.netloc.partition(":")[0])) and parts.port != 0
    except ValueError:
        return False


def _is_svg(text: str) -> bool:
    try:
        return ET.fromstring(text).tag.rpartition("}")[2] == "svg"  # noqa: S314 - the hospital's own file
    except ET.ParseError:
        return False


def _find_assistance_faults(facility: Facility) -> Iterator[str]:
    """A final notice encloses a summary: who qualifies, and where the office is (26 CFR 1.501(r)-1(b)(24))."""
    lines = [line.strip() for line in facility.assistance_address.lines]
    if not any(lines) or any(_POST_OFFICE_BOX.match(line) for line in lines):
        yield (
            "facility.assistance_address must be the street address of the financial assistance office, "
            "not a post office box, because people go there"
        )
    free, discount = facility.assistance_free_max_percent, facility.assistance_discount_max_percent
    if max(free, discount) == 0:
        yield (
            "facility.assistance_free_max_percent or facility.assistance_discount_max_percent must be above 0: the "
            "summary of financial assistance says who qualifies"
        )
    if 0 < discount <= free:
        yield (
            "facility.assistance_discount_max_percent must be above facility.assistance_free_max_percent, or 0 if care "
            "is free or not discounted"
        )


def _find_payment_url_faults(url: str) -> Iterator[str]:
    """The code is printed where anyone may scan it, so the URL contains the document id and no other patient data."""
    check_characters = 16 * url.count("{check}")
    parts = url.replace("{check}", "", 1).split("{document}")
    if (
        len(parts) != 2
        or not re.fullmatch(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", "".join(parts))
        or not _is_web_address("x".join(parts), "https")
    ):
        yield (
            "facility.payment_url must be an https:// address in ASCII that contains {document} once, for the document "
            "id, and {check} at most once"
        )
    if len("".join(parts)) + check_characters > PAYMENT_URL_CHARACTERS_MAX:
        yield (
            f"facility.payment_url must not exceed {PAYMENT_URL_CHARACTERS_MAX} characters without {{document}}, with "
            "16 for {check}, or the code is too fine for phones"
        )
