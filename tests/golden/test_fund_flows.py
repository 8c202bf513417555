"""Flow marts on the real input against figures worked out apart from this project.

Sources of the answers: the article's week and the press (methodology section 2), `vectors/02_flows.json`, plain
pandas on the input files, and arithmetic by hand beside each number. Fault and cut cases run dbt on a copy of the
warehouse.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.helpers import dbt

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"
FUNDS_FILE = SHARED / "realdata" / "inbox" / "fund_nav_shares" / "ishares.csv.gz"
VECTORS = SHARED / "vectors" / "02_flows.json"
FLOW_MARTS = {"fund_flows_daily": "session_date", "fund_flows_weekly": "week_ending"}
FLOWS = ["net_flow_usd", "net_flow_prior_nav_usd", "net_flow_lag_corrected_usd"]
NOT_CONFIRMED = "share count jump not confirmed"


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


def days(marts: duckdb.DuckDBPyConnection, fund: str) -> pd.DataFrame:
    frame = marts.execute("select * from marts.fund_flows_daily where fund_symbol = ? order by 2", [fund]).df()
    return frame.set_index("session_date")


def weeks(marts: duckdb.DuckDBPyConnection, fund: str) -> pd.DataFrame:
    frame = marts.execute("select * from marts.fund_flows_weekly where fund_symbol = ? order by 2", [fund]).df()
    return frame.set_index("week_ending")


def stamped(fund: str) -> pd.DataFrame:
    """Rows of the input file that have a NAV and a share count, on sessions: the file has two days too many."""
    rows = pd.read_csv(FUNDS_FILE, parse_dates=["as_of_date"]).dropna(subset=["nav_usd", "shares_outstanding"])
    rows = rows[rows["fund_symbol"] == fund].set_index("as_of_date").sort_index()
    return rows.drop(pd.to_datetime(["2010-05-31", "2013-06-30"]), errors="ignore")


# --- the figures of the article and the press, USD m


@pytest.mark.parametrize(
    ("week", "column", "usd_m"),
    [
        ("2017-05-24", "net_flow_usd", -1822.2),
        ("2017-05-24", "net_flow_prior_nav_usd", -1811.3),
        ("2017-05-24", "net_flow_lag_corrected_usd", -734.9),
        ("2016-11-16", "net_flow_usd", 4603.6),
    ],
)
def test_weeks_of_the_press(marts: duckdb.DuckDBPyConnection, week: str, column: str, usd_m: float) -> None:
    row = weeks(marts, "IWM").loc[week]
    assert row[column] / 1e6 == pytest.approx(usd_m, abs=0.1)
    assert row["is_complete_week"]
    assert row["sessions_in_week"] == 5


def test_days_of_the_press(marts: duckdb.DuckDBPyConnection) -> None:
    iwm = days(marts, "IWM")
    assert iwm.loc["2017-05-17":"2017-05-23", "net_flow_usd"].sum() / 1e6 == pytest.approx(-2441.7, abs=0.1)
    assert iwm.loc["2017-05-23", "ytd_flow_usd"] / 1e6 == pytest.approx(-3965.1, abs=0.1)
    assert iwm.loc["2017-05-23", "ytd_days_without_flow"] == 0
    assert iwm.loc["2017-05-24", "aum_usd"] / 1e9 == pytest.approx(34.9957, abs=0.0001)


def test_rank_needs_the_named_universe(marts: duckdb.DuckDBPyConnection) -> None:
    """The input has three funds and no SPY: 1 of 3 among those seen, undecided in the named universe."""
    row = weeks(marts, "IWM").loc["2017-05-24"]
    assert (row["rank_among_seen"], row["universe_funds"], row["universe_listed_funds"]) == (1, 3, 13)
    assert row["universe_name"] == "Smallcap Watch core US equity ETFs"
    ranked = marts.execute("select count(*) from marts.fund_flows_weekly where outflow_rank is not null").fetchall()
    assert ranked == [(0,)]


# --- plain pandas on the input file


@pytest.mark.parametrize("fund", ["IWM", "IVV", "IVE"])
def test_daily_flows_follow_from_the_file(marts: duckdb.DuckDBPyConnection, fund: str) -> None:
    rows, mart = stamped(fund), days(marts, fund)
    assert list(mart.index) == list(rows.index)
    plain = mart["null_reason"].isna() & (mart["nav_basis"] == "nav") & (mart["flow_sessions"] == 1)
    assert (~plain).sum() <= 100
    change = rows["shares_outstanding"].diff()
    prior_nav = rows["nav_usd"].shift()
    prior_is_plain = mart["nav_basis"].shift() == "nav"
    pd.testing.assert_series_equal(
        mart.loc[plain, "net_flow_usd"], (rows["nav_usd"] * change)[plain], check_names=False, check_freq=False
    )
    both = plain & prior_is_plain
    for column, expected in [
        ("net_flow_prior_nav_usd", prior_nav * change),
        ("prior_aum_usd", (rows["nav_usd"] * rows["shares_outstanding"]).shift()),
        ("net_flow_pct_aum", 100 * rows["nav_usd"] * change / (prior_nav * rows["shares_outstanding"].shift())),
    ]:
        pd.testing.assert_series_equal(mart.loc[both, column], expected[both], check_names=False, check_freq=False)
    next_is_plain = plain.shift(-1, fill_value=False) & (mart["nav_basis"] == "nav")
    pd.testing.assert_series_equal(
        mart.loc[next_is_plain, "net_flow_lag_corrected_usd"],
        (rows["nav_usd"] * change.shift(-1))[next_is_plain],
        check_names=False,
        check_freq=False,
    )
    assert np.isnan(mart["net_flow_lag_corrected_usd"].iloc[-1])
    ytd = mart["net_flow_usd"].fillna(0).groupby(mart.index.year).cumsum()
    pd.testing.assert_series_equal(mart["ytd_flow_usd"], ytd, check_names=False, check_freq=False, atol=1)


@pytest.mark.parametrize("fund", ["IWM", "IVV", "IVE"])
def test_weeks_follow_from_days(marts: duckdb.DuckDBPyConnection, fund: str) -> None:
    daily, weekly = days(marts, fund), weeks(marts, fund)
    wednesday = daily.index + pd.to_timedelta((2 - daily.index.day_of_week) % 7, unit="D")
    sums = daily["net_flow_usd"].groupby(wednesday).sum(min_count=1)
    has_null = daily["null_reason"].notna().groupby(wednesday).any()
    assert list(weekly.index) == list(sums.index)
    assert (weekly["null_reason"].notna() == has_null).all()
    good = ~has_null
    pd.testing.assert_series_equal(
        weekly.loc[good, "net_flow_usd"], sums[good], check_names=False, check_freq=False, atol=1
    )
    complete = weekly.loc[weekly["is_complete_week"], "net_flow_usd"]
    before = complete.shift().rolling(52)
    zscore = (complete - before.mean()) / before.std()
    found = weekly.loc[complete.index, "zscore_52w"]
    assert found.isna().sum() == 52
    np.testing.assert_allclose(found, zscore, atol=1e-6)
    lower = [100 * (complete.iloc[:i] < flow).mean() if i else np.nan for i, flow in enumerate(complete)]
    np.testing.assert_allclose(weekly.loc[complete.index, "outflow_pct_rank_in_own_history"], lower, atol=1e-9)


# --- the faults of the real file


@pytest.mark.parametrize(
    ("fund", "dates"),
    [
        (
            "IWM",
            "2000-05-30 2000-05-31 2000-06-01 2000-06-02 2000-06-05 2001-02-13 2001-02-14 2001-03-16 2001-09-21 "
            "2004-04-30 2005-06-15 2007-06-21 2007-06-22 2007-06-25 2007-06-28",
        ),
        ("IVV", "2000-05-22 2000-05-23 2000-05-24 2000-05-25 2000-05-26 2000-05-30 2000-10-06"),
        ("IVE", "2000-05-30 2000-05-31 2000-06-01 2000-06-02 2000-06-05"),
    ],
)
def test_spikes_and_new_levels_have_no_flow(marts: duckdb.DuckDBPyConnection, fund: str, dates: str) -> None:
    """Everything that is quarantined as a jump in 25 years, no more and no less."""
    mart = days(marts, fund)
    bad = mart[mart["null_reason"] == NOT_CONFIRMED]
    assert [f"{day:%Y-%m-%d}" for day in bad.index] == dates.split()
    assert bad[["net_flow_usd", "net_flow_prior_nav_usd", "shares_outstanding", "aum_usd"]].isna().all().all()


@pytest.mark.parametrize(
    ("fund", "day", "base", "usd"),
    [
        ("IWM", "2001-02-15", "2001-02-12", 50.739528 * (12.2e6 - 11.6e6)),
        ("IWM", "2001-03-19", "2001-03-15", 44.946269 * (16.7e6 - 14.3e6)),
        ("IWM", "2001-09-24", "2001-09-20", 0.0),
        ("IWM", "2004-05-03", "2004-04-29", 56.370853 * (88.8e6 - 92.2e6)),
        ("IWM", "2005-06-16", "2005-06-14", 64.14 * (108.45e6 - 106.85e6)),
        ("IWM", "2007-06-26", "2007-06-20", 82.29 * (88.9e6 - 114.95e6)),
        ("IWM", "2007-06-29", "2007-06-27", 82.93 * (125.75e6 - 91.6e6)),
        ("IVV", "2000-10-09", "2000-10-05", 0.0),
    ],
)
def test_reversed_spikes_are_bridged(
    marts: duckdb.DuckDBPyConnection, fund: str, day: str, base: str, usd: float
) -> None:
    row = days(marts, fund).loc[day]
    assert row["net_flow_usd"] == pytest.approx(usd, rel=1e-12, abs=1e-3)
    assert f"{row['flow_measured_from']:%Y-%m-%d}" == base
    assert row["flow_sessions"] > 1
    assert isinstance(row["flow_explanation"], str)


@pytest.mark.parametrize(
    ("fund", "first", "last", "rows", "thawed"),
    [("IWM", "2000-08-25", "2000-10-30", 46, "2000-10-31"), ("IVE", "2000-08-25", "2000-09-06", 8, "2000-09-07")],
)
def test_frozen_counts_have_no_flow(
    marts: duckdb.DuckDBPyConnection, fund: str, first: str, last: str, rows: int, thawed: str
) -> None:
    """108 and 70 equal counts: 62 of each pass, then the flow is unknown until after the next change."""
    mart = days(marts, fund)
    frozen = mart.index[mart["null_reason"] == "share count frozen"]
    assert (f"{frozen[0]:%Y-%m-%d}", f"{frozen[-1]:%Y-%m-%d}", len(frozen)) == (first, last, rows)
    caught_up = mart.index[mart["null_reason"] == "catch-up after a frozen count"]
    assert [f"{day:%Y-%m-%d}" for day in caught_up] == [thawed]


def test_wrong_navs_give_way_to_the_close(marts: duckdb.DuckDBPyConnection) -> None:
    mart = days(marts, "IWM")
    closes = mart.loc[mart["nav_basis"] == "close", "nav_usd"]
    assert {f"{day:%Y-%m-%d}": close for day, close in closes.items()} == {
        "2000-12-27": 47.75,
        "2001-07-05": 48.85,
        "2001-07-06": 47.95,
        "2001-07-09": 48.4,
        "2001-07-10": 47.5,
        "2002-01-03": 49.295,
        "2002-01-04": 49.725,
        "2002-01-07": 48.925,
        "2004-08-12": 51.685,
    }
    # 22.6 m shares, then 25.6 m: at the file's NAV of 55.49383 it would have been 166.5 m
    assert mart.loc["2001-07-05", "net_flow_usd"] == pytest.approx(48.85 * 3e6)
    assert (mart["nav_basis"].notna()).all()


def test_reasons_are_counted(marts: duckdb.DuckDBPyConnection) -> None:
    counts = marts.execute(
        "select fund_symbol, null_reason, count(*) from marts.fund_flows_daily "
        "where null_reason is not null group by all"
    ).fetchall()
    confirmed = "share count jump confirmed, not booked"
    assert sorted(counts) == sorted(
        [(fund, "first row of the fund", 1) for fund in ("IVE", "IVV", "IWM")]
        + [(fund, confirmed, 1) for fund in ("IVE", "IVV", "IWM")]
        + [("IVE", NOT_CONFIRMED, 5), ("IVV", NOT_CONFIRMED, 7), ("IWM", NOT_CONFIRMED, 15)]
        + [("IVE", "share count frozen", 8), ("IWM", "share count frozen", 46)]
        + [(fund, "catch-up after a frozen count", 1) for fund in ("IVE", "IWM")]
    )


def test_rows_without_a_session_disturb_nobody(marts: duckdb.DuckDBPyConnection) -> None:
    mart = days(marts, "IWM")
    for absent, after, before in [
        ("2010-05-31", "2010-06-01", "2010-05-28"),
        ("2013-06-30", "2013-07-01", "2013-06-28"),
        ("2024-03-29", "2024-04-01", "2024-03-28"),
    ]:
        assert pd.Timestamp(absent) not in mart.index
        assert f"{mart.loc[after, 'flow_measured_from']:%Y-%m-%d}" == before
        assert mart.loc[after, "flow_sessions"] == 1
    assert f"{mart.index[-1]:%Y-%m-%d}" == "2025-08-18"


def test_every_large_weekly_flow_is_explained(marts: duckdb.DuckDBPyConnection) -> None:
    large = marts.execute(
        "select fund_symbol, week_ending, flow_explanation, is_complete_week from marts.fund_flows_weekly "
        "where abs(net_flow_pct_aum) > 25 order by all"
    ).df()
    assert large["flow_explanation"].notna().all()
    assert large["is_complete_week"].all()
    assert large["fund_symbol"].value_counts().to_dict() == {"IWM": 20, "IVE": 3, "IVV": 3}
    assert large["week_ending"].max() == pd.Timestamp("2008-12-10")
    kinds = large["flow_explanation"].str.split(" f").str[0].value_counts().to_dict()
    assert kinds == {"usual": 10, "unusual": 7, "small": 6, "young": 3}


def test_funds_start_and_end_inside_the_history(marts: duckdb.DuckDBPyConnection) -> None:
    """IVV ends on Wednesday 2022-05-11: its last week is complete. IWM ends on a Monday: a partial sum."""
    ivv, iwm = weeks(marts, "IVV"), weeks(marts, "IWM")
    assert f"{ivv.index[-1]:%Y-%m-%d}" == "2022-05-11"
    assert ivv["is_complete_week"].iloc[-1]
    assert ivv["null_reason"].iloc[0] == "first row of the fund"
    last = iwm.iloc[-1]
    assert (last["sessions_seen"], last["sessions_in_week"], last["is_complete_week"]) == (3, 5, False)
    assert last["net_flow_usd"] == pytest.approx(days(marts, "IWM")["net_flow_usd"].iloc[-3:].sum())
    assert pd.isna(last["rank_among_seen"])


# --- dbt on a copy of the warehouse


@pytest.fixture(scope="module")
def workshop(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of copies; one place for all, because a new path makes dbt parse everything again."""
    directory = tmp_path_factory.mktemp("flows")
    shutil.copyfile(real_data_dir / "warehouse" / "real.duckdb", directory / "whole.duckdb")
    return directory


