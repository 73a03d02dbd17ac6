"""Print files reach a vendor's folder, local or over SFTP, exactly once, even if the process is killed at any step."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import mail_house.email.factory as mailers
import mail_house.vendors.factory as print_vendors
from mail_house.errors import Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import PrintFile
from mail_house.vendors import PrintVendor, open_print_vendor
from mail_house.vendors.folder import open_local_directory
from tests.mail_house.pieces import make_print_file

OpenVendor = Callable[[], PrintVendor]

FILE = make_print_file(pages=(1, 2))
OTHER = make_print_file(pages=(1, 2, 3))
THREE = [f"{FILE.name}.csv", f"{FILE.name}.ctl", f"{FILE.name}.pdf"]


@pytest.fixture(params=["folder", "sftp"])
def open_vendor(request: pytest.FixtureRequest, tmp_path: Path) -> OpenVendor:
    """Each call opens the vendor as a new process would."""

    def open_one() -> PrintVendor:
        if request.param == "folder":
            return open_print_vendor(tmp_path.as_uri(), environ={})
        server = request.getfixturevalue("sftp_server")
        return open_print_vendor(server.url(tmp_path), environ=server.environ)

    return open_one


def hand_over(vendor: PrintVendor, file: PrintFile = FILE) -> None:
    vendor.prepare(file)
    vendor.commit(file)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_hand_over__delivers_the_three_files_unchanged(open_vendor: OpenVendor, tmp_path: Path) -> None:
    vendor = open_vendor()
    vendor.prepare(FILE)
    assert names(tmp_path) == [f"{FILE.name}.csv", f"{FILE.name}.pdf"], "the control file must be last"
    receipt = vendor.commit(FILE)
    assert names(tmp_path) == THREE
    assert (tmp_path / f"{FILE.name}.pdf").read_bytes() == FILE.pdf
    assert (tmp_path / f"{FILE.name}.csv").read_bytes() == FILE.manifest
    assert (tmp_path / f"{FILE.name}.ctl").read_bytes() == FILE.control
    assert receipt.reference == FILE.name
    assert receipt.detail["sha256"] == FILE.sha256
    assert receipt.at.utcoffset() is not None


def test_find__nothing_was_uploaded(open_vendor: OpenVendor) -> None:
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is None


def test_killed_after_prepare__nothing_was_handed_over_and_the_rerun_completes(open_vendor: OpenVendor) -> None:
    open_vendor().prepare(FILE)
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is None
    hand_over(open_vendor())
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is not None


def test_killed_after_commit__returns_the_same_receipt_and_changes_nothing(
    open_vendor: OpenVendor, tmp_path: Path
) -> None:
    vendor = open_vendor()
    vendor.prepare(FILE)
    receipt = vendor.commit(FILE)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) == receipt
    assert open_vendor().commit(FILE) == receipt
    hand_over(open_vendor())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_killed_during_upload__uploads_the_partial_file_again(open_vendor: OpenVendor, tmp_path: Path) -> None:
    (tmp_path / f"{FILE.name}.pdf.part").write_bytes(FILE.pdf[: len(FILE.pdf) // 2])
    (tmp_path / f"{FILE.name}.ctl.part").write_bytes(b"{")
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is None
    hand_over(open_vendor())
    assert names(tmp_path) == THREE
    assert (tmp_path / f"{FILE.name}.pdf").read_bytes() == FILE.pdf


def test_prepare__replaces_an_earlier_build_that_was_never_committed(open_vendor: OpenVendor, tmp_path: Path) -> None:
    open_vendor().prepare(OTHER)
    hand_over(open_vendor())
    assert (tmp_path / f"{FILE.name}.pdf").read_bytes() == FILE.pdf
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is not None


def test_commit__requires_the_other_files(open_vendor: OpenVendor, tmp_path: Path) -> None:
    with pytest.raises(Retryable, match=r"\.pdf is not complete"):
        open_vendor().commit(FILE)
    open_vendor().prepare(FILE)
    (tmp_path / f"{FILE.name}.csv").write_bytes(FILE.manifest[:10])
    with pytest.raises(Retryable, match=r"\.csv is not complete"):
        open_vendor().commit(FILE)
    assert open_vendor().find(FILE.name, sha256=FILE.sha256) is None


@pytest.mark.parametrize("step", ["prepare", "commit", "find"])
def test_another_print_file_has_the_name__is_not_changed(step: str, open_vendor: OpenVendor, tmp_path: Path) -> None:
    hand_over(open_vendor(), OTHER)
    vendor = open_vendor()
    steps: dict[str, Callable[[], object]] = {
        "prepare": lambda: vendor.prepare(FILE),
        "commit": lambda: vendor.commit(FILE),
        "find": lambda: vendor.find(FILE.name, sha256=FILE.sha256),
    }
    with pytest.raises(Permanent, match="another print file was handed over"):
        steps[step]()
    assert (tmp_path / f"{FILE.name}.pdf").read_bytes() == OTHER.pdf
    assert (tmp_path / f"{FILE.name}.ctl").read_bytes() == OTHER.control


def test_find__control_file_of_another_program(open_vendor: OpenVendor, tmp_path: Path) -> None:
    (tmp_path / f"{FILE.name}.ctl").write_bytes(b"records=2\n")
    with pytest.raises(Permanent, match="not one of our control files"):
        open_vendor().find(FILE.name, sha256=FILE.sha256)


@pytest.mark.parametrize("suffix", ["pdf", "csv"])
def test_find__file_damaged_after_the_hand_over__is_unknown(
    suffix: str, open_vendor: OpenVendor, tmp_path: Path
) -> None:
    hand_over(open_vendor())
    (tmp_path / f"{FILE.name}.{suffix}").write_bytes(b"damaged")
    with pytest.raises(UnknownOutcome, match=rf"\.{suffix} .* differs from the file that was handed over"):
        open_vendor().find(FILE.name, sha256=FILE.sha256)


def test_find__file_removed_after_the_hand_over__is_unknown(open_vendor: OpenVendor, tmp_path: Path) -> None:
    hand_over(open_vendor())
    (tmp_path / f"{FILE.name}.pdf").unlink()
    with pytest.raises(UnknownOutcome, match="ask the vendor"):
        open_vendor().find(FILE.name, sha256=FILE.sha256)


def test_collects__is_false_by_default(open_vendor: OpenVendor) -> None:
    assert open_vendor().collects is False


def test_check__leaves_nothing_behind(open_vendor: OpenVendor, tmp_path: Path) -> None:
    open_vendor().check()
    assert names(tmp_path) == []


def test_folder__is_created_if_missing(tmp_path: Path) -> None:
    vendor = open_print_vendor((tmp_path / "out" / "print").as_uri(), environ={})
    hand_over(vendor)
    assert names(tmp_path / "out" / "print") == THREE


def test_folder__files_are_not_readable_by_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_local_directory(tmp_path / "print") as directory:
            directory.stage("a.pdf", b"a patient's page")
            directory.publish("a.pdf")
    finally:
        os.umask(before)
    assert (tmp_path / "print").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "print" / "a.pdf").stat().st_mode & 0o007 == 0


def test_folder__file_with_the_folders_name__is_misconfigured(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(Misconfigured, match="fix the folder"):
        open_print_vendor((tmp_path / "out").as_uri(), environ={}).check()


def test_folder__full_disk__is_retryable(tmp_path: Path) -> None:
    import resource

    vendor = open_print_vendor(tmp_path.as_uri(), environ={})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(FILE.pdf) // 2, hard))
    try:
        with pytest.raises(Retryable, match="nothing was handed over"):
            vendor.prepare(FILE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert vendor.find(FILE.name, sha256=FILE.sha256) is None
    hand_over(vendor)
    assert names(tmp_path) == THREE


@pytest.mark.parametrize(
    ("url", "environ", "complaint"),
    [
        pytest.param("ftp://vendor/in", {}, "use file:, sftp: or lob:", id="unknown-scheme"),
        pytest.param("file://server/in", {}, "full path", id="file-with-host"),
        pytest.param("file:///in?collects=yes", {}, "not an option of file", id="unknown-option"),
        pytest.param("sftp://vendor/in?host_key=SHA256:x", {}, "must name user and host", id="no-user"),
        pytest.param("sftp://u@vendor/in", {}, "pin the host key of vendor .*ssh-keyscan -p 22", id="no-pin"),
        pytest.param("sftp://u@vendor/in?host_key=MD5:aa", {}, "pin the host key", id="weak-pin"),
        pytest.param("sftp://u:secret@vendor/in", {}, "must not contain a password", id="password-in-url"),
        pytest.param("sftp://u@vendor/in?host_key=SHA256:x", {}, "set STATEMENTS_SFTP_KEY", id="no-login"),
        pytest.param(
            "sftp://u@vendor/in?host_key=SHA256:x&collects=maybe",
            {"STATEMENTS_SFTP_PASSWORD": "p"},
            "no or yes",
            id="collects-invalid",
        ),
        pytest.param("sftp://u@vendor:port/in", {}, "not a URL", id="bad-port"),
        pytest.param("sftp://u@vendor/in?host_key", {}, "has no value", id="option-without-value"),
    ],
)
def test_open_print_vendor__names_the_problem(url: str, environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        open_print_vendor(url, environ=environ)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("module", [print_vendors, mailers], ids=["print", "email"])
def test_options__are_explained_in_one_table(module: ModuleType) -> None:
    """The table in the module's docstring lists exactly the options that are accepted."""
    documented: dict[str, set[str]] = {}
    scheme = ""
    for first, option in re.findall(r"^\| (.*?) ?\| (?:`(\w+)`)?", module.__doc__ or "", re.MULTILINE)[1:]:
        scheme = first.strip("`").partition(":")[0] or scheme
        documented.setdefault(scheme, set())
        documented[scheme] |= {option} - {""}
    common = documented.pop("all schemes", set())
    assert {scheme: options | common for scheme, options in documented.items()} == {
        scheme: set(options) for scheme, options in module.OPTIONS.items()
    }
