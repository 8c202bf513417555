"""Mart `breadth` against pandas, day by day and member by member, on adversarial members.

The answers share no code with the models: who belonged to an index, whose a ticker was and which bar holds are looked
up for each day anew among the vintages.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.contracts.availability import nyse_sessions
from tests.made_once import made_once
from tests.member_builds import Compiled, Warehouse, compile_models
from tests.members import FIRST_YEAR, LAST_YEAR, TABLES, members

FOREVER = pd.Timestamp("2200-01-01")
YEAR = 252


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    compiled: Compiled = made_once(shared / "member_models", compile_models)
    made = members(7_200, 20170526, tmp_path_factory.mktemp("breadth"), payloads=4, threads=1)
    built = Warehouse(compiled, made)
    for payload in (2, 4):
        built.take_in(payload)
        built.build()
    yield built
    built.connection.close()


@pytest.fixture(scope="module")
def raw(warehouse: Warehouse) -> dict[str, pd.DataFrame]:
    tables = {name: warehouse.connection.sql(f"select * from raw.{name}").df() for name in TABLES}
    tables["daily_bars"] = warehouse.connection.sql("select * from raw.daily_bars_on_current_scale").df()
    return tables


def known_on(vintages: pd.DataFrame, keys: list[str], day: pd.Timestamp) -> pd.DataFrame:
    """Spells in force on a day, by what was known at its end."""
    seen = vintages[vintages["available_at"] < day + pd.Timedelta(days=1)]
    order = ["available_at", "observed_at", "payload_seq"]
    last = seen.sort_values(order).drop_duplicates([*keys, "valid_from"], keep="last")
    ends = last["valid_to"].fillna(FOREVER)
    return last[~last["is_removed"] & (last["valid_from"] <= day) & (ends >= day)]


def key_of(symbol: pd.Series) -> pd.Series:
    return symbol.str.upper().str.replace(r"[.\-/ ]", "", regex=True)


def owners(identifiers: pd.DataFrame, day: pd.Timestamp) -> dict[str, str]:
    """Member by ticker on a day: the spell that began last has it, and a member has one."""
    spells = known_on(identifiers, ["member_id", "symbol"], day).assign(key=lambda f: key_of(f["symbol"]))
    spells = spells.assign(known=spells["available_at"].dt.normalize())
    by_ticker = spells.sort_values(["valid_from", "known", "member_id"], ascending=[False, False, True])
    by_member = by_ticker.drop_duplicates("key").sort_values(
        ["valid_from", "known", "key"], ascending=[False, False, True]
    )
    return {row.key: row.member_id for row in by_member.drop_duplicates("member_id").itertuples()}


def bars_that_hold(bars: pd.DataFrame) -> pd.DataFrame:
    """The latest vintage of each source; spellings and sources stay apart."""
    order = ["available_at", "observed_at", "payload_seq", "close"]
    last = bars.sort_values(order, na_position="first").drop_duplicates(
        ["symbol", "session_date", "source"], keep="last"
    )
    return last[~last["is_removed"]].assign(key=lambda f: key_of(f["symbol"]))


@pytest.fixture(scope="module")
def closes(raw: dict[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Closes of each member by session, on the scale of its first ticker."""
    bars = bars_that_hold(raw["daily_bars"])
    ranks = {"files": 1, "yahoo": 7}
    bars = bars.assign(rank=bars["source"].map(ranks))
    sessions = set(pd.DatetimeIndex(nyse_sessions(FIRST_YEAR, LAST_YEAR)))
    ever = set(raw["index_membership"].loc[~raw["index_membership"]["is_removed"], "member_id"])
    found: dict[str, list[tuple[pd.Timestamp, str, float, float]]] = {}
    for day, of_day in bars.groupby("session_date"):
        holders = owners(raw["security_identifiers"], day)
        of_day = of_day.assign(member=of_day["key"].map(holders)).dropna(subset="member")
        chosen = of_day.sort_values(
            ["available_at", "observed_at", "rank", "symbol"], ascending=[False, False, True, True]
        ).drop_duplicates("member")
        for row in chosen.itertuples():
            if row.member in ever:
                found.setdefault(row.member, []).append((day, row.key, row.close, row.split_ratio))
    series = {}
    for member, rows in found.items():
        tickers = list(dict.fromkeys(key for _, key, _, _ in rows))
        scale, factor = {}, 1.0
        for number, ticker in enumerate(tickers):
            splits = [ratio for _, key, _, ratio in rows if key == ticker and ratio > 0]
            factor *= float(np.prod(splits)) if number else 1.0
            scale[ticker] = factor
        series[member] = pd.Series(
            {day: close * scale[key] for day, key, close, _ in rows if close > 0 and day in sessions}
        ).round(8)
    return series