def run_models(workshop: Path, *statements: str) -> dict[str, pd.DataFrame]:
    """The flow marts after dbt has run on a copy of the warehouse that the statements have changed."""
    copy = workshop / "real.duckdb"
    shutil.copyfile(workshop / "whole.duckdb", copy)
    with duckdb.connect(str(copy)) as warehouse:
        for statement in statements:
            warehouse.execute(statement)
    done = dbt(copy, "run", "--quiet", "--select", "+fund_flows_weekly")
    assert done.returncode == 0, done.stdout[-3000:]
    with duckdb.connect(str(copy), read_only=True) as warehouse:
        return {mart: warehouse.execute(f"select * from marts.{mart} order by 1, 2").df() for mart in FLOW_MARTS}


def assert_same_past(now: dict[str, pd.DataFrame], then: dict[str, pd.DataFrame], day: str) -> None:
    """Equal up to the day, except what is known a session later on the last row of each fund.

    The tolerance is rounding: the engine adds up the rows of a window in another order when others follow.
    """
    for mart, date in FLOW_MARTS.items():
        frames = []
        for marts in (now, then):
            frame = marts[mart][marts[mart][date] <= day].reset_index(drop=True)
            last = frame.groupby("fund_symbol")[date].transform("max") == frame[date]
            frame.loc[last, "net_flow_lag_corrected_usd"] = np.nan
            frames.append(frame)
        assert len(frames[0]) > 50
        pd.testing.assert_frame_equal(*frames, check_exact=False, rtol=1e-12, atol=0)


