"""Evidence packets on a terminal: what was requested and approved, and what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statement_builder.cli.output.console import new_table, out, print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statement_builder.ledger import EvidencePacket
    from statement_builder.operations.evidence.write import WrittenPacket


def show_packets(packets: Sequence[EvidencePacket]) -> None:
    """Print one row for each packet."""
    if not packets:
        print_line("No packet was requested.")
        return
    table = new_table()
    for title in ("packet", "kind", "accounts", "requested by", "approved by"):
        table.add_column(title)
    for packet in packets:
        approved = packet.approved_by or "not approved"
        table.add_row(packet.packet_id, packet.kind.value, f"{len(packet.accounts):,}", packet.requested_by, approved)
    out.print(table)


def show_written(written: WrittenPacket) -> None:
    """Print what was written, and the digest that an approval names."""
    for file in written.files:
        print_line(file)
    print_line(
        f"{written.pages:,} pages, {written.exhibits:,} exhibits, {written.redacted:,} redacted, "
        f"{written.withheld:,} withheld"
    )
    print_line(f"content {written.content_sha256}")
