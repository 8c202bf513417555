"""Faulty deliveries, brought in by the real extraction from a real inbox: where they end and what is said.

The table is `daily_bars`; the rules for every other contract are in tests/unit/test_validate.py.
"""

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dagster_project import steps
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import SourceError
from dagster_project.settings import Settings
from dagster_project.steps import ExtractResult
from tests import market
from tests.helpers import files_settings

BARS = CONTRACTS["daily_bars"]
FRAME = market.bars(first="2017-01-03", last="2017-03-31")
GOOD = market.csv(FRAME)
ROWS = len(FRAME)
IWM_ROW = int(FRAME.index[FRAME["symbol"] == "IWM"][10])
"""A row in the middle of the file; it stands on line IWM_ROW + 2."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return files_settings(tmp_path)


def extract(settings: Settings, table: str = "daily_bars") -> ExtractResult:
    return steps.extract(settings, CONTRACTS[table], steps.new_build_id())


def ask(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def failed(done: ExtractResult) -> dict[str, str]:
    return {check.check_id.removeprefix("daily_bars__"): check.severity for check in done.checks if not check.passed}


def with_value(column: str, value: object) -> Callable[[], bytes]:
    def content() -> bytes:
        frame = FRAME.astype({column: object})
        frame.loc[IWM_ROW, column] = value
        return market.csv(frame)

    return content


def with_line(edit: Callable[[str], str]) -> Callable[[], bytes]:
    def content() -> bytes:
        lines = GOOD.decode().splitlines()
        lines[IWM_ROW + 1] = edit(lines[IWM_ROW + 1])
        return ("\n".join(lines) + "\n").encode()

    return content


def with_lines_after(*edits: Callable[[str], str]) -> Callable[[], bytes]:
    """Copies of the line, edited, at the end of the file."""

    def content() -> bytes:
        line = GOOD.decode().splitlines()[IWM_ROW + 1]
        return GOOD + "".join(edit(line) + "\n" for edit in edits).encode()

    return content


def another_volume(line: str) -> str:
    fields = line.split(",")
    return ",".join([*fields[:6], "17", *fields[7:]])


# --- single rows: quarantine with file, line, column and reason; the rest is usable


@pytest.mark.parametrize(
    ("content", "rule", "column", "words"),
    [
        (with_value("close", "n/a"), "value_typed", "close", ["close", "'n/a'", "finite number"]),
        (with_value("close", "NaN"), "value_typed", "close", ["'NaN'"]),
        (with_value("volume", "inf"), "value_typed", "volume", ["'inf'"]),
        (with_value("open", ""), "value_present", "open", ["open is empty"]),
        (with_value("close", -5), "value_in_bounds", "close", ["close", "-5", "> 0"]),
        (with_value("close", 0), "value_in_bounds", "close", ["> 0"]),
        (with_value("high", 1e9), "value_in_bounds", "high", ["<= 10000000"]),
        (with_value("high", 0.5), "bar_possible", "high", ["impossible"]),
        (with_value("session_date", "1812-06-24"), "value_in_bounds", "session_date", ["1812-06-24", ">= 1927-01-01"]),
        (with_value("session_date", "2017-02-30"), "value_typed", "session_date", ["2017-02-30", "YYYY-MM-DD"]),
        (with_value("session_date", "01/18/2017"), "value_typed", "session_date", ["01/18/2017"]),
        (with_value("dividend", -1), "value_in_bounds", "dividend", [">= 0"]),
        (with_line(lambda line: line + ",surplus"), "fields_complete", None, ["10 fields", "header 9"]),
        (with_line(lambda line: line.rsplit(",", 3)[0]), "fields_complete", None, ["6 fields"]),
    ],
)
def test_bad_row_goes_to_quarantine_and_the_rest_is_used(settings: Settings, content, rule, column, words):
    file = market.deliver(settings.inbox_dir, content())
    done = extract(settings)
    found = ask(settings, "select name, line, column_name, rule, reason, row_json from quarantine.daily_bars")
    assert (file.name, IWM_ROW + 2, column, rule) in {row[:4] for row in found}
    assert {row[1] for row in found} == {IWM_ROW + 2}
    reason = next(row[4] for row in found if row[3] == rule)
    assert all(word in reason for word in words), reason
    assert "IWM" in found[0][5]
    assert ask(settings, "select count(*) from raw.daily_bars") == [(ROWS - 1,)]
    assert done.report.problems == []
    assert any(str(file) in remark and "1 rows in quarantine.daily_bars" in remark for remark in done.report.remarks)
    assert failed(done)[rule] == "warn"
    [check] = [check for check in done.checks if check.check_id == f"daily_bars__{rule}"]
    assert check.failed_rows == 1
    assert f"{file.name} line {IWM_ROW + 2}" in check.message
    assert not check.is_blocking


def test_equal_duplicates_are_read_once(settings: Settings):
    market.deliver(settings.inbox_dir, with_lines_after(str, str)())
    done = extract(settings)
    assert ask(settings, "select count(*) from raw.daily_bars") == [(ROWS,)]
    assert ask(settings, "select count(*) from quarantine.daily_bars") == [(0,)]
    assert any("2 repeated rows with equal values" in remark for remark in done.report.remarks)
    assert failed(done) == {}


def test_conflicting_duplicates_are_all_in_quarantine(settings: Settings):
    market.deliver(settings.inbox_dir, with_lines_after(another_volume)())
    done = extract(settings)
    assert ask(settings, "select line, rule, column_name from quarantine.daily_bars order by line") == [
        (IWM_ROW + 2, "grain_unique", "session_date"), (ROWS + 2, "grain_unique", "session_date")]  # fmt: skip
    assert ask(settings, "select count(*) from raw.daily_bars") == [(ROWS - 1,)]
    assert failed(done) == {"grain_unique": "warn"}


def test_unsorted_rows_are_no_fault(settings: Settings):
    market.deliver(settings.inbox_dir, FRAME.sample(frac=1, random_state=5))
    assert failed(extract(settings)) == {}
    assert ask(settings, "select count(*), round(sum(close), 4) from raw.daily_bars") == [
        (ROWS, pytest.approx(FRAME["close"].sum(), abs=1e-4))]  # fmt: skip


def test_unmarked_split_keeps_the_old_scale_only(settings: Settings):
    market.deliver(settings.inbox_dir, market.rescaled_from(FRAME, "IWM", "2017-02-15", 2))
    done = extract(settings)
    after = int(((FRAME["symbol"] == "IWM") & (FRAME["session_date"] >= "2017-02-15")).sum())
    assert failed(done) == {"splits_marked": "warn"}
    assert ask(settings, "select count(*), min(row_json::json->>'session_date') from quarantine.daily_bars") == [
        (after, "2017-02-15")]  # fmt: skip
    assert ask(settings, "select max(session_date)::varchar from raw.daily_bars where symbol = 'IWM'") == [
        ("2017-02-14",)
    ]


def test_extra_column_is_left_alone_and_remarked(settings: Settings):
    file = market.deliver(settings.inbox_dir, FRAME.assign(colour="red"))
    done = extract(settings)
    assert failed(done) == {}
    assert done.report.remarks == [f"{file}: column colour is not in the contract, left alone"]


def test_file_of_bad_rows_only_is_quarantined_whole(settings: Settings):
    market.deliver(settings.inbox_dir, FRAME.head(20).assign(dividend="none"))
    done = extract(settings)
    assert ask(settings, "select count(distinct line) from quarantine.daily_bars") == [(20,)]
    assert failed(done) == {"value_typed": "warn", "has_rows": "warn"}


# --- whole files: refused, the last good rows stay


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


UNUSABLE = {
    "empty file": ("a.csv", b"", ["empty", "Deliver it again"]),
    "blank lines": ("a.csv", b"\n\n", ["no rows"]),
    "header only": ("a.csv", GOOD.splitlines()[0] + b"\n", ["not one row"]),
    "semicolons": ("a.csv", GOOD.replace(b",", b";"), ["line 1", "semicolon", "commas"]),
    "tabs": ("a.csv", GOOD.replace(b",", b"\t"), ["line 1", "tab"]),
    "latin-1": ("a.csv", GOOD + "Société,2017-01-03,1,1,1,1,0,0,1\n".encode("latin-1"), [f"line {ROWS + 2}", "UTF-8"]),
    "utf-16": ("a.csv", GOOD.decode().encode("utf-16"), ["UTF-8"]),
    "missing column": (
        "a.csv",
        market.csv(FRAME.drop(columns="close")),
        ["column close is missing", "Add it to the header"],
    ),
    "renamed column": ("a.csv", GOOD.replace(b"session_date", b"date", 1), ["column session_date is missing", "date"]),
    "column twice": ("a.csv", GOOD.replace(b"open", b"close", 1), ["close", "twice", "Remove one"]),
    "not gzip": ("a.csv.gz", GOOD, ["gzip"]),
    "gzip cut": ("a.csv.gz", gzip.compress(GOOD)[:-100], ["gzip", "Deliver it again"]),
    "parquet cut": ("a.parquet", parquet(FRAME)[: len(parquet(FRAME)) // 2], ["Parquet", "Deliver it again"]),
    "html with status 200": ("a.csv", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", ["missing", "Add it"]),
}
unusable = pytest.mark.parametrize(("name", "content", "words"), UNUSABLE.values(), ids=UNUSABLE)


@unusable
def test_unusable_file_is_refused_with_file_reason_and_what_to_do(settings: Settings, name, content, words):
    file = market.deliver(settings.inbox_dir, content, name)
    done = extract(settings)
    [problem] = done.report.problems
    assert problem.startswith(f"{file}: ")
    assert all(word in problem for word in words), problem
    assert failed(done) == {"payload_readable": "error", "has_rows": "warn"}
    assert ask(settings, "select count(*) from raw.daily_bars") == [(0,)]
    assert ask(settings, "select status, reason from ops.payload_log") == [("refused", problem)]
    assert ask(settings, "select status, problems from ops.domain_status") == [("problem", [problem])]


@unusable
def test_unusable_file_leaves_the_last_good_rows(settings: Settings, name, content, words):
    good = gzip.compress(GOOD) if name.endswith("gz") else parquet(FRAME) if name.endswith("parquet") else GOOD
    market.deliver(settings.inbox_dir, good, name)
    assert extract(settings).report.problems == []
    market.deliver(settings.inbox_dir, content, name)
    done = extract(settings)
    assert len(done.report.problems) == 1
    assert ask(settings, "select count(*), count(*) filter (is_removed) from raw.daily_bars") == [(ROWS, 0)]
    again = extract(settings)
    assert again.report.problems == done.report.problems
    market.deliver(settings.inbox_dir, good, name)
    assert extract(settings).report.problems == []


def test_unusable_file_does_not_hold_up_the_other_files_and_tables(settings: Settings):
    market.deliver(settings.inbox_dir, b"", "a.csv")
    market.deliver(settings.inbox_dir, FRAME, "b.csv")
    market.deliver(settings.inbox_dir, b"rate_date,effr_pct\n2017-05-26,0.91\n", "r.csv", table="policy_rates")
    assert len(extract(settings).report.problems) == 1
    assert extract(settings, "policy_rates").report.problems == []
    assert ask(settings, "select (select count(*) from raw.daily_bars), (select count(*) from raw.policy_rates)") == [
        (ROWS, 1)
    ]


def test_folder_for_a_file(settings: Settings):
    folder = settings.inbox_dir / "daily_bars" / "prices.csv"
    folder.mkdir(parents=True)
    done = extract(settings)
    assert done.report.problems == [f"{folder}: expected a file, found a folder. Move its files one level up."]
    assert failed(done) == {"payload_readable": "error", "has_rows": "warn"}


def test_file_without_read_rights_or_dangling(settings: Settings):
    folder = settings.inbox_dir / "daily_bars"
    folder.mkdir(parents=True)
    (folder / "a.csv").symlink_to(folder / "gone.csv")
    [problem] = extract(settings).report.problems
    assert re.search(r"a\.csv: cannot be read \(No such file.*Check the file", problem)


def test_file_for_a_table_folder(settings: Settings):
    settings.inbox_dir.mkdir(parents=True)
    (settings.inbox_dir / "daily_bars").write_text("x")
    done = extract(settings)
    assert done.report.problems == []
    assert any("expected a folder with files of table daily_bars" in remark for remark in done.report.remarks)


def test_file_cut_off_is_refused(settings: Settings):
    market.deliver(settings.inbox_dir, GOOD)
    extract(settings)
    file = market.deliver(settings.inbox_dir, GOOD[: len(GOOD) * 3 // 8])
    done = extract(settings)
    [problem] = done.report.problems
    assert problem.startswith(str(file))
    assert "--accept-removals" in problem
    assert failed(done)["removals_explained"] == "error"
    assert ask(settings, "select count(*) from raw.daily_bars where is_removed") == [(0,)]
    assert steps.extract(settings, BARS, steps.new_build_id(), accept_removals=True).report.problems == []


def test_file_cut_off_at_the_end_of_a_symbol_does_not_pass_silently(settings: Settings):
    market.deliver(settings.inbox_dir, FRAME)
    extract(settings)
    market.deliver(settings.inbox_dir, FRAME[FRAME["symbol"].isin(["^RUT", "^GSPC"])])
    done = extract(settings)
    assert done.report.problems + done.report.remarks != []


def test_good_parquet_and_gzip_and_csv_make_the_same_rows(tmp_path: Path):
    found = []
    for number, (name, content) in enumerate(
        [("a.csv", GOOD), ("a.csv.gz", gzip.compress(GOOD)), ("a.parquet", parquet(FRAME)),
         ("a.parquet", parquet(FRAME.assign(session_date=pd.to_datetime(FRAME["session_date"])))),
         ("a.csv", b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))]
    ):  # fmt: skip
        settings = files_settings(tmp_path / str(number))
        market.deliver(settings.inbox_dir, content, name)
        assert failed(extract(settings)) == {}
        found.append(ask(settings, "select * exclude (observed_at) from raw.daily_bars order by all"))
    assert all(rows == found[0] for rows in found)


# --- nothing to read


def test_missing_inbox_stops_before_anything_is_written(settings: Settings):
    with pytest.raises(SourceError, match=r"does not exist.*INBOX"):
        steps.check_source(settings)
    assert not settings.data_dir.exists()


def test_empty_inbox_says_what_to_put_there(settings: Settings):
    settings.inbox_dir.mkdir()
    with pytest.raises(SourceError, match=r"no file for any table.*daily_bars/prices\.csv"):
        steps.check_source(settings)


def test_no_data_for_a_domain_warns(settings: Settings):
    market.deliver(settings.inbox_dir, GOOD)
    done = extract(settings, "fund_nav_shares")
    assert done.report.problems == []
    assert [(check.check_id, check.severity) for check in done.checks if not check.passed] == [
        ("fund_nav_shares__has_rows", "warn")]  # fmt: skip
