"""A file that is larger than a piece comes to the same rows, refusals and quarantine as one that is read at once."""

from pathlib import Path

import pandas as pd
import pytest

from dagster_project.sources import table_file
from dagster_project.warehouse import payload
from dagster_project.warehouse.connection import open_warehouse
from tests.helpers import Store

SYMBOLS, DAYS = 30, 40


def history() -> pd.DataFrame:
    """Bars of SYMBOLS symbols over DAYS sessions, in the order of days, so that no batch holds a whole series."""
    days = pd.bdate_range("2016-01-04", periods=DAYS + 1).drop(pd.Timestamp("2016-01-18"))
    rows = [
        {"symbol": f"S{number:02d}", "session_date": f"{day:%Y-%m-%d}", "open": price, "high": price + 1,
         "low": price - 1, "close": price, "volume": 1000}
        for position, day in enumerate(days) for number in range(SYMBOLS) for price in [20 + number + position / 10]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def deliveries() -> list[bytes]:
    """A first reading with all kinds of trouble, a second one that revises, removes and marks a split."""
    frame = history().astype(object)
    first = frame.to_csv(index=False).splitlines()
    first[100] += ",surplus"
    first[700] = "S03,2016-01-20,1"
    first[900] = "\n" + first[900]
    first.append(first[5])  # an equal row a whole file later
    first.append(first[6].replace("1000", "2000"))  # another value of one key
    first.append("S01,2016-03-10,20,21,19,not a number,5")
    first.append("S04,2016-03-10,5.6,6,5,5.6,5")  # a fifth of the close before: an unmarked split
    second = frame.assign(split_ratio=1.0)
    second.loc[second["symbol"] == "S07", ["open", "high", "low", "close"]] /= 2
    second.loc[(second["symbol"] == "S07") & (second["session_date"] == "2016-02-10"), "split_ratio"] = 2.0
    second = second.drop(index=[37, 71])
    second.loc[200, "volume"] = 7
    return [("\n".join(first) + "\n").encode(), second.to_csv(index=False).encode()]


def held(directory: Path, contents: list[bytes]) -> dict[str, list[tuple[object, ...]]]:
    directory.mkdir(exist_ok=True)
    tables = {
        "raw": "from raw.daily_bars order by all",
        "quarantine": "from quarantine.daily_bars order by all",
        "log": "from ops.payload_log order by payload_seq",
        "splits": "from raw.split_events order by all",
    }
    with open_warehouse(directory / "real.duckdb", "files", is_simulated=False) as connection:
        store = Store(directory, connection)
        for content in contents:
            store.read(content, "all.csv")
        return {name: [tuple(map(str, row)) for row in store.rows(sql)] for name, sql in tables.items()}


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(payload, "PIECE_ROWS", 150)


def test_pieces_come_to_what_the_whole_comes_to(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    whole = held(tmp_path / "whole", deliveries())
    request.getfixturevalue("in_pieces")
    pieces = held(tmp_path / "pieces", deliveries())
    assert pieces == whole
    rules = {row[5] for row in whole["quarantine"]}
    assert rules >= {"fields_complete", "value_typed", "grain_unique", "splits_marked"}
    assert len(whole["raw"]) > SYMBOLS * DAYS


def test_a_file_without_a_column_is_refused_in_pieces_too(tmp_path: Path, in_pieces: None) -> None:
    frame = history().drop(columns="close")
    found = held(tmp_path, [frame.to_csv(index=False).encode()])
    assert found["raw"] == []
    assert "column close is missing" in str(found["log"])


def test_bytes_that_are_no_text_far_into_the_file_refuse_it(tmp_path: Path, in_pieces: None) -> None:
    lines = history().to_csv(index=False).encode().splitlines()
    lines[1000] += b"\xff"
    found = held(tmp_path, [b"\n".join(lines)])
    assert found["raw"] == []
    assert "line 1001 is not UTF-8" in str(found["log"])