@pytest.fixture(scope="module")
def whole(workshop: Path) -> dict[str, pd.DataFrame]:
    return run_models(workshop)


RANDOM_DAYS = [
    f"{pd.Timestamp('2000-09-01') + pd.Timedelta(days=int(offset)):%Y-%m-%d}"
    for offset in np.random.default_rng(20170526).integers(0, 8000, 5)
]


@pytest.mark.parametrize("day", RANDOM_DAYS)
def test_nothing_after_a_day_changes_it(workshop: Path, whole: dict[str, pd.DataFrame], day: str) -> None:
    cut = run_models(
        workshop,
        f"delete from raw.fund_nav_shares where as_of_date > '{day}'",
        f"delete from raw.daily_bars where session_date > '{day}'",
    )
    assert_same_past(whole, cut, day)


@pytest.mark.parametrize("day", ["2000-10-30", "2007-06-22"])
def test_altered_rows_after_a_day_do_not_change_it(workshop: Path, whole: dict[str, pd.DataFrame], day: str) -> None:
    """In a frozen count and in a spike: later counts tripled, NAVs halved, splits marked everywhere."""
    altered = run_models(
        workshop,
        "update raw.fund_nav_shares set shares_outstanding = 3 * shares_outstanding, nav_usd = nav_usd / 2 "
        f"where as_of_date > '{day}'",
        f"update raw.daily_bars set split_ratio = 2, close = close * 1.2 where session_date > '{day}'",
    )
    assert_same_past(whole, altered, day)