def test_there_are_troubles_in_it(raw: dict[str, pd.DataFrame], warehouse: Warehouse) -> None:
    """A comparison of clean rows would pass with the faults in."""
    bars = raw["daily_bars"]
    assert bars["is_removed"].any() and bars["close"].isna().any() and (bars["close"] == 0).any()
    assert (bars["split_ratio"] > 1).any() and len(raw["split_events"]) > 0
    [(scaled, shared_tickers)] = warehouse.connection.execute(
        "select count(*) filter (scale_factor <> 1), (select count(*) from (select symbol from "
        "intermediate.int_members__symbol_spells group by symbol having count(distinct member_id) > 1)) "
        "from intermediate.int_members__symbol_spells"
    ).fetchall()
    assert shared_tickers > 0 and scaled >= 0


def test_breadth_is_that_of_pandas(
    warehouse: Warehouse, raw: dict[str, pd.DataFrame], closes: dict[str, pd.Series]
) -> None:
    mart = warehouse.connection.sql("select * from marts.breadth order by index_id, session_date").df()
    index_bars = bars_that_hold(raw["daily_bars"])
    index_bars = index_bars[(index_bars["source"] == "files") & (index_bars["close"] > 0)]
    index_closes = {name: part.set_index("session_date")["close"] for name, part in index_bars.groupby("symbol")}
    calendar = pd.DatetimeIndex(nyse_sessions(FIRST_YEAR, LAST_YEAR))
    checked = 0
    for row in mart.iloc[::7].itertuples():
        day = row.session_date
        belong = set(
            known_on(raw["index_membership"], ["index_id", "member_id"], day).query("index_id == @row.index_id")[
                "member_id"
            ]
        )
        present = {m: closes[m][:day] for m in belong if m in closes and day in closes[m].index}
        assert (row.members, row.members_with_data) == (len(belong), len(present)), (row.index_id, day)
        for length, share, count in (
            (50, row.above_50d_pct, row.members_with_50d),
            (200, row.above_200d_pct, row.members_with_200d),
        ):
            above = [c.iloc[-1] > c.iloc[-length:].mean() for c in present.values() if len(c) >= length]
            assert count == len(above)
            assert share == pytest.approx(100 * np.mean(above)) if above else np.isnan(share)
        old = [c.iloc[-YEAR:] for c in present.values() if len(c) >= YEAR]
        assert row.members_with_252d == len(old)
        if old:
            assert row.new_highs == sum(c.iloc[-1] > c.iloc[:-1].max() for c in old)
            assert row.new_lows == sum(c.iloc[-1] < c.iloc[:-1].min() for c in old)
        index = index_closes.get(row.index_id, pd.Series(dtype=float))
        longer = [c for c in present.values() if len(c) > YEAR]
        ahead = [
            c.iloc[-1] / c.iloc[-1 - YEAR] > index[day] / index[c.index[-1 - YEAR]]
            for c in longer
            if day in index.index
            and c.index[-1 - YEAR] in index.index
            and c.index[-1 - YEAR] >= mart.loc[mart["index_id"] == row.index_id, "session_date"].min()
        ]
        assert row.members_compared == len(ahead)
        assert row.ahead_of_index_pct == pytest.approx(100 * np.mean(ahead)) if ahead else True
        weights = _weights(raw, row.index_id, day)
        if weights is None:
            assert np.isnan(row.equal_minus_cap_weight_pp) and row.weights_reason
        else:
            before = calendar[calendar.get_loc(day) - 1]
            used = [
                (weights[m], 100 * (c.iloc[-1] / c.iloc[-2] - 1))
                for m, c in present.items()
                if m in weights and len(c) > 1 and c.index[-2] == before
            ]
            told = sum(weight for weight, _ in used)
            assert row.weight_with_return_pct == pytest.approx(told, abs=1e-9)
            if told >= 50:
                equal = np.mean([value for _, value in used])
                capped = sum(weight * value for weight, value in used) / told
                assert row.equal_minus_cap_weight_pp == pytest.approx(equal - capped, rel=1e-6, abs=1e-8)
                checked += 1
    assert checked > 20


def _weights(raw: dict[str, pd.DataFrame], index_id: str, day: pd.Timestamp) -> dict[str, float] | None:
    """Weights by member of the latest basket that was known before the day."""
    held = raw["fund_holdings"]
    held = held[(held["fund_symbol"] == index_id) & (held["weight_pct"] > 0)]
    known = held.groupby("as_of_date")["available_at"].max().dt.normalize()
    known = known[known < day]
    if known.empty:
        return None
    as_of = known.index.max()
    holders = owners(raw["security_identifiers"], as_of)
    basket = held[held["as_of_date"] == as_of].assign(member=lambda f: key_of(f["ticker"]).map(holders))
    return basket.dropna(subset="member").groupby("member")["weight_pct"].sum().to_dict()
