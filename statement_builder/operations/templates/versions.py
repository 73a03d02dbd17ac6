"""Versions of the templates: which one is in use, who approved it, and a copy of each that was approved.

A version is the fingerprint of all templates, catalogs, fonts and layout libraries, so an approval is about everything
that a page can depend on.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from statement_builder.actor import is_same_user
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import TEMPLATE_VERSIONS, TemplateApproval
from statement_builder.operations.roles import authorize, may_use
from statement_builder.pipeline.context import AppContext, open_templates

AUTO, PERSON, DUAL_CONTROL = "auto", "person", "dual-control"
_REMARK_CHARACTERS_MAX = 2_000
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class TemplateState(Record, kw_only=True):
    """The version in use, and its approval."""

    version: str
    approvals: tuple[TemplateApproval, ...]
    """Of this version, oldest first."""
    is_approved: bool
    """Whether as many people approved it as `release.templates` asks for; one, if it asks for none."""
    required_people: int
    """How many people must approve a version before a batch with it is released without a question; 0, 1 or 2."""
    last_approved: TemplateApproval | None
    """The newest approval of another version: what the version in use is compared with."""


def read_template_state(context: AppContext) -> TemplateState:
    """The version in use, read from the files as they are now. `ConfigError` if there are none."""
    from statement_builder.rendering import fingerprint_templates  # noqa: PLC0415 - imports WeasyPrint

    version = fingerprint_templates(open_templates(context.settings))
    everything = context.ledger.template_approvals.all(context.facility.facility_id)
    own = tuple(each for each in reversed(everything) if each.template_version == version)
    return TemplateState(
        version=version,
        approvals=own,
        is_approved=count_people(own) >= max(1, _count_wanted(context)),
        required_people=_count_wanted(context),
        last_approved=next((each for each in everything if each.template_version != version), None),
    )


def count_people(approvals: tuple[TemplateApproval, ...]) -> int:
    """How many different people approved: the same person under two accounts is one."""
    people: list[str] = []
    for each in approvals:
        if not any(is_same_user(each.approved_by, known) for known in people):
            people.append(each.approved_by)
    return len(people)


def lacks_approval(context: AppContext, versions: set[str]) -> list[str]:
    """Those of these versions that too few people approved, sorted. None where the setting asks for nobody."""
    wanted = _count_wanted(context)
    if not wanted:
        return []
    everything = context.ledger.template_approvals.all(context.facility.facility_id)
    return sorted(
        version
        for version in versions
        if count_people(tuple(each for each in everything if each.template_version == version)) < wanted
    )


def may_add_approval(context: AppContext, versions: Sequence[str]) -> bool:
    """Whether the actor may approve one of these versions and has not done so: nobody counts twice."""
    if not may_use(context, "templates"):
        return False
    everything = context.ledger.template_approvals.all(context.facility.facility_id)
    mine = {each.template_version for each in everything if is_same_user(each.approved_by, context.actor)}
    return not mine.issuperset(versions)


def approve_templates(context: AppContext, version: str, remark: str) -> str:
    """Approve the version in use, which must be the one that was shown, and keep a copy of its files in the archive.
    Returns a sentence for the operator.

    `ConfigError` if the version is not in use any longer, or the remark is too long; `NotAllowed`.
    """
    from statement_builder.rendering import fingerprint_templates  # noqa: PLC0415

    remark = " ".join(remark.split())
    if len(remark) > _REMARK_CHARACTERS_MAX:
        raise ConfigError(f"A remark has at most {_REMARK_CHARACTERS_MAX:,} characters.")
    templates = open_templates(context.settings)
    if fingerprint_templates(templates) != version:
        raise ConfigError("The templates have changed since you looked at them, so nothing was approved. Look again.")
    authorize(context, "templates", batch_id=TEMPLATE_VERSIONS, subject=version)
    _keep_copy(context, templates, version)
    new = TemplateApproval(
        template_version=version, approved_by=context.actor, approved_at=context.now(), remark=remark
    )
    if not context.ledger.template_approvals.record(context.facility.facility_id, new):
        return f"You have approved version {version} already."
    state = read_template_state(context)
    if state.is_approved:
        return f"Version {version} of the templates is approved."
    return f"Your approval of version {version} is recorded. A second person must approve it."


def open_approved(context: AppContext, version: str, folder: Path) -> Path | None:
    """The files of an approved version, in `folder`. None if the archive has no copy of them."""
    key = _key_of(version)
    if not context.archive.exists(key):
        return None
    with zipfile.ZipFile(io.BytesIO(context.archive.get(key))) as copy:
        copy.extractall(folder)  # our own file; zipfile drops absolute paths and parent folders
    return folder


def _keep_copy(context: AppContext, templates: Path, version: str) -> None:
    """The same bytes for the same files, because the archive keeps what it has."""
    from statement_builder.rendering.template_fingerprint import template_files  # noqa: PLC0415

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as copy:
        for path in template_files(templates):
            info = zipfile.ZipInfo(path.relative_to(templates).as_posix(), date_time=_ZIP_DATE)
            copy.writestr(info, path.read_bytes())
    if not context.archive.exists(_key_of(version)):
        content = data.getvalue()
        context.archive.put(_key_of(version), content, sha256=hashlib.sha256(content).hexdigest())


def _key_of(version: str) -> str:
    return f"templates/{version}.zip"


def _count_wanted(context: AppContext) -> int:
    return {AUTO: 0, PERSON: 1, DUAL_CONTROL: 2}[context.settings.release.templates]