def insert_fund(fund: str, rows: list[tuple[str, float | None, float | None]]) -> str:
    values = ", ".join(
        f"('{fund}', date '{day}', {'null' if nav is None else nav}, {'null' if shares is None else shares}, 'files', "
        f"timestamp '{day} 21:00:00', timestamp '{day} 21:00:00', false, false, 1)"
        for day, nav, shares in rows
    )
    columns = "fund_symbol, as_of_date, nav_usd, shares_outstanding, source, observed_at, available_at"
    return f"insert into raw.fund_nav_shares ({columns}, is_removed, is_simulated, payload_seq) values {values}"


def insert_bars(symbol: str, rows: list[tuple[str, float, float]]) -> str:
    values = ", ".join(
        f"('{symbol}', date '{day}', {close}, {split}, 'files', timestamp '{day} 21:00:00', "
        f"timestamp '{day} 21:00:00', false, false, 1)"
        for day, close, split in rows
    )
    columns = "symbol, session_date, close, split_ratio, source, observed_at, available_at"
    return f"insert into raw.daily_bars ({columns}, is_removed, is_simulated, payload_seq) values {values}"


SESSIONS = ["2017-05-17", "2017-05-18", "2017-05-19", "2017-05-22", "2017-05-23", "2017-05-24"]


