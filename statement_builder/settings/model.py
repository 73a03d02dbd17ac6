"""The settings as typed, frozen records. The docstring of each field is its description in `statements settings`."""

from __future__ import annotations

from pathlib import Path

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.billing.selection import FinalVendorStatus, Kind
from statement_builder.errors import ConfigError
from statement_builder.policy.settings import Policy
from statement_builder.resources import SQL_ROOT


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
    """Languages with an approved translation. An account in any other language is an exception."""
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
    document. Requires the portal's reads (`portal_reads_url`, or files in the inbox). 0: e-mail is enough. Final
    notices always go on paper at once."""
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
    portal_kinds: tuple[Kind, ...] = (Kind.STATEMENT, Kind.OB_NOTICE, Kind.DUNNING)
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


class ReleaseSettings(Record, kw_only=True):
    """Who must release a batch."""

    statement: str = "person"
    """Release of statements: `person`, by an operator; `dual-control`, by a different operator from the one who opened
    the batch; `auto`, automatic if all gates foot and nothing is unusual."""
    ob_notice: str = "person"
    """Release of obstetric notices: `person`, `dual-control`, or `auto`."""
    dunning: str = "person"
    """Release of dunning letters: `person`, `dual-control`, or `auto`."""
    volume_change_max_percent: int = 25
    """A larger change in the number of documents since the previous batch of this kind requires an operator."""
    amount_change_max_percent: int = 20
    """A larger change in the average amount since the previous batch of this kind requires an operator."""
    hold_doubled_count_min: int = 20
    """A hold code that more than doubled since the previous batch requires an operator, from this many accounts on."""
    dual_control_level_min: int = 4
    """A batch with a letter of this dunning level or higher always requires dual control (domain rules, 9)."""
    amount_max_cents: int = 25_000_000
    """A document above this amount requires an operator."""

    def by(self, kind: Kind) -> str:
        """`auto`, `person`, or `dual-control` for one kind of document."""
        return str(getattr(self, kind.value.replace("-", "_")))


class RetentionSettings(Record, kw_only=True):
    """How long `statements purge` keeps mail, in years from the last change of its deliveries."""

    statement_years: int = 10
    """Years that statements are kept, 1 to 100. A false claim may be sued over for 10 years (31 USC 3731(b)(2))."""
    ob_notice_years: int = 10
    """Years that obstetric notices are kept, 1 to 100."""
    dunning_years: int = 10
    """Years that letters are kept, 1 to 100."""
    state_law_years: int = 0
    """Years that the law of the hospital's state requires for billing records. The longer period counts. 0: none."""

    def years(self, kind: Kind) -> int:
        """How many years one kind of document is kept."""
        return max(int(getattr(self, f"{kind.value.replace('-', '_')}_years")), self.state_law_years)


class RoleSettings(Record, kw_only=True):
    """Who may do what. As soon as one of these is set, whatever is not set is allowed to nobody.

    Each is a list of `group:NAME`, a group of the operating system; `airflow:NAME`, a user of Airflow; and `schedule`,
    the runs that Airflow starts itself.
    """

    run: tuple[str, ...] | None = None
    """Who may open a batch with `statements run` or by triggering its DAG."""
    rerun: tuple[str, ...] | None = None
    """Who may finish a batch with `statements rerun` or the DAG `rerun_batch`."""
    release: tuple[str, ...] | None = None
    """Who may release a batch. The Airflow users in it are the ones who may respond to an approval."""
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
    purge: tuple[str, ...] | None = None
    """Who may purge what is past its retention, and place and lift legal holds."""

    @property
    def are_set(self) -> bool:
        """Whether any of them is set."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)

    def allowed(self, verb: str) -> tuple[str, ...]:
        """Who may use this verb, by its name here."""
        return tuple(getattr(self, verb) or ())


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
    release: ReleaseSettings = ReleaseSettings()
    """Who must release a batch."""
    retention: RetentionSettings = RetentionSettings()
    """How long mail is kept."""
    roles: RoleSettings = RoleSettings()
    """Who may do what. Nothing set: everybody who can read the settings."""

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
