"""Policy rates, futures and yields of the sample, against the anchors read with `csv`.

The odds are read out of the settlements with the arithmetic of methodology section 3, written out by hand for
June 2017: April and August 2017 have no meeting, the announcement day counts at the new rate (`post`).
"""

import csv
import io
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from dagster_project.sources.sample import SampleSource

ANCHORS = Path(__file__).resolve().parents[2] / "data" / "sample" / "anchors.csv"


def read(table: str, **options: object) -> pd.DataFrame:
    source = SampleSource()
    (ref,) = source.plan([table]).payloads
    return pd.read_csv(io.BytesIO(source.fetch(ref).content), **options)  # type: ignore[call-overload, no-any-return]


def anchored(series: str) -> dict[str, float]:
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        return {row["date"]: float(row["value"]) for row in csv.DictReader(file) if row["series"] == series}


@pytest.fixture(scope="module")
def policy() -> pd.DataFrame:
    return read("policy_rates", parse_dates=["rate_date"]).set_index("rate_date")


@pytest.fixture(scope="module")
def futures() -> pd.DataFrame:
    return read("fed_funds_futures", parse_dates=["contract_month", "session_date"])


@pytest.fixture(scope="module")
def month_averages(policy: pd.DataFrame) -> pd.Series:
    """Calendar-day averages: weekends and holidays carry the rate before them."""
    daily = policy["effr_pct"].reindex(pd.date_range("2015-12-01", "2017-12-31")).ffill()
    return daily.groupby(daily.index.to_period("M")).mean()


@pytest.fixture(scope="module")
def implied(futures: pd.DataFrame) -> pd.DataFrame:
    """`A_m = 100 - settle`: watch date by contract month."""
    return 100 - futures.pivot(index="session_date", columns="contract_month", values="settle")


# Policy rates


def test_month_averages_of_the_effective_rate_hit_the_anchors(month_averages: pd.Series) -> None:
    wanted = anchored("effr_month_average")
    assert len(wanted) == 24
    for month, value in wanted.items():
        assert month_averages[pd.Period(month, "M")] == pytest.approx(value, abs=0.005), month


def test_the_range_is_the_one_in_force_and_holds_the_effective_rate(policy: pd.DataFrame) -> None:
    for side in ("lower", "upper"):
        steps = pd.Series({pd.Timestamp(day): value for day, value in anchored(f"target_{side}").items()})
        expected = steps.reindex(policy.index, method="ffill").fillna({"lower": 0.0, "upper": 0.25}[side])
        assert (policy[f"target_{side}_pct"] == expected).all()
    assert policy.loc["2017-06-14", "target_upper_pct"] == 1.0
    assert policy.loc["2017-06-15", "target_upper_pct"] == 1.25
    assert policy["effr_pct"].between(policy["target_lower_pct"], policy["target_upper_pct"]).all()
    assert np.allclose(policy["effr_pct"] * 100, (policy["effr_pct"] * 100).round())


def test_the_effective_rate_moves_the_day_after_the_announcement(policy: pd.DataFrame) -> None:
    for announced, effective in [("2016-12-14", "2016-12-15"), ("2017-03-15", "2017-03-16")]:
        move = policy.at[pd.Timestamp(effective), "effr_pct"] - policy.at[pd.Timestamp(announced), "effr_pct"]
        assert 0.2 < move < 0.3


def test_rate_dates_are_the_federal_reserves_business_days(policy: pd.DataFrame) -> None:
    # https://www.federalreserve.gov/aboutthefed/k8.htm: a holiday on a Saturday is not kept on the Friday.
    closed = {
        *("2015-12-25", "2016-01-01", "2016-01-18", "2016-02-15", "2016-05-30", "2016-07-04", "2016-09-05"),
        *("2016-10-10", "2016-11-11", "2016-11-24", "2016-12-26", "2017-01-02", "2017-01-16", "2017-02-20"),
        *("2017-05-29", "2017-07-04", "2017-09-04", "2017-10-09", "2017-11-23", "2017-12-25"),
    }
    expected = pd.bdate_range("2015-12-01", "2017-12-29").difference(pd.DatetimeIndex(sorted(closed)))
    assert list(policy.index) == list(expected)


# Futures


def test_each_session_has_the_current_month_and_the_next_twelve(futures: pd.DataFrame) -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="2016-01-04", end="2017-12-29")
    assert sorted(futures["session_date"].unique()) == list(calendar.sessions)
    ahead = (futures["contract_month"].dt.to_period("M") - futures["session_date"].dt.to_period("M")).map(
        lambda offset: offset.n
    )
    assert (futures["contract_month"].dt.day == 1).all()
    assert (ahead.groupby(futures["session_date"]).agg(list).map(sorted).map(tuple) == tuple(range(13))).all()


def test_settlements_are_multiples_of_their_tick(futures: pd.DataFrame) -> None:
    is_front = futures["contract_month"].dt.to_period("M") == futures["session_date"].dt.to_period("M")
    for front, tick in ((True, 0.0025), (False, 0.005)):
        ticks = futures.loc[is_front == front, "settle"] / tick
        assert (ticks - ticks.round()).abs().max() < 1e-6
    assert futures["settle"].between(97, 100).all()
    assert (futures[["volume", "open_interest"]] >= 0).all().all()


