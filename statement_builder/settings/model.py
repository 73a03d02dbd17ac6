"""The settings as typed, frozen records. The docstring of each field is its description in `statements settings`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.billing.selection import FinalVendorStatus, Kind
from statement_builder.errors import ConfigError
from statement_builder.policy.cost_report.cost_report import ColumnNumber
from statement_builder.policy.placement import Agency, ItemizationDate
from statement_builder.policy.settings import Policy
from statement_builder.resources import SQL_ROOT
from statement_builder.settings.by_kind import ReleaseByKind, RetentionByKind


class SourceSettings(Record, kw_only=True):
    """The billing data source."""

    name: str = "reference"
    """Name of the folder with the source's queries."""
    queries: str = ""
    """Folder with query folders of the hospital's own. Empty: only the shipped ones, such as `reference`."""
    url: str = ""
    """SQLAlchemy URL of the billing database."""
    max_age_hours: int = 36
    """Billing data older than this is refused. The policy has a stricter limit for the obstetric feed."""
    write_back: str = ""
    """Folder from which the billing system takes in what was mailed, returned, and held: a `file:` or `sftp:` URL.
    Empty: nothing is written back."""

    def __repr__(self) -> str:
        """As of `Settings`."""
        return "SourceSettings(…)"

    @property
    def query_root(self) -> Path:
        """The hospital's folder of query folders, or the shipped one."""
        return Path(self.queries) if self.queries else SQL_ROOT


class RenderSettings(Record, kw_only=True):
    """How documents are rendered."""

    workers: int = 0
    """Rendering processes. 0: one per processor."""
    languages: tuple[str, ...] = ("en",)
    """Languages that documents are made in, each with an approved translation. A reader of any other language gets
    English with the notice of language assistance (45 CFR 92.11)."""
    templates: str = ""
    """Folder with templates of the hospital's own. A file in it replaces the shipped one of the same relative path."""
    engine: str = "compiled"
    """`compiled`: lay out each template once, then fill it. `plain`: one WeasyPrint layout per document."""
    layouts: str = ""
    """Folder of compiled layouts and verification results shared by all processes. It contains no patient data."""


class MailSettings(Record, kw_only=True):
    """Print and e-mail delivery."""

    print_profile: str = "number-10-double-window"
    """The print vendor's profile: a name in `mail_house/profiles/`, or the path of a `.toml` file."""
    segments: str = ""
    """Path of a TOML file with segments: which insert, return envelope, and sentence of the month go with which
    documents. Empty: none."""
    email_content: str = "portal"
    """What an e-mail contains: `portal`, a sign-in link; `archive-link`, an expiring link to the PDF that works
    without signing in; `attachment`, the PDF encrypted with the guarantor's password."""
    unread_email_days: int = 0
    """Days in which an e-mailed document must be opened on the portal; after them it goes on paper, once, as the same
    document. Requires the portal's reads (`portal_reads_url`, or files in the inbox). At least 7 less than
    `policy.due_days`. An e-mail that is released too late for its paper is withheld (`DUE_PASSED`). 0: e-mail is
    enough. Final notices always go on paper at once."""
    email_link_days: int = 7
    """Days that an `archive-link` works, 1 to 7 (the S3 maximum)."""
    mailer_id: str = ""
    """The hospital's USPS Mailer ID for the Intelligent Mail barcode. Empty: the vendor prints the barcode."""
    service_type: str = ""
    """The three-digit Service Type ID of the Intelligent Mail barcode, as agreed with the vendor."""
    preflight_sample_every: int = 50
    """Preflight also reads the rendered image of one in this many pieces. 1: every piece."""
    final_vendor_status: FinalVendorStatus = FinalVendorStatus.NOTHING
    """The last status that the print vendor reports for a piece: `nothing`, `acknowledged`, or `mailed`. The legal
    clocks and the closing of a batch wait for it."""
    assumed_mailing_business_days: int = 3
    """Business days from hand-off (or acknowledgment) to the mail, if the vendor does not report the mailing
    (`final_vendor_status` is `nothing` or `acknowledged`). Every date that a letter counts as mailed is this much
    later, so that no legal clock runs before the letter is in the mail. Use the vendor's contract; more is safer."""
    ack_deadline_hours: int = 1
    """Hours after hand-off when a missing acknowledgment becomes an alert."""
    mailed_deadline_business_days: int = 2
    """Business days after hand-off when a missing mailed report becomes an alert."""
    inbox: str = ""
    """Folder where delivery reports arrive."""
    vendor_reports_url: str = ""
    """Where the print vendor leaves its reports: an `sftp:` or `file:` URL. Empty: they are placed in the inbox."""
    portal_kinds: tuple[Kind, ...] = tuple(kind for kind in Kind if kind.traits.on_portal)
    """Document kinds that the portal feed has."""
    portal_documents: str = "archive"
    """How the portal gets the PDFs: `archive`, each line says where in the archive; `zip`, beside each feed file, for a
    portal that cannot read the archive."""
    portal_reads_url: str = ""
    """Where the portal leaves its files of documents that were opened: an `sftp:` or `file:` URL. Empty: they are
    placed in the inbox."""
    bounce_mailbox_url: str = ""
    """Mailbox for bounced e-mail: a `file:` URL (Maildir, or a folder of `.eml` files) or an `imaps:` URL."""
    settle_seconds: int = 60
    """A file is taken in when it has not changed for this many seconds, so that no file is read while it is still being
    written. 0: at once; only if everything writes under a temporary name, such as `x.csv.part`, and then renames."""
    reversals_max: int = 5
    """Rejected and returned pieces that one run of the tracking records on its own. A file that would exceed it waits
    for an operator: `statements track --accept FILE`."""
    authserv_id: str = ""
    """The name that your mail server puts first in the Authentication-Results header. A bounce whose sender it found
    forged waits for a person. Empty: the header is not read."""
    sns_topics: tuple[str, ...] = ()
    """ARNs of the Amazon SNS topics that publish your SES events. A notification of another topic waits for a
    person."""


