"""What the command line prints: tables that foot, progress on a terminal and plain lines elsewhere, or JSON."""

from statement_builder.cli.output.access import show_access
from statement_builder.cli.output.batches import (
    list_batches,
    show_batches,
    show_details,
    show_holds,
    show_rerun_plan,
)
from statement_builder.cli.output.billing_office import show_report
from statement_builder.cli.output.console import err, out, print_fields, say
from statement_builder.cli.output.control_sheet import show_control_sheet
from statement_builder.cli.output.credit_balances import show_credits, write_credits_csv
from statement_builder.cli.output.documents import show_documents
from statement_builder.cli.output.evidence import show_packets, show_written
from statement_builder.cli.output.health import show_findings, show_preflight, show_source_check
from statement_builder.cli.output.json_output import print_json
from statement_builder.cli.output.mail_holds import show_mail_holds
from statement_builder.cli.output.measurements import show_benchmark, show_benchmarks, show_deployment_benchmark
from statement_builder.cli.output.payroll import show_collected_answers, show_sent_deductions
from statement_builder.cli.output.placement import (
    show_collected_reports,
    show_placement_details,
    show_placement_list,
    show_placement_lists,
    show_placement_status,
    show_recalled_placement,
    show_sent_placements,
)
from statement_builder.cli.output.progress import show_progress
from statement_builder.cli.output.requests import show_requests
from statement_builder.cli.output.retention import show_legal_holds, show_purge
from statement_builder.cli.output.tracking import show_tracking
from statement_builder.cli.output.work_queue import show_exceptions, show_held, show_queue

__all__ = [
    "err",
    "list_batches",
    "out",
    "print_fields",
    "print_json",
    "say",
    "show_access",
    "show_batches",
    "show_benchmark",
    "show_benchmarks",
    "show_collected_answers",
    "show_collected_reports",
    "show_control_sheet",
    "show_credits",
    "show_deployment_benchmark",
    "show_details",
    "show_documents",
    "show_exceptions",
    "show_findings",
    "show_held",
    "show_holds",
    "show_legal_holds",
    "show_mail_holds",
    "show_packets",
    "show_placement_details",
    "show_placement_list",
    "show_placement_lists",
    "show_placement_status",
    "show_preflight",
    "show_progress",
    "show_purge",
    "show_queue",
    "show_recalled_placement",
    "show_report",
    "show_requests",
    "show_rerun_plan",
    "show_sent_deductions",
    "show_sent_placements",
    "show_source_check",
    "show_tracking",
    "show_written",
    "write_credits_csv",
]
