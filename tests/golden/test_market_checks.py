"""Market checks on the real input: what they find, against the input's own README and plain pandas on its files.

Answers are worked out apart from the SQL under test. Cut cases run dbt on a copy of the warehouse.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.helpers import dbt

PROJECT = Path(__file__).resolve().parents[2]
INBOX = PROJECT.parent / "shared" / "realdata" / "inbox"


@pytest.fixture(scope="module")
def published(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def findings(published: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return published.execute("select * from marts.data_quality_findings order by check_id, day, series").df()


def of(findings: pd.DataFrame, check_id: str) -> pd.DataFrame:
    return findings[findings["check_id"] == check_id]


# --- the whole


def test_every_finding_is_listed_with_a_reason(findings: pd.DataFrame) -> None:
    assert findings["is_known"].all(), findings.loc[~findings["is_known"], "sentence"].tolist()
    assert findings["known_reason"].str.len().min() > 5
    assert not findings["is_simulated"].any()
    assert (findings["known_on"] >= findings["day"]).all()


def test_every_listed_fault_is_met(findings: pd.DataFrame) -> None:
    """A fault that is not found any more is a check that went blind, or a line to take out."""
    listed = pd.read_csv(PROJECT / "dbt" / "seeds" / "known_faults.csv")
    listed = listed[listed["findings"].notna() & ~listed["is_simulated"]].set_index("fault_id")["findings"]
    met = findings.groupby("fault_id").size()
    assert met.to_dict() == {fault: int(count) for fault, count in listed.items()}


def test_blocking_checks_pass_and_name_what_they_let_through(
    published: duckdb.DuckDBPyConnection, findings: pd.DataFrame
) -> None:
    market = published.execute("select check_id, severity, passed from meta.checks where family = 'market'").df()
    assert market["passed"].all()
    assert market["severity"].value_counts().to_dict() == {"warn": 48, "error": 15}
    blocking = findings[findings["severity"] == "error"].groupby("check_id").size().to_dict()
    assert blocking == {
        "futures_final_settle": 3, "futures_jump": 13, "prices_jump": 3, "rates_effr_far_from_target": 5,
    }  # fmt: skip


def test_sentences_say_series_day_and_what_to_do(published: duckdb.DuckDBPyConnection, findings: pd.DataFrame) -> None:
    todo = dict(published.execute("select check_id, what_to_do from marts.dim_check").fetchall())
    for row in findings.itertuples():
        assert row.sentence.startswith(f"{row.series}, {row.day:%Y-%m-%d}: ")
        assert row.sentence.endswith(f". {todo[row.check_id]}.")
        assert " None" not in row.sentence
        assert "nan" not in row.sentence.lower().replace("finance", "")


def test_history_ends_with_this_build(published: duckdb.DuckDBPyConnection) -> None:
    assert published.execute("select max(build_id) from meta.check_history").fetchall() == (
        published.execute("select build_id from meta.build").fetchall()
    )


# --- single checks against the files


def test_missing_volumes_are_those_of_the_readme(findings: pd.DataFrame) -> None:
    found = of(findings, "prices_volume").groupby("series").size().to_dict()
    assert found == {"^RUT": 15, "^GSPC": 7, "^NDX": 1, "IWM": 7}


def test_missing_settlement_days_are_those_of_the_readme(findings: pd.DataFrame) -> None:
    assert of(findings, "futures_gap")["value"].sum() == 14


def test_frozen_and_spiking_share_counts_are_those_of_the_methodology(findings: pd.DataFrame) -> None:
    assert sorted(of(findings, "flows_shares_frozen")["series"]) == ["IVE", "IWM"]
    spikes = of(findings, "flows_shares_spike")
    faults = spikes[spikes["known_kind"] == "fault"]
    days = {f"{day:%Y-%m-%d}" for day in faults.loc[faults["series"] == "IWM", "day"]}
    named = "2001-02-13 2001-03-16 2001-09-21 2004-04-30 2005-06-15 2007-06-21 2007-06-22 2007-06-25"
    assert set(named.split()) <= days
    navs = {f"{day:%Y-%m-%d}" for day in of(findings, "flows_nav_against_close")["day"]}
    assert {"2001-07-05", "2001-07-10", "2002-01-03", "2002-01-07", "2004-08-12"} <= navs


def test_rates_outside_the_range_by_hand(findings: pd.DataFrame) -> None:
    rates = pd.read_csv(INBOX / "policy_rates" / "effr.csv.gz", parse_dates=["rate_date"])
    ranges = rates.dropna(subset=["target_upper_pct"])
    ranges = ranges[ranges["target_lower_pct"] < ranges["target_upper_pct"]]
    low, high = ranges["target_lower_pct"], ranges["target_upper_pct"]
    outside = ranges[(ranges["effr_pct"] < low - 1e-9) | (ranges["effr_pct"] > high + 1e-9)]
    assert list(of(findings, "rates_effr_outside_range")["day"]) == list(outside["rate_date"])
    points = rates[rates["target_upper_pct"].isna() | (rates["target_lower_pct"] == rates["target_upper_pct"])]
    far = points[(points["effr_pct"] - points["target_lower_pct"]).abs() > 1]
    assert list(of(findings, "rates_effr_far_from_target")["day"]) == list(far["rate_date"])


def test_final_settlements_by_hand(findings: pd.DataFrame) -> None:
    """The calendar-day mean of each month from a daily series filled forward."""
    rates = pd.read_csv(INBOX / "policy_rates" / "effr.csv.gz", parse_dates=["rate_date"]).set_index("rate_date")
    daily = rates["effr_pct"].asfreq("D").ffill()
    means = daily.groupby(daily.index.to_period("M")).mean().iloc[1:-1]
    settled = pd.read_csv(INBOX / "fed_funds_futures" / "zq.csv.gz", parse_dates=["session_date"])
    settled["month"] = pd.PeriodIndex(settled["contract_month"].astype(str).str[:7], freq="M")
    inside = settled[settled["session_date"].dt.to_period("M") <= settled["month"]]
    last = inside.sort_values("session_date").groupby("month").last()
    last = last[(last.index.to_timestamp(how="end") - last["session_date"]).dt.days <= 4]
    difference = (100 * (100 - last["settle"] - means)).dropna()
    expected = difference[difference.abs() > 2].round(6).to_dict()
    found = of(findings, "futures_final_settle")
    assert dict(zip(found["series"], found["value"].round(6), strict=True)) == pytest.approx(
        {str(month): value for month, value in expected.items()}
    )


def test_seams_of_the_adjusted_close_by_hand(findings: pd.DataFrame) -> None:
    frames = [pd.read_csv(path) for path in sorted((INBOX / "daily_bars").glob("etfs_*.csv.gz"))]
    bars = pd.concat(frames).sort_values(["symbol", "session_date"])
    before = bars.groupby("symbol")[["close", "vendor_adj_close"]].shift()
    ours = (bars["close"] + bars["dividend"].fillna(0)) / before["close"]
    theirs = bars["vendor_adj_close"] / before["vendor_adj_close"]
    off = bars[(100 * (ours - theirs)).abs() > 0.05]
    found = of(findings, "prices_adjusted_close")
    assert set(zip(found["series"], found["day"].dt.strftime("%Y-%m-%d"), strict=True)) == set(
        zip(off["symbol"], off["session_date"], strict=True)
    )


def test_coverage_counts_the_rows_of_the_files(published: duckdb.DuckDBPyConnection) -> None:
    def held(table: str) -> dict[str, int]:
        return dict(
            published.execute(
                "select series, sum(rows_told)::int from marts.data_quality_coverage where table_name = ? group by 1",
                [table],
            ).fetchall()
        )

    indices = pd.read_csv(INBOX / "daily_bars" / "indices.csv.gz")
    assert held("daily_bars").items() >= indices.groupby("symbol").size().to_dict().items()
    yields = pd.read_csv(INBOX / "treasury_yields" / "par_curve.csv.gz")
    assert held("treasury_yields") == yields.groupby("tenor").size().to_dict()
    missing = published.execute(
        "select sum(days_missing) from marts.data_quality_coverage where table_name = 'daily_bars'"
    ).fetchall()
    assert missing == [(0,)]


# --- documentation against the warehouse


def test_documented_columns_and_types_are_the_real_ones(real_data_dir: Path) -> None:
    manifest = json.loads((real_data_dir / "dbt_target" / "real" / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(real_data_dir / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        real: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, column, kind in warehouse.execute(
            "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns() where not internal "
            "order by schema_name, table_name, column_index"
        ).fetchall():
            real.setdefault((schema, table), {})[column] = kind
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] in ("staging", "quality", "marts"):
            documented = {name: column["data_type"].lower() for name, column in node["columns"].items()}
            assert documented == real[node["schema"], node["name"]], node["name"]


# --- nothing looks ahead

MODELS = ["quality__bars", "quality__futures", "quality__rates", "quality__fund_files"]
INPUTS = [
    "stg_prices__daily_bars",
    "int_prices__closes",
    "int_flows__share_counts",
    "int_flows__navs",
    "fund_flows_daily",
]
DAY_COLUMN = {
    "daily_bars": "session_date", "fund_nav_shares": "as_of_date", "fed_funds_futures": "session_date",
    "policy_rates": "rate_date", "treasury_yields": "rate_date",
}  # fmt: skip


@pytest.fixture(scope="module")
def workshop(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of copies; one place for all, because a new path makes dbt parse everything again."""
    directory = tmp_path_factory.mktemp("checks")
    shutil.copyfile(real_data_dir / "warehouse" / "real.duckdb", directory / "whole.duckdb")
    return directory


