"""Bytes to text: formats, line numbers, and files that are no table."""

import gzip
import io
from datetime import date, datetime

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from dagster_project.errors import SourceError
from dagster_project.sources.table_file import TextTable, read_table_file

PLAIN = b"symbol,close\nIWM,1\nSPY,2\n"


def read(content: bytes, name: str = "a.csv") -> TextTable:
    return read_table_file(content, f"inbox/daily_bars/{name}")


def texts(table: TextTable) -> list[list[str | None]]:
    return [[None if value is pd.NA else value for value in row] for row in table.frame.to_numpy().tolist()]


def as_parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "rows", "lines"),
    [
        (PLAIN, [["IWM", "1"], ["SPY", "2"]], [2, 3]),
        (PLAIN.replace(b"\n", b"\r\n"), [["IWM", "1"], ["SPY", "2"]], [2, 3]),
        (PLAIN.rstrip(), [["IWM", "1"], ["SPY", "2"]], [2, 3]),
        (b"\xef\xbb\xbf" + PLAIN, [["IWM", "1"], ["SPY", "2"]], [2, 3]),
        (b"symbol,close\n\nIWM,1\n\n\nSPY,2\n\n", [["IWM", "1"], ["SPY", "2"]], [3, 6]),
        (b"symbol,close\r\n\r\nIWM,1\r\nSPY,2\r\n", [["IWM", "1"], ["SPY", "2"]], [3, 4]),
        (b'symbol,close\n"I\nWM",1\nSPY,2\n', [["I\nWM", "1"], ["SPY", "2"]], [2, 4]),
        (b'symbol,close\n"I\r\nWM",1\r\nSPY,2\n', [["I\r\nWM", "1"], ["SPY", "2"]], [2, 4]),
        (b'"symbol","close"\n"IWM","1"\n"S""P""Y","2,5"\n', [["IWM", "1"], ['S"P"Y', "2,5"]], [2, 3]),
        (b"symbol,close\nIWM,\n,2\n,\n", [["IWM", None], [None, "2"], [None, None]], [2, 3, 4]),
        (b'symbol,close\nIWM,""\n', [["IWM", None]], [2]),
        (b" symbol , close \nIWM,1\n", [["IWM", "1"]], [2]),
        (b"symbol,close\nIWM,1\nIWM\nSPY,2,3\nQQQ,4\n", [["IWM", "1"], ["QQQ", "4"]], [2, 5]),
        ("symbol,close\nМосква,1\n".encode(), [["Москва", "1"]], [2]),
        (b"symbol,close\nNA,1\nnull,2\nNaN,3\n", [["NA", "1"], ["null", "2"], ["NaN", "3"]], [2, 3, 4]),
        (b"symbol,close\n007,1.50\n", [["007", "1.50"]], [2]),
        (b"symbol,close\n", [], []),
    ],
)
def test_csv_text_and_line_numbers(content, rows, lines):
    table = read(content)
    assert list(table.frame.columns) == ["symbol", "close"]
    assert texts(table) == rows
    assert [table.line(row) for row in range(len(rows))] == lines


def test_blank_line_before_the_header():
    table = read(b"\n\nsymbol,close\nIWM,1\n")
    assert texts(table) == [["IWM", "1"]]
    assert table.line(0) == 4


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"symbol,close\nIWM,1\nIWM\nSPY,2,3\n", [(3, 1, "IWM"), (4, 3, "SPY,2,3")]),
        (b"symbol,close\nIWM,1\n\nSPY,2,3\n", [(4, 3, "SPY,2,3")]),
        (b'symbol,close\n"I\nWM",1\nSPY,2,3\n', [(4, 3, "SPY,2,3")]),
        (b"symbol,close\r\nIWM,1\r\nSPY,2,3\r\n", [(3, 3, "SPY,2,3")]),
    ],
)
def test_ragged_rows_are_kept_with_line_and_text(content, expected):
    assert [(row.line, row.fields, row.text) for row in read(content).ragged] == expected


def test_gzip_is_read_like_its_content():
    assert texts(read(gzip.compress(PLAIN, mtime=0), "a.csv.gz")) == texts(read(PLAIN))
    assert read(gzip.compress(b"symbol,close\n\nIWM,1\n", mtime=0), "a.csv.gz").line(0) == 3