class PayrollSettings(Record, kw_only=True):
    """Payroll deductions of the hospital's employees."""

    url: str = ""
    """URL of the folder from which payroll takes in deduction files: `file:///…` or `sftp://…`. Empty: none are
    sent."""
    deduction_code: str = "HOSPITAL"
    """Payroll's code for deductions that pay hospital bills. A deduction that was sent keeps its code."""
    answers_url: str = ""
    """Where payroll leaves its answer files: an `sftp:` or `file:` URL. Empty: they are placed in `payroll.inbox`."""
    inbox: str = ""
    """Folder where payroll's answer files arrive."""


class PlacementSettings(Record, kw_only=True):
    """Placement with collection agencies. The gates are in `policy`."""

    agencies: tuple[Agency, ...] = ()
    """The agencies, in the order in which the shares are counted. Empty: nothing is placed. `policy.agency_name` must
    contain the name of each agency that takes first placements, because final notices print it."""
    itemization: ItemizationDate = ItemizationDate.LAST_STATEMENT
    """The itemization date of every placed debt: `last_statement`, the mailing of the last statement or letter, or
    `transaction`, the last day of the service (12 CFR 1006.34(b)(3))."""
    inbox: str = ""
    """Folder where agencies' files arrive, each agency's in a subfolder with its id."""
    answer_days: int = 5
    """Days after a placement file, or a recall, when a missing answer of the agency becomes an alert."""


class ReleaseSettings(ReleaseByKind, kw_only=True):
    """Who must release a batch."""

    volume_change_max_percent: int = 25
    """A larger change in the number of documents since the previous batch of this kind requires an operator."""
    amount_change_max_percent: int = 20
    """A larger change in the average amount since the previous batch of this kind requires an operator."""
    hold_doubled_count_min: int = 20
    """A hold code that more than doubled since the previous batch requires an operator, from this many accounts on."""
    dual_control_level_min: int = 4
    """A batch with a letter of this dunning level or higher always requires dual control."""
    amount_max_cents: int = 25_000_000
    """A document above this amount requires an operator."""
    templates: str = "auto"
    """Who must have approved the version of the templates: `auto`, nobody; `person`, one user; `dual-control`, two
    different users. A batch made with a version that lacks it requires an operator."""

    def by(self, kind: Kind) -> str:
        """`auto`, `person`, or `dual-control` for one kind of document."""
        return str(getattr(self, kind.name_in_code))


class RetentionSettings(RetentionByKind, kw_only=True):
    """How long `statements purge` keeps mail, in years from the last change of its deliveries."""

    state_law_years: int = 0
    """Years that the law of the hospital's state requires for billing records. The longer period counts. 0: none."""

    def years(self, kind: Kind) -> int:
        """How many years one kind of document is kept."""
        return max(int(getattr(self, f"{kind.name_in_code}_years")), self.state_law_years)