def run_checks(workshop: Path, *statements: str) -> pd.DataFrame:
    """Findings after dbt has run on a copy of the warehouse that the statements have changed."""
    copy = workshop / "real.duckdb"
    shutil.copyfile(workshop / "whole.duckdb", copy)
    with duckdb.connect(str(copy)) as warehouse:
        for statement in statements:
            warehouse.execute(statement)
    done = dbt(copy, "run", "--quiet", "--select", *INPUTS, *MODELS)
    assert done.returncode == 0, done.stdout[-3000:]
    union = " union all ".join(f"from quality.{model}" for model in MODELS)
    with duckdb.connect(str(copy), read_only=True) as warehouse:
        return warehouse.execute(f"from ({union}) order by check_id, series, day").df()


def known_by(findings: pd.DataFrame, day: str) -> pd.DataFrame:
    return findings[findings["known_on"] <= day].reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(workshop: Path) -> pd.DataFrame:
    return run_checks(workshop)


@pytest.mark.parametrize("day", ["2001-06-06", "2008-10-14", "2020-03-18"])
def test_nothing_after_a_day_changes_what_was_found(workshop: Path, whole: pd.DataFrame, day: str) -> None:
    cut = run_checks(workshop, *(f"delete from raw.{table} where {d} > '{day}'" for table, d in DAY_COLUMN.items()))
    assert cut["known_on"].max() <= pd.Timestamp(day)
    assert len(cut) >= 10
    pd.testing.assert_frame_equal(known_by(whole, day), cut, check_exact=False, rtol=1e-9)


def test_altered_rows_after_a_day_do_not_change_what_was_found(workshop: Path, whole: pd.DataFrame) -> None:
    day = "2010-12-31"
    altered = run_checks(
        workshop,
        f"update raw.daily_bars set close = close * 1.5, volume = 0 where session_date > '{day}' and symbol <> 'IWM'",
        f"update raw.fund_nav_shares set shares_outstanding = shares_outstanding * 2 + 7 where as_of_date > '{day}'",
        f"update raw.fed_funds_futures set settle = 95 where session_date > '{day}'",
        f"update raw.policy_rates set effr_pct = 9 where rate_date > '{day}'",
        f"update raw.treasury_yields set par_yield_pct = 1 where rate_date > '{day}'",
    )
    assert len(altered) > len(whole) + 1000
    pd.testing.assert_frame_equal(known_by(whole, day), known_by(altered, day), check_exact=False, rtol=1e-9)
