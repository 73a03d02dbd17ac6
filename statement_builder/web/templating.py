"""The console's own templates: everything is escaped, and no text from outside can hide or reorder another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from gettext import NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from statement_builder.operations.reports.formats.cells import cell_text, mark_code
from statement_builder.operations.wording import FIGURE_LABELS, format_dollars, format_state
from statement_builder.printable import one_line
from statement_builder.rendering.translations import load_catalog, read_texts
from statement_builder.web.labels import CLOCK_LABELS, EVIDENCE_LABELS, RELEASE_LABELS
from statement_builder.web.languages import LANGUAGES
from statement_builder.web.sentences import Sentences

WEB = Path(__file__).parent
TEMPLATES = WEB / "templates"


def open_templates(time_zone: str) -> Mapping[str, Environment]:
    """Language → the environment of all pages. Times are shown in the facility's zone."""
    return {language: _open_environment(time_zone, language) for language in LANGUAGES}


def _open_environment(time_zone: str, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    gettext, ngettext = _translate_with(load_catalog(WEB, language))
    sentences = Sentences(read_texts(WEB, language))
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals |= {"gettext": gettext, "ngettext": ngettext, "_": gettext}
    environment.filters |= {
        "dollars": format_dollars,
        "state": lambda state: gettext(format_state(state)),
        "verb": lambda verb: gettext(verb.replace("-", " ")),
        "said": sentences.say,
        "remark": sentences.say_remark,
        "count": _format_count,
        "time": _time_format(ZoneInfo(time_zone)),
        "cell": cell_text,
        "mark_code": mark_code,
    }
    environment.globals["FIGURE_LABELS"] = FIGURE_LABELS
    environment.globals["clock_labels"] = CLOCK_LABELS
    environment.globals["evidence_labels"] = EVIDENCE_LABELS
    environment.globals["release_labels"] = RELEASE_LABELS
    return environment


def _translate_with(catalog: NullTranslations) -> tuple[Callable[..., str], Callable[..., str]]:
    """`gettext` and `ngettext` of the templates. Jinja2's own would let a value through as it is; these escape control
    and direction characters of each, as `_finalize` does."""

    def fill(text: str, values: Mapping[str, object]) -> Markup:
        return Markup(text) % {name: _finalize(value) for name, value in values.items()}  # noqa: S704 - our own text

    def gettext(text: str, **values: object) -> str:
        if not text:
            return ""  # which in a catalog is its header
        return fill(catalog.gettext(text), values) if values else _finalize_text(catalog.gettext(text))

    def ngettext(one: str, many: str, number: int, **values: object) -> str:
        return fill(catalog.ngettext(one, many, number), {"num": number} | values)

    return gettext, ngettext


def _finalize(value: object) -> object:
    """Text as it may be shown: control and direction characters become escapes, as in the terminal."""
    return _finalize_text(value) if isinstance(value, str) else value


def _finalize_text(text: str) -> str:
    return text if isinstance(text, Markup) else one_line(text)


def _format_count(number: int) -> str:
    return f"{number:,}"


def _time_format(zone: ZoneInfo) -> Callable[[datetime], Markup]:
    def format_time(moment: datetime) -> Markup:
        local = moment.astimezone(zone)
        return Markup('<time datetime="{}">{}</time>').format(
            moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), local.strftime("%Y-%m-%d %H:%M")
        )

    return format_time