_AIRFLOW = "airflow:"


class AirflowUser(NamedTuple):
    """A user of Airflow, as a role names one."""

    name: str
    user_id: str
    """The id by which Airflow's auth manager knows the user. Empty: not known."""


class RoleSettings(Record, kw_only=True):
    """Who may do what. As soon as one of these is set, whatever is not set is allowed to nobody.

    Each is a list of `group:NAME`, a group of the operating system; `airflow:NAME` or `airflow:NAME=ID`, a user of
    Airflow and the user's id there; `web:NAME`, a user whom the console's proxy signed in; and `schedule`, the runs
    that Airflow starts itself.
    """

    run: tuple[str, ...] | None = None
    """Who may open a batch with `statements run` or by triggering its DAG."""
    rerun: tuple[str, ...] | None = None
    """Who may finish a batch with `statements rerun` or the DAG `rerun_batch`."""
    release: tuple[str, ...] | None = None
    """Who may release a batch. If each Airflow user in it has an id, Airflow lets only these respond to an approval."""
    reject: tuple[str, ...] | None = None
    """Who may reject a batch."""
    void: tuple[str, ...] | None = None
    """Who may void a document."""
    resend: tuple[str, ...] | None = None
    """Who may resend a document or a print file."""
    reprint: tuple[str, ...] | None = None
    """Who may mail a copy of a document."""
    correct: tuple[str, ...] | None = None
    """Who may correct a document."""
    resolve: tuple[str, ...] | None = None
    """Who may record the outcome of a hand-off that is unknown."""
    track: tuple[str, ...] | None = None
    """Who may process delivery reports, by command or by triggering the DAG."""
    adopt: tuple[str, ...] | None = None
    """Who may adopt a store that was moved or restored."""
    request: tuple[str, ...] | None = None
    """Who may record and withdraw requests for documents."""
    work: tuple[str, ...] | None = None
    """Who may assign, note, snooze and finish rows of the work queue."""
    hold: tuple[str, ...] | None = None
    """Who may hold all mail to a guarantor in this service, and lift that hold."""
    templates: tuple[str, ...] | None = None
    """Who may approve a version of the templates."""
    payroll: tuple[str, ...] | None = None
    """Who may send deductions to payroll and collect its answers."""
    place: tuple[str, ...] | None = None
    """Who may propose lists for collection agencies, send files to them, collect theirs, and recall accounts."""
    approve_placement: tuple[str, ...] | None = None
    """Who may approve or reject a list for collection agencies. Never the person who proposed it."""
    evidence: tuple[str, ...] | None = None
    """Who may request, read, and write evidence packets. An approval also requires `evidence.officers`."""
    purge: tuple[str, ...] | None = None
    """Who may purge what is past its retention, and place and lift legal holds."""
    console: tuple[str, ...] | None = None
    """Who may open the console and look at everything in it. If a user of Airflow is among them, Airflow serves it."""

    @property
    def are_set(self) -> bool:
        """Whether any of them is set."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)

    def allowed(self, verb: str) -> tuple[str, ...]:
        """Who may use this verb, by its name here: members without the ids that Airflow has for them."""
        return tuple(_split_id(member)[0] for member in getattr(self, verb) or ())

    def airflow_users(self, verb: str) -> tuple[AirflowUser, ...]:
        """The users of Airflow who may use this verb."""
        split = [_split_id(member) for member in getattr(self, verb) or () if member.startswith(_AIRFLOW)]
        return tuple(AirflowUser(member.removeprefix(_AIRFLOW), user_id) for member, user_id in split)


def _split_id(member: str) -> tuple[str, str]:
    """A member of a role, and the id at the end of a user of Airflow; empty if there is none."""
    name, equals, user_id = member.rpartition("=")
    return (name, user_id) if equals and member.startswith(_AIRFLOW) else (member, "")


class ConsoleSettings(Record, kw_only=True):
    """The operator's console in the browser, `statements serve`."""

    port: int = 8321
    """Port on the loopback address where the console listens."""
    public_url: str = ""
    """Address of the console behind a proxy that signs people in, such as `https://mail.hospital.example`. Empty: there
    is no proxy, and the console opens with a one-time link."""
    user_header: str = "X-Forwarded-User"
    """Header in which the proxy names the user. It is believed only beside `STATEMENTS_PROXY_SECRET`."""
    finds_names: bool = False
    """Whether the console finds accounts by name. The ledger has no names, so a search reads the billing system."""
    requires_proof: bool = False
    """Whether the person who releases a batch in the console must have opened each document of its proof."""


