"""Rate sensitivity on the real input against answers that were worked out apart from this project.

Source of the answers: `vectors/05b_rate_sensitivity.json` beside the project and docs/methodology, section 5.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "05b_rate_sensitivity.json"
WINDOWS = {
    "2015-2019": ("years_2015_2019", "2015-01-02", "2019-12-31"),
    "2016-11-09..2017-05-26": ("post_election_2016_2017", "2016-11-09", "2017-05-26"),
    "2018": ("year_2018", "2018-01-02", "2018-12-31"),
}
ANSWERS = {
    "beta_pct_per_bp": "coefficient_pct_per_bp",
    "t": "t_hac",
    "r2": "r_squared",
    "beta_ctrl_spx": "controlled_coefficient_pct_per_bp",
    "t_ctrl": "controlled_t_hac",
    "beta_spx": "controlled_large_coefficient",
}


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not there")
    found: dict[str, Any] = json.loads(VECTORS.read_text())["rows"]
    return found


def estimate(marts: duckdb.DuckDBPyConnection, pair: str, window: str, end: str) -> dict[str, Any]:
    rows = marts.execute(
        "select * from marts.rate_sensitivity where pair_id = ? and window_id = ? and window_end = ?",
        [pair, window, end],
    )
    names = [column[0] for column in rows.description]
    [row] = rows.fetchall()
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("name", WINDOWS)
def test_fixed_windows_agree_with_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: dict[str, Any], name: str
) -> None:
    window, start, end = WINDOWS[name]
    row = estimate(marts, "RUT_GSPC", window, end)
    assert {theirs: row[ours] for theirs, ours in ANSWERS.items()} == {
        theirs: pytest.approx(vectors[name][theirs], rel=0.001) for theirs in ANSWERS
    }
    assert row["observations"] == vectors[name]["n"]
    assert str(row["window_start"]) == start
    assert row["reason"] is None and not row["is_simulated"]


def test_no_vector_is_left_out(vectors: dict[str, Any]) -> None:
    assert set(vectors) == set(WINDOWS)


def test_the_months_after_the_election_of_2016(marts: duckdb.DuckDBPyConnection) -> None:
    """docs/methodology, section 5: raw 0.0719 with t 2.62, controlled t 0.75; running and fixed window are one."""
    fixed = estimate(marts, "RUT_GSPC", "post_election_2016_2017", "2017-05-26")
    running = estimate(marts, "RUT_GSPC", "since_election", "2017-05-26")
    assert fixed["coefficient_pct_per_bp"] == pytest.approx(0.0719, abs=5e-5)
    assert fixed["t_hac"] == pytest.approx(2.62, abs=0.005)
    assert fixed["controlled_t_hac"] == pytest.approx(0.75, abs=0.005)
    for name in [*ANSWERS.values(), "observations", "window_start"]:
        assert running[name] == fixed[name]


def test_the_sign_changes_with_the_regime(marts: duckdb.DuckDBPyConnection) -> None:
    [(lowest, highest)] = marts.execute(
        "select min(controlled_t_hac), max(controlled_t_hac) from marts.rate_sensitivity "
        "where pair_id = 'RUT_GSPC' and window_id = 'rolling_252d'"
    ).fetchall()
    assert lowest < -2 and highest > 2


def test_every_session_of_every_pair_has_its_two_rows(marts: duckdb.DuckDBPyConnection) -> None:
    sessions = marts.execute(
        "select pair_id, session_date from marts.relative_performance where return_basis = 'price' order by all"
    ).fetchall()
    for window in ("since_election", "rolling_252d"):
        rows = marts.execute(
            "select pair_id, window_end from marts.rate_sensitivity where window_id = ? order by all", [window]
        ).fetchall()
        assert rows == sessions


def test_windows_that_cannot_be_judged_say_why(marts: duckdb.DuckDBPyConnection) -> None:
    early = estimate(marts, "RUT_GSPC", "since_election", "2000-11-07")
    assert early["reason"] == "no election, or no observation, to start from yet" and early["window_start"] is None
    short = estimate(marts, "RUT_GSPC", "since_election", "2017-01-31")
    assert (short["observations"], short["reason"]) == (56, "56 of 60 observations needed")
    late = estimate(marts, "IJR_SPY", "years_2015_2019", "2019-12-31")
    assert late["reason"] == "the prices of the pair start on 2016-04-28, too late for the window"
    assert late["coefficient_pct_per_bp"] is None and late["controlled_t_hac"] is None


def test_the_filler_of_november_2000_is_no_rate(marts: duckdb.DuckDBPyConnection) -> None:
    """93.425 for every contract from six months on until 5 December 2000: none of the 20 sessions is an observation."""
    row = estimate(marts, "RUT_GSPC", "since_election", "2000-12-07")
    assert (str(row["window_start"]), row["sessions_in_window"], row["observations"]) == ("2000-11-08", 21, 1)
