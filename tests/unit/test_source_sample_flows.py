"""Share counts and published figures of the sample, against the anchors read with `csv`.

`flow_t = NAV_t (SO_t - SO_{t-1})` (methodology, section 2) is written out here.
"""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.sources.sample import SampleSource

ANCHORS = Path(__file__).resolve().parents[2] / "data" / "sample" / "anchors.csv"
CREATION_UNIT = 50_000


def read(table: str, **options: object) -> pd.DataFrame:
    source = SampleSource()
    (ref,) = source.plan([table]).payloads
    return pd.read_csv(io.BytesIO(source.fetch(ref).content), **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def funds() -> pd.DataFrame:
    frame = read("fund_nav_shares", parse_dates=["as_of_date"])
    frame["flow_usd"] = frame["nav_usd"] * frame.groupby("fund_symbol")["shares_outstanding"].diff()
    frame["aum_usd"] = frame["nav_usd"] * frame["shares_outstanding"]
    return frame.set_index(["fund_symbol", "as_of_date"]).sort_index()


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    frame = read("daily_bars", parse_dates=["session_date"])
    return frame.set_index(["symbol", "session_date"]).sort_index()


# (series of the anchors, fund, first and last session of the window, sessions in it), from the calendar:
# Lipper weeks run Thursday to Wednesday; July 2017 has 20 sessions; 2017-01-02 and 2017-04-14 are holidays.
WINDOWS = [
    ("iwm_weekly_flow", "IWM", "2017-05-18", "2017-05-24", 5),
    ("iwm_5d_flow", "IWM", "2017-05-17", "2017-05-23", 5),
    ("iwm_ytd_flow", "IWM", "2017-01-03", "2017-05-23", 98),
    ("spy_weekly_flow", "SPY", "2017-03-16", "2017-03-22", 5),
    ("spy_month_flow", "SPY", "2017-07-03", "2017-07-31", 20),
    ("ivv_month_flow", "IVV", "2017-07-03", "2017-07-31", 20),
]


@pytest.mark.parametrize(("series", "fund", "first", "last", "sessions"), WINDOWS)
def test_flows_hit_the_published_ones(
    funds: pd.DataFrame, series: str, fund: str, first: str, last: str, sessions: int
) -> None:
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        (published,) = (float(row["value"]) for row in csv.DictReader(file) if row["series"] == series)
    window = funds.loc[fund].loc[first:last]
    unit_usd_m = CREATION_UNIT * window["nav_usd"].max() / 1e6
    assert len(window) == sessions
    tolerance = max(unit_usd_m, 0.005 * abs(published))
    assert window["flow_usd"].sum() / 1e6 == pytest.approx(published, abs=tolerance)


def test_shares_move_in_creation_units(funds: pd.DataFrame) -> None:
    assert funds["shares_outstanding"].dtype == "int64"
    assert (funds["shares_outstanding"] % CREATION_UNIT == 0).all()
    assert (funds["shares_outstanding"] > 0).all()
    # No share count stands still for weeks, which is a known fault of real files.
    unchanged = funds.groupby("fund_symbol")["shares_outstanding"].diff().eq(0)
    assert unchanged.groupby("fund_symbol").mean().max() < 0.2


@pytest.mark.parametrize(("fund", "usd_bn"), [("IWM", 35), ("SPY", 235), ("IVV", 110)])
def test_funds_have_their_size_in_may_2017(funds: pd.DataFrame, fund: str, usd_bn: float) -> None:
    may = funds.loc[fund].loc["2017-05-01":"2017-05-31", "aum_usd"] / 1e9
    assert may.between(0.9 * usd_bn, 1.1 * usd_bn).all()
    assert funds.loc[fund, "aum_usd"].between(0.5e9 * usd_bn, 1.5e9 * usd_bn).all()


@pytest.mark.parametrize("fund", ["IWM", "SPY", "IJR"])
def test_net_asset_value_and_distribution_agree_with_the_bars(
    funds: pd.DataFrame, bars: pd.DataFrame, fund: str
) -> None:
    nav, bar = funds.loc[fund], bars.loc[fund].loc["2015-12-01":]
    assert list(nav.index) == list(bar.index)
    assert (nav["nav_usd"] / bar["close"] - 1).abs().max() < 0.002
    assert (nav["nav_usd"] != bar["close"]).any()
    assert (nav["distribution_usd"] == bar["dividend"]).all()
    assert (nav["distribution_usd"] > 0).sum() == 9


def test_published_figures_are_the_anchors_that_are_figures() -> None:
    figures = read("published_figures", dtype=str, keep_default_na=False)
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        rows = {(row["series"], row["date"]): row for row in csv.DictReader(file)}
    assert len(figures) == 17
    for figure in figures.to_dict("records"):
        row = rows[(figure["topic"], figure["as_of"])]
        assert float(figure["value"]) == float(row["value"])
        assert figure["source"] == row["source"]
    units = dict(zip(figures["topic"], figures["unit"], strict=True))
    assert units["iwm_weekly_flow"] == units["spy_month_flow"] == "usd_m"
    assert units["fedwatch_hike_2017-06-14"] == units["russell2000_loss_makers"] == "pct"
    assert units["sp500_pe_trailing"] == "x"
    assert set(figures["unit"]) == {"usd_m", "pct", "x"}
    topics = set(figures["topic"])
    assert {name for name, *_ in WINDOWS} <= topics
    assert {"fedwatch_hike_2017-06-14", "russell2000_pe_trailing", "sp500_pe_forward"} <= topics
    assert not {"russell2000_close", "effr_month_average", "target_upper", "fomc_decision_date"} & topics