def test_parquet_becomes_the_text_a_csv_would_hold():
    table = read(
        as_parquet(
            symbol=["IWM", None],
            session_date=pa.array([date(2017, 5, 26), date(1899, 12, 31)]),
            instant=pa.array([datetime(2017, 5, 26), datetime(2017, 5, 26, 16, 30)], pa.timestamp("ns")),
            volume=pa.array([5_000_000_000, None], pa.int64()),
            close=pa.array([137.25, 1e-7], pa.float64()),
            flag=pa.array([True, False]),
            category=pa.array(["x", "y"]).dictionary_encode(),
            price=pa.array([1, 2], pa.decimal128(10, 2)),
        ),
        "a.parquet",
    )
    row = dict(zip(table.frame.columns, texts(table)[0], strict=True))
    assert row["symbol"] == "IWM"
    assert row["session_date"] == "2017-05-26"
    assert row["instant"].startswith("2017-05-26T00:00:00")
    assert row["volume"] == "5000000000"
    assert (float(row["close"]), row["category"], float(row["price"])) == (137.25, "x", 1)
    assert texts(table)[1][0] is None
    assert table.frame["session_date"].tolist()[1] == "1899-12-31"
    assert [table.line(row) for row in (0, 1)] == [1, 2]


def test_parquet_numbers_keep_every_digit():
    numbers = [0.1, 1 / 3, 1e15 + 0.5, 123456789.123456789, 5e-324]
    table = read(as_parquet(value=numbers), "a.parquet")
    assert [float(text) for [text] in texts(table)] == numbers


def test_parquet_nan_is_shown_not_swallowed():
    assert texts(read(as_parquet(value=[float("nan"), float("inf")]), "a.parquet")) == [["nan"], ["inf"]]


def test_parquet_of_nested_values_is_refused():
    with pytest.raises(SourceError, match=r"a\.parquet: column legs has type list"):
        read(as_parquet(legs=[[1, 2]]), "a.parquet")


def test_parquet_timestamps_of_sessions_are_dates_for_the_contract():
    """Spreadsheets and pandas write days as midnights."""
    from dagster_project.contracts.tables import CONTRACTS
    from dagster_project.contracts.validate import validate

    for kind in ("s", "ms", "us", "ns"):
        content = as_parquet(
            rate_date=pa.array([datetime(2017, 5, 26)], pa.timestamp(kind)),
            tenor=["10yr"],
            par_yield_pct=[2.25],
        )
        valid = validate(CONTRACTS["treasury_yields"], read(content, "a.parquet").frame, "files")
        assert valid.rows["rate_date"].dt.strftime("%Y-%m-%d").tolist() == ["2017-05-26"], kind


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", ["empty"]),
        ("a.parquet", b"", ["empty"]),
        ("a.csv.gz", b"", ["empty"]),
        ("a.csv", b"\n\n \n", ["no rows"]),
        ("a.csv", PLAIN.replace(b",", b";"), ["line 1", "semicolon", "comma"]),
        ("a.csv", PLAIN.replace(b",", b"\t"), ["line 1", "tab"]),
        ("a.csv", PLAIN.replace(b",", b"|"), ["line 1", "vertical bar"]),
        ("a.csv", b"symbol,close\nIWM,1\nCaf\xe9,2\n", ["line 3", "UTF-8", "0xe9"]),
        ("a.csv", PLAIN.decode().encode("utf-16"), ["line 1", "UTF-8"]),
        ("a.csv", b"symbol,close,close\nIWM,1,2\n", ["close", "twice"]),
        ("a.csv.gz", PLAIN, ["gzip"]),
        ("a.csv.gz", gzip.compress(PLAIN * 1000, mtime=0)[:-40], ["gzip"]),
        ("a.csv.gz", gzip.compress(PLAIN, mtime=0)[:12] + b"\xff\xff\xff" + gzip.compress(PLAIN)[15:], ["gzip"]),
        ("a.parquet", PLAIN, ["Parquet"]),
        ("a.parquet", as_parquet(symbol=["IWM"] * 1000)[:300], ["Parquet"]),
    ],
)
def test_file_that_is_no_table_says_why(name, content, words):
    with pytest.raises(SourceError) as caught:
        read(content, name)
    assert f"inbox/daily_bars/{name}" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_columns_that_differ_in_blanks_only_stand_twice():
    with pytest.raises(SourceError, match="twice"):
        read(b"symbol,close, close\nIWM,1,2\n")


def test_parquet_with_a_column_twice_is_refused():
    buffer = io.BytesIO()
    parquet.write_table(pa.table([["IWM"], [1.0], [2.0]], names=["symbol", "close", "close"]), buffer)
    with pytest.raises(SourceError):
        read(buffer.getvalue(), "a.parquet")


def test_large_file_with_bad_rows_keeps_its_line_numbers():
    """More than one block of the CSV reader (1 MB)."""
    lines = [f"S{number},{number}" for number in range(150_000)]
    lines[140_000] += ",surplus"
    table = read(("symbol,close\n" + "\n".join(lines) + "\n").encode())
    assert len(table.frame) == 149_999
    assert table.line(139_999) == 140_001
    assert table.line(140_000) == 140_003
    assert [row.line for row in table.ragged] == [140_002]
