"""What a replay forgets and what it keeps: revisions, tombstones, splits, decisions; its instant and its directory."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import SmallcapError, WarehouseError
from dagster_project.warehouse.archive import utc_now
from dagster_project.warehouse.ingest import ingest_pending
from dagster_project.warehouse.quarantine import decide
from dagster_project.warehouse.replay import (
    forget_later,
    put_in_place,
    read_instant,
    refuse_other_mode,
    replay_database,
    replay_name,
)
from tests import market
from tests.helpers import FIRST_READING, Store

SECOND_READING = FIRST_READING + timedelta(days=1)
HEADER = "symbol,session_date,open,high,low,close"
IMPOSSIBLE = "103,103.5,102,104\n"
"""The close lies above the high."""
CLOSES = """
    select session_date, close from (
        select * from raw.daily_bars_on_current_scale where symbol = 'IWM'
        qualify row_number() over (partition by session_date order by available_at desc, observed_at desc) = 1
    ) where not is_removed order by session_date
"""


def bars(*closes: float, first: str = "2017-05-22") -> str:
    days = market.sessions(first, "2017-12-29")
    rows = [f"IWM,{day},{c},{c},{c},{c}" for day, c in zip(days, closes, strict=False)]
    return "\n".join([HEADER, *rows]) + "\n"


def closes(store: Store) -> list[float]:
    return [close for _, close in store.rows(CLOSES)]


# --- the instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2017-05-26", datetime(2017, 5, 27, 3, 59, 59)),
        ("2017-01-10", datetime(2017, 1, 11, 4, 59, 59)),
        ("2017-03-12", datetime(2017, 3, 13, 3, 59, 59)),  # the day on which New York sets its clocks forward
        ("2017-05-26T16:00:00-04:00", datetime(2017, 5, 26, 20)),
        ("2017-05-26T20:00Z", datetime(2017, 5, 26, 20)),
        ("2026-01-05T12:00:00.000001+00:00", datetime(2026, 1, 5, 12, 0, 0, 1)),
    ],
)
def test_date_is_its_end_in_new_york_and_an_instant_has_a_zone(text: str, instant: datetime):
    assert read_instant(text) == instant


@pytest.mark.parametrize("text", ["yesterday", "", "2017-02-30", "2017-05-26T16:00:00", "2017-05-26T25:00Z", "latest"])
def test_instant_that_cannot_be_read(text: str):
    with pytest.raises(SmallcapError, match="expected YYYY-MM-DD") as caught:
        read_instant(text)
    assert repr(text) in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01T00:00+14:00"])
def test_instant_outside_what_a_clock_can_show(text: str):
    with pytest.raises(SmallcapError, match="is no instant"):
        read_instant(text)


def test_instant_in_the_future():
    with pytest.raises(SmallcapError, match="lies in the future"):
        read_instant(f"{utc_now() + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}Z")


def test_name_of_a_replay_is_its_instant():
    assert replay_name(datetime(2017, 5, 27, 3, 59, 59)) == "20170527T035959Z"
    assert replay_name(datetime(2026, 1, 5, 12, 0, 0, 1)) == "20260105T120000.000001Z"


# --- what was known


def test_rows_hold_from_when_the_market_could_know_them(store: Store):
    store.read(bars(101, 102, 103, 104, 105))
    store.read(
        "fund_symbol,as_of_date,nav_usd,shares_outstanding\n"
        "IWM,2017-05-24,136,2.6e8\nIWM,2017-05-25,137,2.6e8\nIWM,2017-05-26,137,2.6e8\n",
        table="fund_nav_shares",
    )
    forget_later(store.connection, datetime(2017, 5, 26, 13, 30))
    assert store.rows("select max(session_date) from raw.daily_bars") == [(date(2017, 5, 25),)]
    assert store.rows("select max(as_of_date) from raw.fund_nav_shares") == [(date(2017, 5, 25),)]


def test_revision_is_known_from_when_it_was_observed(store: Store):
    store.read(bars(101, 102, 103, 104, 105))
    store.read(bars(101, 102, 103.5, 104, 105))
    forget_later(store.connection, SECOND_READING)
    assert closes(store) == [101, 102, 103.5, 104, 105]
    forget_later(store.connection, SECOND_READING - timedelta(microseconds=1))
    assert closes(store) == [101, 102, 103, 104, 105]


def test_removal_is_known_from_when_it_was_observed(store: Store):
    store.read(bars(101, 102, 103, 104, 105))
    store.read("\n".join(line for line in bars(101, 102, 103, 104, 105).splitlines() if "2017-05-24" not in line))
    forget_later(store.connection, SECOND_READING)
    assert closes(store) == [101, 102, 104, 105]
    forget_later(store.connection, read_instant("2017-05-26"))
    assert closes(store) == [101, 102, 103, 104, 105]


def test_stated_instant_counts_and_not_the_reading(store: Store):
    header = "company_id,concept,period_type,period_end,filed_date,value,available_at\n"
    fact = "0001,revenue,FY,2016-12-31,2017-02-20"
    store.read(bars(101))
    store.read(header + f"{fact},5,2017-02-20\n", name="first.csv", table="company_facts")
    store.read(header + f"{fact},6,2017-06-01\n", name="restated.csv", table="company_facts")
    values = "select value from raw.company_facts order by 1"
    forget_later(store.connection, read_instant("2017-06-01"))
    assert store.rows(values) == [(5,), (6,)]
    forget_later(store.connection, read_instant("2017-05-30"))
    assert store.rows(values) == [(5,)]


def test_released_row_was_known_when_its_day_was(store: Store):
    """A person let it in years later; that decides about our rule and not about what the market knew."""
    store.read(bars(101, 102) + "IWM,2017-05-24," + IMPOSSIBLE)
    decide(store.connection, store.archive, "release", ["daily_bars:1:4"], "right after all")
    ingest_pending(store.connection, store.archive, CONTRACTS["daily_bars"])
    forget_later(store.connection, read_instant("2017-05-24"))
    assert closes(store) == [101, 102, 104]
    assert store.rows("select is_released from raw.daily_bars where session_date = '2017-05-24'") == [(True,)]


def test_rows_of_later_days_leave_quarantine(store: Store):
    no_columns = "IWM,2017-05-31,103"
    store.read(bars(101, 102) + "IWM,2017-05-24," + IMPOSSIBLE + "IWM,2017-05-30," + IMPOSSIBLE + no_columns + "\n")
    store.read(
        "contract_month,session_date,settle\n2017-06,2017-05-24,-5\n2017-06,2017-05-30,-5\n", table="fed_funds_futures"
    )
    forget_later(store.connection, read_instant("2017-05-26"))
    [(early,), (unreadable,)] = store.rows("select distinct row_json from quarantine.daily_bars order by line")
    assert "2017-05-24" in early
    assert unreadable == no_columns, "a row whose columns cannot be told has no day"
    assert store.rows("select count(*) from quarantine.fed_funds_futures where row_json like '%05-24%'") == [(1,)]
    assert store.count("quarantine.fed_funds_futures") == 1


def test_before_all_prices_there_is_nothing_to_replay(store: Store):
    store.read("rate_date,tenor,par_yield_pct\n2017-05-01,10yr,2.3\n", table="treasury_yields")
    with pytest.raises(WarehouseError, match="no prices"):
        forget_later(store.connection, read_instant("2017-05-26"))
    store.read(bars(101, 102))
    with pytest.raises(WarehouseError, match="the first one is of 2017-05-22 20:00:00 UTC"):
        forget_later(store.connection, read_instant("2017-05-19"))
    assert store.count("raw.treasury_yields") == 1


# --- splits

SPLIT_DAY = "2017-06-05"
DAY_BEFORE_SPLIT = "2017-06-02"


def histories() -> tuple[pd.DataFrame, pd.DataFrame]:
    """IWM up to the day before a 3-for-1 split, and the longer history restated after it."""
    true = market.rescaled_from(market.bars(["IWM"], "2017-04-03", "2017-06-30"), "IWM", SPLIT_DAY, 3)
    restated = market.split_adjusted(true, "IWM", SPLIT_DAY, 3)
    return true[(true["session_date"] < SPLIT_DAY) & (true["session_date"] >= "2017-05-01")], restated


def test_split_is_known_on_its_day_though_the_warehouse_saw_it_years_later(store: Store):
    old, restated = histories()
    store.read(old)
    store.read(restated)
    forget_later(store.connection, read_instant(SPLIT_DAY))
    known = restated[restated["session_date"] <= SPLIT_DAY]
    assert closes(store) == pytest.approx(known["close"].tolist())
    assert store.count("raw.split_events") == 1


def test_before_a_split_the_history_has_the_scale_of_then(store: Store):
    """Also its older part, which the warehouse first read on the scale after the split."""
    old, restated = histories()
    store.read(old)
    store.read(restated)
    forget_later(store.connection, read_instant(DAY_BEFORE_SPLIT))
    assert store.count("raw.split_events") == 0
    found = {day.isoformat(): close for day, close in store.rows(CLOSES)}
    assert [found[day] for day in old["session_date"]] == old["close"].tolist()
    older = restated[restated["session_date"] < "2017-05-01"]
    assert len(older) > 15
    assert [found[day] for day in older["session_date"]] == pytest.approx((3 * older["close"]).tolist())
    volumes = store.rows("select volume from raw.daily_bars where session_date < '2017-05-01' order by session_date")
    assert [volume for (volume,) in volumes] == pytest.approx((older["volume"] / 3).tolist())


def test_of_two_splits_the_later_one_alone_is_taken_back(store: Store):
    old, restated = histories()
    store.read(old)
    store.read(market.split_adjusted(restated, "IWM", "2017-06-20", 2))
    assert store.count("raw.split_events") == 2
    forget_later(store.connection, read_instant(SPLIT_DAY))
    assert store.rows("select cast(split_date as varchar) from raw.split_events") == [(SPLIT_DAY,)]
    known = restated[restated["session_date"] <= SPLIT_DAY]
    assert closes(store) == pytest.approx(known["close"].tolist())


def test_split_whose_mark_is_a_revision_is_known_from_the_revision(store: Store):
    """The split day came without its mark and a person let it in: until the mark came there was no split to know."""
    old, restated = histories()
    split_row = restated[restated["session_date"] == SPLIT_DAY].assign(split_ratio=1.0)
    store.read(pd.concat([old, split_row]))
    decide(store.connection, store.archive, "release", [f"daily_bars:1:{len(old) + 2}"], "so it was delivered")
    store.read(restated)
    assert store.count("raw.split_events") == 1
    forget_later(store.connection, read_instant("2017-06-30"))
    assert store.count("raw.split_events") == 0
    assert closes(store)[-len(restated[restated["session_date"] > SPLIT_DAY]) - 1] == split_row["close"].item()


def test_history_that_was_read_on_one_scale_stays_on_it(store: Store):
    _, restated = histories()
    store.read(restated)
    forget_later(store.connection, read_instant(DAY_BEFORE_SPLIT))
    assert closes(store) == restated[restated["session_date"] < SPLIT_DAY]["close"].tolist()


# --- the directory


def made(directory: Path, text: str, is_simulated: bool = False) -> Path:
    directory.mkdir(parents=True)
    (directory / "market.duckdb").write_text(text)
    (directory / "manifest.json").write_text(json.dumps({"is_simulated": is_simulated}))
    return directory


def test_second_replay_of_an_instant_takes_the_place_of_the_first(tmp_path: Path):
    final = made(tmp_path / "20170527T035959Z", "first")
    (final / "notes.txt").write_text("of the first")
    put_in_place(made(tmp_path / ".partial", "second"), final)
    assert [path.name for path in tmp_path.iterdir()] == [final.name]
    assert sorted(path.name for path in final.iterdir()) == ["manifest.json", "market.duckdb"]
    assert (final / "market.duckdb").read_text() == "second"


@pytest.mark.parametrize(("held", "kind"), [(True, "simulated"), (False, "real")])
def test_real_and_simulated_replays_do_not_replace_each_other(tmp_path: Path, held: bool, kind: str):
    final = made(tmp_path / "20170527T035959Z", "held", is_simulated=held)
    refuse_other_mode(final, held)
    with pytest.raises(WarehouseError, match=f"is a replay of {kind} data") as caught:
        refuse_other_mode(final, not held)
    assert f"rm -r {final}" in str(caught.value)


def test_reader_of_a_replay_that_is_not_there_sees_those_there_are(tmp_path: Path):
    made(tmp_path / "20170527T035959Z", "whole")
    made(tmp_path / ".partial", "torn")
    assert replay_database(tmp_path, read_instant("2017-05-26")).read_text() == "whole"
    with pytest.raises(WarehouseError, match=r"there are: 20170527T035959Z\.") as caught:
        replay_database(tmp_path, read_instant("2017-05-25"))
    assert "20170526T035959Z" in str(caught.value)
