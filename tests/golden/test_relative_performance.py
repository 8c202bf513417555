"""Relative performance on the real input against answers that were worked out apart from this project.

Source of the answers: `vectors/01_relative_performance.json` beside the project, and figures of the
article of 26 May 2017.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "01_relative_performance.json"
DAYS = ["2017-05-24", "2017-05-26", "2016-12-08", "2017-08-21"]
HORIZONS = {
    "YTD": "YTD",
    "MTD": "MTD",
    "QTD": "QTD",
    "1W": "1W",
    "1M": "1M",
    "3M": "3M",
    "6M": "6M",
    "12M": "12M",
    "since_2016-11-08": "SINCE_ELECTION",
}


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not there")
    found: dict[str, Any] = json.loads(VECTORS.read_text())
    return found


def horizon_row(marts: duckdb.DuckDBPyConnection, pair: str, basis: str, day: str, horizon: str) -> dict[str, Any]:
    names = ["base_session_date", "small_return_pct", "large_return_pct", "gap_pp", "relative_pct"]
    [row] = marts.execute(
        f"select {', '.join(names)} from marts.relative_performance_horizons "
        "where pair_id = ? and return_basis = ? and session_date = ? and horizon = ?",
        [pair, basis, day, horizon],
    ).fetchall()
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", HORIZONS)
def test_horizons_agree_with_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: dict[str, Any], day: str, name: str
) -> None:
    expected = vectors[day][name]
    index = horizon_row(marts, "RUT_GSPC", "price", day, HORIZONS[name])
    price = horizon_row(marts, "IWM_SPY", "price", day, HORIZONS[name])
    total = horizon_row(marts, "IWM_SPY", "total", day, HORIZONS[name])
    assert str(index["base_session_date"]) == expected["base_session"]
    assert index["small_return_pct"] == pytest.approx(expected["RUT_price"], abs=0.001)
    assert index["large_return_pct"] == pytest.approx(expected["GSPC_price"], abs=0.001)
    assert index["gap_pp"] == pytest.approx(expected["gap_idx_pp"], abs=0.001)
    assert index["relative_pct"] == pytest.approx(expected["relative_geometric_idx_pct"], abs=0.001)
    assert price["small_return_pct"] == pytest.approx(expected["IWM_price"], abs=0.001)
    assert price["large_return_pct"] == pytest.approx(expected["SPY_price"], abs=0.001)
    assert total["small_return_pct"] == pytest.approx(expected["IWM_total"], abs=0.02)
    assert total["large_return_pct"] == pytest.approx(expected["SPY_total"], abs=0.02)
    assert total["gap_pp"] == pytest.approx(expected["gap_etf_total_pp"], abs=0.02)


@pytest.mark.parametrize("day", ["2017-05-24", "2017-05-26"])
def test_ratio_beta_and_drawdown_agree_with_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: dict[str, Any], day: str
) -> None:
    expected = vectors[day]["ratio_beta_corr"]
    [row] = marts.execute(
        "select ratio, ratio_drawdown_252d_pct, beta_63d, corr_63d, beta_252d, corr_252d from "
        "marts.relative_performance where pair_id = 'RUT_GSPC' and return_basis = 'price' and session_date = ?",
        [day],
    ).fetchall()
    answers = [expected[key] for key in ("ratio", "dd_252", "beta_63", "corr_63", "beta_252", "corr_252")]
    assert list(row) == pytest.approx(answers, abs=0.001)


@pytest.mark.parametrize("day", ["2017-05-26", "2017-08-21"])
def test_rank_of_the_year_follows_from_the_yearly_gaps_of_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: dict[str, Any], day: str
) -> None:
    """The vectors begin in 1988; the input begins in 2000, so its first year with a base is 2001."""
    for kind, suffix in (("ytd_gap_pctile_td", ""), ("ytd_gap_pctile_cal", "_by_date")):
        by_year = vectors[day][kind]["by_year"]
        gap = by_year["2017"]
        prior = [value for year, value in by_year.items() if 2001 <= int(year) <= 2016]
        [row] = marts.execute(
            f"select ytd_gap_pp, ytd_gap_rank_from_worst{suffix}, ytd_gap_percentile{suffix}, years_compared{suffix} "
            "from marts.relative_performance where pair_id = 'RUT_GSPC' and session_date = ?",
            [day],
        ).fetchall()
        lower = sum(value < gap for value in prior)
        assert row[0] == pytest.approx(gap, abs=0.001)
        assert row[1:] == (lower + 1, pytest.approx(100 * lower / len(prior)), len(prior))


def test_the_article_of_26_may_2017(marts: duckdb.DuckDBPyConnection) -> None:
    """CNBC 2017-05-26: up 16 % in the month after the election; badly behind year to date."""
    month = horizon_row(marts, "RUT_GSPC", "price", "2016-12-08", "SINCE_ELECTION")
    assert month["small_return_pct"] == pytest.approx(16.0006, abs=0.001)
    assert month["large_return_pct"] == pytest.approx(4.9837, abs=0.001)
    year = horizon_row(marts, "RUT_GSPC", "price", "2017-05-26", "YTD")
    assert year["small_return_pct"] == pytest.approx(1.8502, abs=0.001)
    assert year["large_return_pct"] == pytest.approx(7.9055, abs=0.001)
    assert year["gap_pp"] == pytest.approx(-6.0552, abs=0.001)
    [(rank, compared)] = marts.execute(
        "select ytd_gap_rank_from_worst, years_compared from marts.relative_performance "
        "where pair_id = 'RUT_GSPC' and session_date = '2017-05-26'"
    ).fetchall()
    assert (rank, compared + 1) == (1, 17)


def test_every_pair_of_the_input_is_there(marts: duckdb.DuckDBPyConnection) -> None:
    query = "select distinct pair_id, return_basis from marts.relative_performance order by all"
    found = marts.execute(query).fetchall()
    funds = ["IJR_SPY", "IWM_IWB", "IWM_SPY", "IWN_IWD", "IWO_IWF", "VTWO_VOO"]
    assert found == sorted([("RUT_GSPC", "price"), *((pair, basis) for pair in funds for basis in ("price", "total"))])


def test_total_return_rebuilds_the_vendors_adjusted_close(
    marts: duckdb.DuckDBPyConnection, real_data_dir: Path
) -> None:
    """Another arithmetic, restated backwards: within 0.02 pp over any year (methodology 1)."""
    with duckdb.connect(str(real_data_dir / "warehouse" / "real.duckdb"), read_only=True) as raw:
        vendor = dict(
            raw.execute(
                "select session_date, vendor_adj_close from raw.daily_bars where symbol = 'SPY' "
                "and session_date in ('2016-12-30', '2017-12-29')"
            ).fetchall()
        )
    ours = dict(
        marts.execute(
            "select session_date, level from marts.price_levels where symbol = 'SPY' and return_basis = 'total' "
            "and session_date in ('2016-12-30', '2017-12-29')"
        ).fetchall()
    )
    first, last = sorted(ours)
    assert 100 * ours[last] / ours[first] == pytest.approx(100 * vendor[last] / vendor[first], abs=0.02)
