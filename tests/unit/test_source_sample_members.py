"""Members of the sample: bars that can be, consistent with the basket, and what happens to constituents.

Expected values come from the other payloads of the sample and from arithmetic written out here.
"""

import io

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.sources.sample import SampleSource
from dagster_project.sources.table_file import read_table_file

TABLES = ("daily_bars", "fund_holdings", "index_membership", "security_identifiers")


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    source = SampleSource()
    return {ref.table: pd.read_csv(io.BytesIO(source.fetch(ref).content)) for ref in source.plan(TABLES).payloads}


@pytest.fixture(scope="module")
def bars(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = frames["daily_bars"]
    return rows[rows["symbol"].str.startswith("SIM")]


def test_two_sources_say_the_same() -> None:
    one, other = SampleSource(), SampleSource()
    for ref in one.plan(TABLES).payloads:
        assert one.fetch(ref).content == other.fetch(ref).content


def test_every_row_keeps_its_contract() -> None:
    source = SampleSource()
    for ref in source.plan(TABLES).payloads:
        text = read_table_file(source.fetch(ref).content, ref.name)
        assert validate(CONTRACTS[ref.table], text.frame, "sample").rejects.empty, ref.table


def test_members_are_sixty_and_names_say_that_they_are_simulated(frames: dict[str, pd.DataFrame]) -> None:
    membership = frames["index_membership"]
    assert set(membership["index_id"]) == {"IWM"}
    assert membership["member_id"].nunique() == 60
    assert membership["member_id"].str.startswith("SIM-").all()
    assert set(membership["member_id"]) == set(frames["security_identifiers"]["member_id"])


def test_bars_are_possible_and_on_sessions(bars: pd.DataFrame) -> None:
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    calendar = exchange_calendars.get_calendar("XNYS", start="2015-12-01", end="2017-12-29")
    sessions = set(calendar.sessions.strftime("%Y-%m-%d"))
    assert set(bars["session_date"]) == sessions
    full = bars.groupby("symbol").size()
    assert (full[full.index.str.startswith("SIMS")] == len(sessions)).all()


def test_closes_pass_through_the_prices_of_the_basket(bars: pd.DataFrame, frames: dict[str, pd.DataFrame]) -> None:
    held = frames["fund_holdings"]
    held = held[held["fund_symbol"] == "IWM"]
    both = bars.merge(held, left_on=["symbol", "session_date"], right_on=["ticker", "as_of_date"])
    assert len(both) == 56 * held["as_of_date"].nunique()
    np.testing.assert_allclose(both["close"], both["price_usd"], atol=0.0051)
    weight = both.groupby("as_of_date")["weight_pct"].sum()
    assert (weight > 50).all(), "breadth compares returns by weight from half of the basket on"


def test_one_is_listed_late_one_taken_over_one_renamed_one_split(bars: pd.DataFrame) -> None:
    span = bars.groupby("symbol")["session_date"].agg(["min", "max"])
    assert tuple(span.loc["SIME01"]) == ("2016-05-16", "2017-12-29")
    assert tuple(span.loc["SIME02"]) == ("2015-12-01", "2016-11-18")
    assert tuple(span.loc["SIME03"]) == ("2015-12-01", "2017-02-28")
    assert tuple(span.loc["SIME.N"]) == ("2017-03-01", "2017-12-29")
    splits = bars[bars["split_ratio"] != 1]
    assert splits[["symbol", "session_date", "split_ratio"]].values.tolist() == [["SIME04", "2016-09-12", 2.0]]


def test_an_end_is_told_on_its_day(frames: dict[str, pd.DataFrame]) -> None:
    for table in ("index_membership", "security_identifiers"):
        told = frames[table]
        ended = told[told["valid_to"].notna()]
        assert len(ended) > 0
        assert (ended["available_at"] == ended["valid_to"]).all()
        assert (told[told["valid_to"].isna()]["available_at"] == told[told["valid_to"].isna()]["valid_from"]).all()
