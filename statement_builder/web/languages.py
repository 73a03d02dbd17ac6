"""The languages of the console, and which one a visitor gets."""

from __future__ import annotations

LANGUAGES = {"en": "English", "es": "Español"}
"""What the console speaks: code → its own name. English is in the templates; the others are in `locale/`."""
DEFAULT = "en"


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a text for the catalog where it is written. It is translated where it is shown."""
    return text


def choose_language(chosen: str, accepted: str) -> str:
    """`chosen` if the console speaks it; else the first of `accepted`, an Accept-Language header (RFC 9110, 12.5.4), in
    the order of its weights, that it speaks; else English."""
    if chosen in LANGUAGES:
        return chosen
    for tag in _by_weight(accepted):
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT


def _by_weight(accepted: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for item in accepted.split(","):
        tag, _, parameter = item.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or "1")
        except ValueError:
            continue
        if weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda each: -each[0])]
