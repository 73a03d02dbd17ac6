"""Write the reference pages of the documentation site from the code that they describe.

    .venv/bin/python -m scripts.write_reference

A test compares each page with what this module would write, so a page cannot disagree with the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from typer.core import TyperArgument, TyperOption
from typer.main import get_command

from mail_house.portal import FeedControl
from mail_house.print_files.control import Control, FileFacts
from mail_house.print_files.manifest import COLUMNS as MANIFEST_COLUMNS
from mail_house.write_back import WriteBackLine
from statement_builder.cli import app
from statement_builder.devtools.benchmark import BenchmarkResult
from statement_builder.devtools.deployment_benchmark import DeploymentBenchmark
from statement_builder.ledger import EvidencePacket, LegalHold, MailHold, RecordedRequest
from statement_builder.operations.access import AccessReport
from statement_builder.operations.credit_balances import CreditBalanceList
from statement_builder.operations.evidence.write import WrittenPacket
from statement_builder.operations.health_check import HealthCheckFinding
from statement_builder.operations.payroll.collect import CollectedAnswers
from statement_builder.operations.payroll.send import SentDeductions
from statement_builder.operations.placement.changes import RecalledPlacement
from statement_builder.operations.placement.collect import CollectedReports
from statement_builder.operations.placement.propose import PlacementList
from statement_builder.operations.placement.send import SentPlacements
from statement_builder.operations.placement.show import PlacementListDetails
from statement_builder.operations.placement.status import PlacementStatus
from statement_builder.operations.preflight import PreflightReport
from statement_builder.operations.queries import ExceptionRow, HoldRow
from statement_builder.operations.reports.registry import REPORTS
from statement_builder.operations.reports.write import ReportFile
from statement_builder.operations.retention.purge import PurgeReport
from statement_builder.operations.show import BatchDetails
from statement_builder.operations.summaries import BatchSummary, DocumentSummary
from statement_builder.operations.tracking.track import TrackingResult
from statement_builder.policy.credit_balances import CreditBalance
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.policy.settings import Policy
from statement_builder.reports.control_sheet import ControlSheet
from statement_builder.settings.descriptions import field_descriptions
from statement_builder.settings.listing import SettingRow, list_defaults

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"


def pages() -> dict[Path, str]:
    """Every reference page with its text."""
    return {
        FOLDER / "command-line.md": _command_line(),
        FOLDER / "settings.md": _settings(),
        FOLDER / "hold-codes.md": _hold_codes(),
        FOLDER / "files.md": _files(),
        FOLDER / "json.md": _json(),
        FOLDER / "source-contract.md": _source_contract(),
    }


def _command_line() -> str:
    lines = [
        "# Command line",
        "",
        "Every command takes `--help`. Commands that report take `--json` and print one JSON value.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | failed |",
        "| 2 | wrong usage or settings |",
        "| 3 | stopped at a gate; an operator must act |",
        "",
    ]
    root = get_command(app)
    for path, command in _walk("statements", root):
        lines += _describe(path, command)
    return "\n".join(lines).rstrip() + "\n"


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        if not child.hidden:
            yield from _walk(f"{path} {name}", child)


def _describe(path: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if isinstance(each, TyperOption) and "--help" not in each.opts]
    usage = " ".join([path, *(_argument(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
    yield from (f"## {path}", "", command.help or "", "", "```", usage, "```", "")
    rows = [(_argument(each), each.help) for each in arguments] + [(_option(each), each.help) for each in options]
    if rows:
        yield from ("| argument or option | meaning |", "|---|---|")
        yield from (f"| `{_in_table(name)}` | {_in_table(text or '')} |" for name, text in rows)
        yield ""


def _argument(parameter: TyperArgument) -> str:
    name = parameter.metavar or _choices(parameter) or str(parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _option(parameter: TyperOption) -> str:
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    return f"{names} {parameter.metavar or _choices(parameter) or str(parameter.name).upper()}"


def _choices(parameter: TyperArgument | TyperOption) -> str:
    """The values of an enumeration as `a|b`; empty for every other type."""
    annotation = parameter.type_descriptor.annotation
    is_enumeration = isinstance(annotation, type) and issubclass(annotation, Enum)
    return "|".join(str(member.value) for member in annotation) if is_enumeration else ""


def _in_table(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _settings() -> str:
    lines = [
        "# Settings",
        "",
        "Every setting of `statements.toml`, with its default. `statements settings` prints the values in force and",
        "where each comes from. [How settings are found](../configure/settings.md) and",
        "[addresses of ledger, archive, print and e-mail](../configure/back-ends.md) have pages of their own.",
        "",
    ]
    rows = list_defaults()
    variables = [row for row in rows if row.name.isupper()]
    tables: dict[str, list[SettingRow]] = {}
    for row in rows:
        if row not in variables:
            tables.setdefault(_table_of(row), []).append(row)
    for table, group in tables.items():
        lines += [f"## {table}", "", "| setting | meaning | default |", "|---|---|---|"]
        lines += [f"| `{row.name}` | {_in_table(_meaning(row))} | {_default(row)} |" for row in group]
        lines.append("")
    lines += ["## Environment variables", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{row.name}` | {_in_table(row.description)} |" for row in variables]
    lines += [
        f"| `{row.variable}` | Overrides `{row.name}`. |" for row in rows if row.variable and row not in variables
    ]
    return "\n".join(lines) + "\n"


def _table_of(row: SettingRow) -> str:
    table, dot, _ = row.name.rpartition(".")
    return f"[{table}]" if dot else "Top level"


def _meaning(row: SettingRow) -> str:
    parts = [row.description or "", f"Unit: {row.unit}." if row.unit else ""]
    if row.citation:
        parts.append(f"{row.citation}; reviewed {row.reviewed}.")
    return " ".join(part for part in parts if part)


def _default(row: SettingRow) -> str:
    return "none" if row.default in (None, "", []) else f"`{_in_table(str(row.default))}`"


def _hold_codes() -> str:
    lines = [
        "# Hold codes",
        "",
        "Why something was not mailed, and what to do. `statements holds BATCH` lists every held account with all",
        "reasons found. The scope says how far a hold reaches: the whole guarantor, one encounter, letters only, the",
        "content, or everything. The codes are data: `statement_builder/policy/hold_codes.toml`.",
        "",
        "| code | title | why | what to do | scope | source | reviewed |",
        "|---|---|---|---|---|---|---|",
    ]
    policy = Policy()
    for each in (describe_hold(code, policy) for code in sorted(HOLD_CODES)):
        cells = (each.title, each.why, each.what_to_do, each.scope, each.citation, each.reviewed)
        lines.append(f"| `{each.code}` | " + " | ".join(_in_table(str(cell)) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _files() -> str:
    columns = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in MANIFEST_COLUMNS.items())
    return f"""\