@pytest.fixture(scope="module")
def synthetic(workshop: Path) -> pd.DataFrame:
    """Funds made by hand, through the whole chain."""
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not there")
    rows = json.loads(VECTORS.read_text())["rows"]
    counts = [(row["date"], row["nav"], 1e6 * row["shares_mm"]) for row in rows]
    splits = [row["split"] for row in rows]
    adjusted = [nav / np.prod(splits[i + 1 :]) for i, (_, nav, _) in enumerate(counts)]
    marts = run_models(
        workshop,
        insert_fund("AS_IN_VECTORS", counts),
        insert_bars("AS_IN_VECTORS", list(zip(SESSIONS, adjusted, splits, strict=True))),
        # the same fund from an issuer that restates its file after a split
        insert_fund(
            "RESTATED",
            [
                (day, nav / np.prod(splits[i + 1 :]), shares * np.prod(splits[i + 1 :]))
                for i, (day, nav, shares) in enumerate(counts)
            ],
        ),
        insert_bars("RESTATED", list(zip(SESSIONS, adjusted, splits, strict=True))),
        insert_fund("WITHOUT_BARS", counts),
        insert_fund("HOLE", [(day, 10.0, 1e6 + 1e4 * i) for i, day in enumerate(SESSIONS) if i != 2]),
        insert_fund("ENDS", [(day, 10.0, 1e6) for day in SESSIONS[:3]]),
    )
    return marts["fund_flows_daily"].set_index(["fund_symbol", "session_date"])


