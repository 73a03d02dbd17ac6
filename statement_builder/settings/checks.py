"""Checks of the settings that types cannot express. Each ConfigError names the file and the setting."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from statement_builder.billing.facility import Facility
from statement_builder.billing.scanline import scanline_problem
from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.settings.model import MailSettings, ReleaseSettings, Settings

PAYMENT_URL_CHARACTERS_MAX = 86
"""With the 36 characters of the document id, the most that phones read easily from a one-inch code."""

_SNS_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
_POST_OFFICE_BOX = re.compile(r"(?i)p\.?\s*o\.?\s*box\b|post office box\b")


def check_settings(settings: Settings, where: str) -> None:
    """ConfigError names the first wrong setting. `where` is the settings file."""
    if settings.render.workers < 0:
        raise ConfigError(f"{where}: render.workers must not be negative")
    if settings.render.engine not in {"compiled", "plain"}:
        raise ConfigError(f"{where}: render.engine must be 'compiled' or 'plain'")
    _check_mail(settings.mail, settings.archive, where)
    _check_release(settings.release, where)
    if settings.facility is not None:
        _check_facility(settings.facility, where)


def _check_mail(mail: MailSettings, archive: str, where: str) -> None:
    if mail.preflight_sample_every < 1:
        raise ConfigError(f"{where}: mail.preflight_sample_every must be at least 1, which reads every piece")
    if mail.email_content not in {"portal", "archive-link", "attachment"}:
        raise ConfigError(f"{where}: mail.email_content must be 'portal', 'archive-link', or 'attachment'")
    if mail.email_content == "archive-link" and not archive.startswith("s3://"):
        raise ConfigError(
            f"{where}: mail.email_content 'archive-link' requires an archive on S3. "
            "Set archive to s3://…, or mail.email_content to 'portal'."
        )
    if not 0 <= mail.assumed_mailing_business_days <= 30:
        raise ConfigError(f"{where}: mail.assumed_mailing_business_days must be from 0 to 30")
    if unknown := [topic for topic in mail.sns_topics if not _SNS_TOPIC.fullmatch(topic)]:
        raise ConfigError(
            f"{where}: mail.sns_topics: {unknown[0]!r} is not an ARN such as arn:aws:sns:REGION:ACCOUNT:NAME"
        )
    if not re.fullmatch(r"[^\s;]*", mail.authserv_id):
        raise ConfigError(f"{where}: mail.authserv_id must be one name, such as mx.hospital.org")
    if not 1 <= mail.email_link_days <= 7:
        raise ConfigError(f"{where}: mail.email_link_days must be from 1 to 7, the S3 maximum")


def _check_release(release: ReleaseSettings, where: str) -> None:
    for kind in Kind:
        if release.by(kind) not in {"auto", "person", "dual-control"}:
            name = kind.value.replace("-", "_")
            raise ConfigError(f"{where}: release.{name} must be 'auto', 'person', or 'dual-control'")
    for name in ("volume_change_max_percent", "amount_change_max_percent", "hold_doubled_count_min"):
        if getattr(release, name) < 0:
            raise ConfigError(f"{where}: release.{name} must not be negative")


def _check_facility(facility: Facility, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", facility.facility_id):
        raise ConfigError(f"{where}: facility.facility_id must be 1 to 32 letters, digits, and hyphens")
    if not facility.portal_url.startswith("https://"):
        raise ConfigError(f"{where}: facility.portal_url must start with https:// because e-mails link to it")
    if not re.match(r"https?://\S+\Z", facility.assistance_url):
        raise ConfigError(f"{where}: facility.assistance_url must be a complete web address because people type it")
    _check_assistance(facility, where)
    if facility.payment_url:
        _check_payment_url(facility.payment_url, where)
    if problem := scanline_problem(facility.scanline):
        raise ConfigError(f"{where}: facility.scanline: {problem}")
    try:
        ZoneInfo(facility.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise ConfigError(f"{where}: facility.time_zone is not a time zone that this machine knows") from exc


def _check_assistance(facility: Facility, where: str) -> None:
    """A final notice encloses a summary: who qualifies, and where the office is (26 CFR 1.501(r)-1(b)(24))."""
    lines = [line.strip() for line in facility.assistance_address.lines]
    if not any(lines) or any(_POST_OFFICE_BOX.match(line) for line in lines):
        raise ConfigError(
            f"{where}: facility.assistance_address must be the street address of the financial assistance office, "
            "not a post office box, because people go there"
        )
    free, discount = facility.assistance_free_max_percent, facility.assistance_discount_max_percent
    if min(free, discount) < 0 or max(free, discount) == 0:
        raise ConfigError(
            f"{where}: facility.assistance_free_max_percent or facility.assistance_discount_max_percent must be above "
            "0, and neither may be negative: the summary of financial assistance says who qualifies"
        )
    if 0 < discount <= free:
        raise ConfigError(
            f"{where}: facility.assistance_discount_max_percent must be above facility.assistance_free_max_percent, or "
            "0 if care is free or not discounted"
        )


def _check_payment_url(url: str, where: str) -> None:
    """The code is printed where anyone may scan it, so the URL contains the document id and no other patient data."""
    check_characters = 16 * url.count("{check}")
    parts = url.replace("{check}", "", 1).split("{document}")
    if len(parts) != 2 or not re.fullmatch(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", "".join(parts)):
        raise ConfigError(
            f"{where}: facility.payment_url must be an https:// address in ASCII that contains {{document}} once, for "
            "the document id, and {check} at most once"
        )
    if len("".join(parts)) + check_characters > PAYMENT_URL_CHARACTERS_MAX:
        raise ConfigError(
            f"{where}: facility.payment_url must not exceed {PAYMENT_URL_CHARACTERS_MAX} characters without "
            "{document}, with 16 for {check}, or the code is too fine for phones"
        )
