"""The inbox: what is offered, what is remarked, what cannot be used."""

from pathlib import Path

import pytest

from dagster_project.sources.base import PayloadRef, Source, SourceError
from dagster_project.sources.files import FilesSource

TABLES = ("daily_bars", "policy_rates")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(inbox: Path, name: str, content: bytes = b"x") -> Path:
    file = inbox / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_files_of_every_format_are_offered_by_name(inbox: Path):
    for name in ("daily_bars/b.csv", "daily_bars/a.parquet", "daily_bars/c.csv.gz", "policy_rates/r.csv"):
        put(inbox, name)
    source: Source = FilesSource(inbox, TABLES)
    plan = source.plan(TABLES)
    assert [(ref.table, ref.name) for ref in plan.payloads] == [
        ("daily_bars", "a.parquet"), ("daily_bars", "b.csv"), ("daily_bars", "c.csv.gz"), ("policy_rates", "r.csv")
    ]  # fmt: skip
    assert plan.remarks == ()
    assert [ref.name for ref in source.plan(["policy_rates"]).payloads] == ["r.csv"]


def test_bytes_are_fetched_as_they_are(inbox: Path):
    put(inbox, "daily_bars/a.csv", b"\x00\xff\r\n")
    source = FilesSource(inbox, TABLES)
    [ref] = source.plan(TABLES).payloads
    assert source.fetch(ref).content.read_bytes() == b"\x00\xff\r\n"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("tick_data/a.csv", "tick_data"),
        ("stray.csv", "stray.csv"),
        ("daily_bars/a.xlsx", "a.xlsx"),
        ("policy_rates", "expected a folder"),
    ],
)
def test_what_is_not_known_is_remarked_and_left_alone(inbox: Path, name, word):
    put(inbox, name)
    plan = FilesSource(inbox, TABLES).plan(TABLES)
    assert plan.payloads == ()
    [remark] = plan.remarks
    assert word in remark
    assert str(inbox) in remark


@pytest.mark.parametrize("name", [".DS_Store", "README.md", "daily_bars/.gitkeep", "daily_bars/README.txt"])
def test_hidden_files_and_readmes_are_no_remark(inbox: Path, name):
    put(inbox, name)
    assert FilesSource(inbox, TABLES).plan(TABLES).remarks == ()


def test_inbox_that_is_missing_or_a_file_says_what_was_expected(tmp_path: Path):
    for inbox, word in ((tmp_path / "none", "does not exist"), (put(tmp_path, "file"), "is a file")):
        with pytest.raises(SourceError) as caught:
            FilesSource(inbox, TABLES).plan(TABLES)
        for part in (str(inbox), word, "daily_bars", "INBOX"):
            assert part in str(caught.value)


def test_folder_in_place_of_a_file(inbox: Path):
    (inbox / "daily_bars" / "a.csv").mkdir(parents=True)
    source = FilesSource(inbox, TABLES)
    [ref] = source.plan(TABLES).payloads
    with pytest.raises(SourceError, match=r"a\.csv: expected a file, found a folder"):
        source.fetch(ref)


def test_file_that_vanished_or_dangles(inbox: Path):
    (inbox / "daily_bars").mkdir()
    (inbox / "daily_bars" / "a.csv").symlink_to(inbox / "nowhere.csv")
    source = FilesSource(inbox, TABLES)
    for ref in (*source.plan(TABLES).payloads, PayloadRef("daily_bars", "b.csv", str(inbox / "b.csv"))):
        with pytest.raises(SourceError, match=r"cannot be read \(No such file"):
            source.fetch(ref)