# Files

## Print file

A print file is three files with one name. The control file is written last; the vendor processes nothing without it.

| file | content |
|---|---|
| `NAME.pdf` | the documents in mailing order, each starting on a new sheet |
| `NAME.csv` | the manifest: one row per piece, UTF-8, with a header |
| `NAME.ctl` | the control file: counts and hashes, JSON |

### Columns of the manifest

| column | meaning |
|---|---|
{columns}

### Fields of the control file

{_record_table(Control)}
### Fields of `pdf`, `manifest` and `sealed`

{_record_table(FileFacts)}
## Write-back

`BILLING_….csv` has a line for each account on a document that was mailed or returned, and for each hold. The control
file is written last.

### Columns

{_record_table(WriteBackLine)}
### Fields of the control file of the write-back

{_record_table(FeedControl)}
## E-mail

The folder back end writes one `DOCUMENT_ID.eml` per message.

## Archive

| key | content |
|---|---|
| `snapshots/BATCH/ATTEMPT/SHARD.jsonl.gz` | what was pulled, one account per line |
| `snapshots/BATCH/corrections/HASH.jsonl.gz` | the account that a correction was made from |
| `packs/BATCH/SHARD-HASH.zip` | the shard's PDFs, stored uncompressed, named by document id |
| `control-sheets/BATCH/HASH.pdf` | the control sheet as of the batch's close |
| `control-sheets/BATCH/HASH.json` | its figures |
| `event-log/BATCH.json` | the seal of the event log as of the batch's close |
| `event-log/BATCH-NUMBER.json` | a further seal, from 2, if the batch closed again after the ledger was restored |
| `links/DOCUMENT.pdf` | a copy for the link in an e-mail (`archive-link`); not encrypted with the archive's `key` |
| `hand-offs/NUMBER.json` | one per hand-off, so that a ledger restored from an older backup is recognized |
| `installation.json` | the mark of the installation that the archive belongs to |
| `check.txt` | on S3, an object that `statements doctor` writes to see whether it can |