def test_june_2017_odds_hit_the_published_ones(implied: pd.DataFrame, month_averages: pd.Series) -> None:
    published = anchored("fedwatch_hike_2017-06-14")
    assert published == {"2017-05-01": 67.6, "2017-05-25": 83.0, "2017-06-06": 95.8}
    for day, percent in published.items():
        row = implied.loc[pd.Timestamp(day)]
        july, august = row[pd.Timestamp("2017-07-01")], row[pd.Timestamp("2017-08-01")]
        # July: meeting on the 26th, N = 25 days at the old rate, M = 6 at the new; August fixes the end.
        end_of_june = (31 * july - 6 * august) / 25
        # May: meeting on the 3rd, N = 2, M = 29; April fixes the start.
        april = month_averages[pd.Period("2017-04", "M")]
        is_may = day < "2017-06"
        may = row[pd.Timestamp("2017-05-01")] if is_may else month_averages[pd.Period("2017-05", "M")]
        start_of_june = (31 * may - 2 * april) / 29
        assert 100 * (end_of_june - start_of_june) / 0.25 == pytest.approx(percent, abs=2.0), day


def test_june_2017_odds_hold_from_the_june_contract_too(implied: pd.DataFrame) -> None:
    # June alone: meeting on the 14th, N = 13, M = 17, with July solved back from August.
    for day, percent in anchored("fedwatch_hike_2017-06-14").items():
        row = implied.loc[pd.Timestamp(day)]
        july, august, june = (row[pd.Timestamp(f"2017-{month:02d}-01")] for month in (7, 8, 6))
        end = (31 * july - 6 * august) / 25
        start = (30 * june - 17 * end) / 13
        assert 100 * (end - start) / 0.25 == pytest.approx(percent, abs=2.0), day


def test_the_may_2017_meeting_was_not_expected_to_move(implied: pd.DataFrame, month_averages: pd.Series) -> None:
    april = month_averages[pd.Period("2017-04", "M")]
    may = implied.at[pd.Timestamp("2017-05-01"), pd.Timestamp("2017-05-01")]
    end_of_may = (31 * may - 2 * april) / 29
    assert abs(100 * (end_of_may - april) / 0.25) < 10


@pytest.mark.parametrize(
    ("watch", "meeting_month", "before", "after", "rises"),
    [
        ("2016-09-20", "2016-09-01", "2016-08-01", "2016-10-01", False),
        ("2016-12-13", "2016-12-01", "2016-11-01", "2017-01-01", True),
        ("2017-09-19", "2017-09-01", "2017-08-01", "2017-10-01", False),
    ],
)
def test_odds_end_at_the_known_outcome(
    implied: pd.DataFrame,
    month_averages: pd.Series,
    watch: str,
    meeting_month: str,
    before: str,
    after: str,
    rises: bool,
) -> None:
    # The months before (no priced meeting) and after (none) fix both ends of the meeting month.
    start = month_averages[pd.Period(before, "M")]
    end = implied.at[pd.Timestamp(watch), pd.Timestamp(after)]
    odds = 100 * (end - start) / 0.25
    assert odds == pytest.approx(97 if rises else 2, abs=9), meeting_month


def test_the_last_settlement_of_a_month_is_the_average_that_came_true(
    implied: pd.DataFrame, month_averages: pd.Series
) -> None:
    for month in pd.period_range("2016-01", "2017-12", freq="M"):
        last = implied.loc[str(month)].iloc[-1][month.to_timestamp()]
        assert last == pytest.approx(month_averages[month], abs=0.012), month


def test_a_rate_published_later_moves_no_earlier_settlement(tmp_path: Path, futures: pd.DataFrame) -> None:
    # 9 bp on one of 30 days are more than the front tick: a watch date that knew its own rate would show.
    text = ANCHORS.read_text(encoding="utf-8")
    september = "effr_month_average,2017-09-01,1.15,"
    assert september in text
    changed = tmp_path / "anchors.csv"
    changed.write_text(text.replace(september, "effr_month_average,2017-09-01,1.24,"), encoding="utf-8")
    source = SampleSource(changed)
    (ref,) = source.plan(["fed_funds_futures"]).payloads
    other = pd.read_csv(io.BytesIO(source.fetch(ref).content), parse_dates=["contract_month", "session_date"])
    is_early = futures["session_date"] <= "2017-09-01"
    assert (other.loc[is_early, "settle"] == futures.loc[is_early, "settle"]).all()
    assert (other.loc[~is_early, "settle"] != futures.loc[~is_early, "settle"]).any()


# Yields


def test_yields_cover_the_tenors_on_trading_days(policy: pd.DataFrame) -> None:
    yields = read("treasury_yields", parse_dates=["rate_date"])
    wide = yields.pivot(index="rate_date", columns="tenor", values="par_yield_pct")
    tenors = {"1mo", "3mo", "6mo", "1yr", "2yr", "3yr", "5yr", "7yr", "10yr", "20yr", "30yr"}
    assert set(wide.columns) == tenors
    assert not wide.isna().any().any()
    assert set(wide.index) <= set(policy.index)
    assert pd.Timestamp("2017-04-14") not in wide.index  # Good Friday
    assert wide.index[0] == pd.Timestamp("2015-12-01")
    assert wide.index[-1] == pd.Timestamp("2017-12-29")


def test_yields_are_plausible_and_lean_on_the_policy_rate(policy: pd.DataFrame) -> None:
    yields = read("treasury_yields", parse_dates=["rate_date"])
    wide = yields.pivot(index="rate_date", columns="tenor", values="par_yield_pct")
    may = wide.loc["2017-05"].mean()
    assert may["2yr"] == pytest.approx(1.3, abs=0.15)
    assert may["10yr"] == pytest.approx(2.25, abs=0.2)
    assert ((wide >= 0) & (wide < 4)).all().all()
    assert (wide["30yr"] > wide["10yr"]).all()
    assert (wide["10yr"] > wide["2yr"]).all()
    effective = policy["effr_pct"].reindex(wide.index)
    assert (wide["3mo"] - effective).abs().max() < 0.4
    assert wide["3mo"].corr(effective) > 0.9
    daily_bp = 100 * wide["10yr"].diff().std()
    assert 2 < daily_bp < 7
