"""Commands on evidence packets for auditors and courts: request, draft, approve, write, and list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import Json, Reason, opened
from statement_builder.ledger import EvidenceKind

evidence_app = typer.Typer(help="Put evidence about accounts together for an auditor or a court.", no_args_is_help=True)

PacketId = Annotated[str, typer.Argument(metavar="PACKET", help="The packet's id, or its beginning.")]


@evidence_app.command("bad-debt")
def bad_debt(
    reason: Reason,
    accounts: Annotated[list[str] | None, typer.Argument(metavar="ACCOUNT", help="Account numbers.")] = None,
    sample: Annotated[Path | None, typer.Option(help="A list of accounts: one a line, or a CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Request the evidence of Medicare bad debts, for an account or an auditor's sample."""
    from statement_builder.operations.evidence.requests import read_sample  # noqa: PLC0415

    listed = [*(accounts or ()), *(read_sample(sample) if sample else ())]
    _request(EvidenceKind.BAD_DEBT, listed, reason, as_json=as_json)


@evidence_app.command("small-claims")
def small_claims(
    accounts: Annotated[list[str], typer.Argument(metavar="ACCOUNT", help="Account numbers of one guarantor.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Request a packet for a claim in a small-claims court."""
    _request(EvidenceKind.SMALL_CLAIMS, accounts, reason, as_json=as_json)


def _request(kind: EvidenceKind, accounts: list[str], reason: str, *, as_json: bool) -> None:
    from statement_builder.operations.evidence.requests import request_packet  # noqa: PLC0415

    with opened() as context:
        packet = request_packet(context, kind, accounts, reason)
    output.print_json(packet) if as_json else output.show_packets([packet])


@evidence_app.command("draft")
def draft(
    packet_id: PacketId,
    path: Annotated[Path, typer.Option("--output", "-o", help="Write the PDF to this file.")],
    as_json: Json = False,
) -> None:
    """Write a packet for the officer's review. Every page says that it is not approved."""
    from statement_builder.operations.evidence.requests import require_packet  # noqa: PLC0415
    from statement_builder.operations.evidence.write import write_draft  # noqa: PLC0415 - imports WeasyPrint

    with opened() as context:
        written = write_draft(context, require_packet(context, packet_id), path)
    output.print_json(written) if as_json else output.show_written(written)


@evidence_app.command("approve")
def approve(
    packet_id: PacketId,
    content: Annotated[str, typer.Option(help="The SHA-256 on the draft's cover, or at least 16 digits of it.")],
    reason: Reason,
) -> None:
    """Approve the contents of a packet, as an officer who did not request it."""
    from statement_builder.operations.evidence.requests import require_packet  # noqa: PLC0415
    from statement_builder.operations.evidence.write import approve_packet  # noqa: PLC0415

    with opened() as context:
        output.say(approve_packet(context, require_packet(context, packet_id), content, reason))


@evidence_app.command("write")
def write(
    packet_id: PacketId,
    folder: Annotated[Path, typer.Option("--output", "-o", help="Write the PDF and the ZIP to this folder.")],
    as_json: Json = False,
) -> None:
    """Write an approved packet: one PDF, and one ZIP with it, the log, the exhibits, and a manifest."""
    from statement_builder.operations.evidence.requests import require_packet  # noqa: PLC0415
    from statement_builder.operations.evidence.write import write_packet  # noqa: PLC0415

    with opened() as context:
        written = write_packet(context, require_packet(context, packet_id), folder)
    output.print_json(written) if as_json else output.show_written(written)


@evidence_app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the packets: requested, and approved."""
    from statement_builder.operations.evidence.requests import list_packets  # noqa: PLC0415

    with opened(reads_only=True) as context:
        packets, _ = list_packets(context)
    output.print_json(packets) if as_json else output.show_packets(packets)