A `file:` outbox and the inbox have the mark in a hidden file, `.statements-installation`.
"""


def _json() -> str:
    lines = [
        "# JSON output",
        "",
        "What `--json` prints: one JSON value. Keys are stable, so scripts may rely on them. Times are UTC,",
        "and amounts are cents.",
        "",
    ]
    for command, shape, record in _JSON_RESULTS:
        lines += [f"## {command}", "", shape, "", _record_table(record)]
    return "\n".join(lines).rstrip() + "\n"


def _record_table(record: type[msgspec.Struct]) -> str:
    descriptions: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if base is not msgspec.Struct and issubclass(base, msgspec.Struct) and base.__struct_fields__:
            descriptions |= field_descriptions(base)
    rows = [
        f"| `{each.encode_name}` | {_in_table(_type_name(each.type))} | {_in_table(descriptions.get(each.name, ''))} |"
        for each in msgspec.structs.fields(record)
    ]
    return "\n".join(["| key | type | meaning |", "|---|---|---|", *rows, ""])


def _type_name(annotation: Any) -> str:
    """The JSON type of a field: `text`, `list of text`, `one of a, b`, ..."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(f"`{member.value}`" for member in annotation)
    if annotation in _PLAIN_TYPES:
        return _PLAIN_TYPES[annotation]
    arguments = [each for each in get_args(annotation) if each is not Ellipsis]
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        return " or ".join(_type_name(each) for each in arguments)
    if get_origin(annotation) in (list, tuple):
        return f"list of {_type_name(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        keys = (f"`{each.encode_name}`" for each in msgspec.structs.fields(annotation))
        return f"object with {', '.join(keys)}"
    return "object"


_PLAIN_TYPES = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    date: "date",
    datetime: "time",
}
_JSON_RESULTS = (
    ("statements run, rerun, release, batches", "One object; `batches` prints a list of them.", BatchSummary),
    ("statements show", "One object.", BatchDetails),
    ("statements exceptions", "A list of objects.", ExceptionRow),
    ("statements holds", "A list of objects.", HoldRow),
    ("statements find", "A list of objects.", DocumentSummary),
    ("statements track", "One object.", TrackingResult),
    ("statements payroll send", "One object.", SentDeductions),
    ("statements payroll collect", "One object.", CollectedAnswers),
    ("statements place", "One object.", PlacementList),
    ("statements placement list", "A list of objects.", PlacementList),
    ("statements placement show", "One object.", PlacementListDetails),
    ("statements placement approve, reject", "One object.", PlacementList),
    ("statements placement send", "One object.", SentPlacements),
    ("statements placement collect", "One object.", CollectedReports),
    ("statements placement recall", "One object.", RecalledPlacement),
    ("statements placement status", "One object.", PlacementStatus),
    ("statements purge", "One object.", PurgeReport),
    ("statements legal-hold list", "A list of objects.", LegalHold),
    ("statements mail-hold list", "A list of objects.", MailHold),
    ("statements evidence bad-debt, small-claims, list", "One object; `list` prints a list of them.", EvidencePacket),
    ("statements evidence draft, write", "One object.", WrittenPacket),
    ("statements requests", "A list of objects.", RecordedRequest),
    ("statements credits", "One object, with the objects of the next section in `credits`.", CreditBalanceList),
    ("statements credits: a credit", "One object.", CreditBalance),
    ("statements preflight", "One object.", PreflightReport),
    ("statements doctor", "A list of objects.", HealthCheckFinding),
    ("statements settings", "A list of objects.", SettingRow),
    ("statements report control", "One object.", ControlSheet),
    ("statements report access", "One object.", AccessReport),
    (f"statements report {', '.join(REPORTS)}", "One object.", ReportFile),
    ("statements bench", "One object.", BenchmarkResult),
    ("statements bench --ledger postgresql, --archive s3, --source postgresql", "One object.", DeploymentBenchmark),
)


def _source_contract() -> str:
    return (ROOT / "sql" / "contract.md").read_text(encoding="utf-8")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