class CostSettings(Record, kw_only=True):
    """What mail costs, from the contracts with the vendors, for `statements report mail-cost`. Cents for 1,000, because
    one e-mail costs less than a cent. 0: not known, and counted as nothing."""

    letter_postage_per_1000_cents: int = 0
    """Postage of 1,000 letters: 52000 for $0.52 each."""
    flat_postage_per_1000_cents: int = 0
    """Postage of 1,000 pieces in a larger envelope."""
    envelope_per_1000_cents: int = 0
    """What the vendor charges for 1,000 pieces, whatever their pages: envelopes, inserting, and data."""
    sheet_per_1000_cents: int = 0
    """What the vendor charges for 1,000 printed sheets."""
    email_per_1000_cents: int = 0
    """What the mail service charges for 1,000 e-mails."""


class CostReportSettings(Record, kw_only=True):
    """The Medicare cost report, for `statements report exhibit-2a` and the other exhibits."""

    ccn: str = ""
    """The hospital's CMS certification number. Empty: give `--ccn`."""
    fiscal_year_end_month: int = 12
    """The month, 1 to 12, in which the fiscal year ends. Without `--from` and `--to`, an exhibit is of the year that
    ended last."""
    prepared_by: str = ""
    """Who prepares the exhibits, as printed. Empty: who runs the command."""
    column_numbers: tuple[ColumnNumber, ...] = ()
    """Numbers of columns that differ in the version of the CMS template that you file: one table for each, with
    `exhibit`, `label`, and `number`."""


class EvidenceSettings(Record, kw_only=True):
    """Evidence packets for auditors and courts."""

    officers: tuple[str, ...] = ()
    """The user names of the officers who may approve a packet. Nobody approves a packet that they requested. Empty: no
    packet can be approved."""


class Settings(Record, kw_only=True):
    """All settings of one facility."""

    facility: Facility | None = None
    """The hospital as documents print it. Required to render."""
    ledger: str = ""
    """SQLAlchemy URL of the ledger: `sqlite:///…` on one machine, `postgresql+psycopg://…` on several."""
    archive: str = ""
    """URL of the archive: `file:///…` or `s3://bucket/prefix`."""
    print: str = ""
    """URL of the print vendor: `file:///…`, `sftp://…`, or `lob://…`."""
    email: str = ""
    """URL of the mail service: `file:///…`, `smtp://…`, or `ses://…`."""
    portal: str = ""
    """URL of the folder or bucket from which the patient portal takes in what left: `file:///…`, `sftp://…`, or
    `s3://bucket/prefix`. Empty: no feed."""
    source: SourceSettings = SourceSettings()
    """The billing data source."""
    policy: Policy = Policy()
    """Thresholds and legal numbers."""
    render: RenderSettings = RenderSettings()
    """How documents are rendered."""
    mail: MailSettings = MailSettings()
    """Print and e-mail delivery."""
    payroll: PayrollSettings = PayrollSettings()
    """Payroll deductions of the hospital's employees."""
    placement: PlacementSettings = PlacementSettings()
    """Placement with collection agencies."""
    release: ReleaseSettings = ReleaseSettings()
    """Who must release a batch."""
    retention: RetentionSettings = RetentionSettings()
    """How long mail is kept."""
    roles: RoleSettings = RoleSettings()
    """Who may do what. Nothing set: everybody who can read the settings."""
    console: ConsoleSettings = ConsoleSettings()
    """The operator's console in the browser."""
    costs: CostSettings = CostSettings()
    """What mail costs."""
    cost_report: CostReportSettings = CostReportSettings()
    """The Medicare cost report."""
    evidence: EvidenceSettings = EvidenceSettings()
    """Evidence packets for auditors and courts."""

    def __repr__(self) -> str:
        """Without values: a log of a traceback may show it, and the URLs of databases may contain passwords."""
        return "Settings(…)"

    def require_facility(self) -> Facility:
        """The facility. ConfigError if there is none: a bill without the hospital's phone number is useless."""
        if self.facility is None:
            raise ConfigError(
                "No [facility] in the settings. Its name, addresses, phone numbers, and links are on every page. "
                "Add it to statements.toml (docs/configure/settings.md)."
            )
        return self.facility