@pytest.mark.parametrize("fund", ["AS_IN_VECTORS", "RESTATED"])
def test_six_days_of_the_vectors(synthetic: pd.DataFrame, fund: str) -> None:
    mart = synthetic.loc[fund]
    expected = pd.DataFrame(json.loads(VECTORS.read_text())["rows"])
    assert mart["null_reason"].iloc[0] == "first row of the fund"
    for column, answer, unit in [
        ("net_flow_usd", "flow_sharecount_NAVt", 1e6),
        ("net_flow_prior_nav_usd", "flow_sharecount_NAVt_1", 1e6),
        ("net_flow_usd", "flow_TNA_price_return", 1e6),
        ("net_flow_pct_aum", "flow_pct_prior_aum", 1),
    ]:
        np.testing.assert_allclose(mart[column].iloc[1:] / unit, expected[answer].iloc[1:], atol=1e-6)
    assert mart["net_flow_usd"].iloc[1:].sum() / 1e6 == pytest.approx(-502.5)
    assert (mart["nav_basis"] == "nav").all()
    assert mart["split_applied"].tolist() == ([1, 1, 1, 2, 1, 1] if fund == "AS_IN_VECTORS" else [1] * 6)


def test_a_split_that_nothing_marks_is_no_flow(synthetic: pd.DataFrame) -> None:
    mart = synthetic.loc["WITHOUT_BARS"]
    assert mart.loc["2017-05-22", "null_reason"] == "split that the bars do not mark"
    assert mart.loc["2017-05-24", "net_flow_usd"] / 1e6 == pytest.approx(-154.5)


def test_a_hole_is_bridged_by_the_next_row(synthetic: pd.DataFrame) -> None:
    mart = synthetic.loc["HOLE"]
    assert pd.Timestamp("2017-05-19") not in mart.index
    row = mart.loc["2017-05-22"]
    assert (row["net_flow_usd"], row["flow_sessions"]) == (pytest.approx(10.0 * 2e4), 2)
    assert row["flow_explanation"].startswith("covers more than one session")
    assert np.isnan(mart.loc["2017-05-18", "net_flow_lag_corrected_usd"])


def test_a_fund_that_ends_has_no_rows_after_it(synthetic: pd.DataFrame) -> None:
    assert len(synthetic.loc["ENDS"]) == 3
