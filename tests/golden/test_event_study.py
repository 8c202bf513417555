"""Event study on the real input against answers that were worked out apart from this project.

Source of the answers: `vectors/06_events.json` beside the project and the figures of docs/methodology, section 6.
"""

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from dagster_project.research.event_study import event_study

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "06_events.json"
EVENTS = {
    "2016-11-08": "election_2016-11-08",
    "2016-12-14": "fomc_2016-12-14",
    "2017-03-15": "fomc_2017-03-15",
    "2017-06-14": "fomc_2017-06-14",
}
"""Events of the vectors that dim_event has. The hold of 2017-05-03 is no change, so it is put to the function."""
WINDOWS = [(-1, 1), (0, 1), (1, 1), (0, 5), (1, 21)]
ANSWERS = {
    "CAR_mm_pct": "car_pct",
    "t_naive": "car_t_naive",
    "t_with_est_error": "car_t",
    "CAR_mkt_adj_pct": "car_market_adjusted_pct",
    "BHAR_pct": "bhar_pct",
    "beta": "beta",
}


@pytest.fixture(scope="module")
def marts(real_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(real_build), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS} is not there")
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text())["rows"]
    return found


def single(marts: duckdb.DuckDBPyConnection, event_id: str, pair: str, window: tuple[int, int]) -> dict[str, Any]:
    rows = marts.execute(
        "select * from marts.event_study "
        "where event_id = ? and pair_id = ? and window_start_session = ? and window_end_session = ?",
        [event_id, pair, *window],
    )
    names = [column[0] for column in rows.description]
    [row] = rows.fetchall()
    return dict(zip(names, row, strict=True))


def assert_agrees(row: dict[str, Any], expected: dict[str, Any]) -> None:
    for theirs, ours in ANSWERS.items():
        assert row[ours] == pytest.approx(expected[theirs], rel=0.001, abs=1e-6), ours
    assert row["alpha_pct_per_day"] == pytest.approx(100 * expected["alpha"], rel=0.001, abs=1e-6)
    assert row["sigma_pct_per_day"] == pytest.approx(100 * expected["sigma"], rel=0.001)
    assert row["estimation_sessions"] == expected["n_est"]
    assert str(row["window_start_date"])[:10] == expected["start"]
    assert str(row["window_end_date"])[:10] == str(row["known_on"])[:10] == expected["end"]


@pytest.mark.parametrize("date", EVENTS)
@pytest.mark.parametrize("window", WINDOWS)
def test_events_agree_with_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: list[dict[str, Any]], date: str, window: tuple[int, int]
) -> None:
    [expected] = [row for row in vectors if row["event"] == date and row["window"] == list(window)]
    row = single(marts, EVENTS[date], "RUT_GSPC", window)
    assert_agrees(row, expected)
    assert row["reason"] is None and not row["is_pooled"] and not row["is_simulated"]


def test_the_hold_of_may_2017_agrees_with_the_vectors(
    marts: duckdb.DuckDBPyConnection, vectors: list[dict[str, Any]]
) -> None:
    levels = marts.execute(
        "select 'RUT_GSPC' as pair_id, small.session_date, small.close as small_level, large.close as large_level "
        "from marts.price_levels as small inner join marts.price_levels as large using (session_date, return_basis) "
        "where small.symbol = '^RUT' and large.symbol = '^GSPC' and return_basis = 'price'"
    ).df()
    day = pd.Timestamp("2017-05-03")
    hold = pd.DataFrame(
        [{"event_id": "hold", "event_date": day, "first_effect_session_date": day, "kind": "hold", "change_bp": 0.0}]
    )
    windows = pd.DataFrame(WINDOWS, columns=["window_start_session", "window_end_session"])
    table = event_study(levels, hold, windows, ["RUT_GSPC"])
    expected = {tuple(row["window"]): row for row in vectors if row["event"] == "2017-05-03"}
    assert len(table) == len(expected) == len(WINDOWS)
    for row in table.to_dict("records"):
        assert_agrees(row, expected[(row["window_start_session"], row["window_end_session"])])


def test_no_vector_is_left_out(vectors: list[dict[str, Any]]) -> None:
    assert {row["event"] for row in vectors} == {*EVENTS, "2017-05-03"}
    assert {tuple(row["window"]) for row in vectors} == set(WINDOWS)


def test_the_election_of_2016(marts: duckdb.DuckDBPyConnection) -> None:
    """Figures of docs/methodology, section 6."""
    day = single(marts, "election_2016-11-08", "RUT_GSPC", (1, 1))
    month = single(marts, "election_2016-11-08", "RUT_GSPC", (1, 21))
    assert day["alpha_pct_per_day"] == pytest.approx(-0.00532, abs=1e-5)
    assert day["beta"] == pytest.approx(1.18375, abs=1e-5)
    assert day["sigma_pct_per_day"] == pytest.approx(0.51117, abs=1e-5)
    assert (day["car_pct"], day["car_t"]) == pytest.approx((1.7916, 3.489), abs=1e-3)
    assert (month["car_pct"], month["car_t"]) == pytest.approx((9.3219, 3.817), abs=1e-3)
    assert month["bhar_pct"] == pytest.approx(11.0169, abs=1e-3)


@pytest.mark.parametrize(
    ("event_id", "first_session"),
    [
        ("shock_2001-09-11", "2001-09-17"),  # the exchange was shut for four sessions
        ("fomc_2020-03-15", "2020-03-16"),  # a Sunday
        ("shock_2016-06-23", "2016-06-24"),  # counted overnight
        ("shock_2011-08-05", "2011-08-08"),  # Friday evening
    ],
)
def test_an_event_without_a_session_or_after_the_close_first_acts_at_plus_1(
    marts: duckdb.DuckDBPyConnection, event_id: str, first_session: str
) -> None:
    row = single(marts, event_id, "RUT_GSPC", (1, 1))
    assert row["reason"] is None
    assert str(row["window_start_date"]) == str(row["window_end_date"]) == str(row["known_on"]) == first_session


def test_every_event_stands_on_every_pair_in_every_window(marts: duckdb.DuckDBPyConnection) -> None:
    [(events, pairs)] = marts.execute(
        "select (select count(*) from marts.dim_event), (select count(*) from marts.dim_pair)"
    ).fetchall()
    [(rows,)] = marts.execute("select count(*) from marts.event_study where not is_pooled").fetchall()
    assert rows == events * pairs * len(WINDOWS)
    first = single(marts, "fomc_2000-03-21", "RUT_GSPC", (0, 1))
    assert first["reason"] == "23 of 250 estimation sessions" and first["car_pct"] is None
    before = single(marts, "election_2012-11-06", "IJR_SPY", (0, 1))
    assert before["reason"] == "the prices of the pair start on 2016-04-28, after the event"
    after = single(marts, "election_2024-11-05", "RUT_GSPC", (0, 1))
    assert after["reason"] == "the prices of the pair end on 2022-11-18, the window ends later"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("pool", "members"),
    [
        ("fomc_rises", "change_bp > 0"),
        ("fomc_cuts", "change_bp < 0"),
        ("elections", "dim_event.kind = 'election'"),
    ],
)
def test_pools_are_means_of_events_that_do_not_overlap(
    marts: duckdb.DuckDBPyConnection, window: tuple[int, int], pool: str, members: str
) -> None:
    """Worked out again from the rows of the single events."""
    singles = marts.execute(
        "select event_date, window_start_date, window_end_date, car_pct, bhar_pct from marts.event_study "
        "inner join marts.dim_event using (event_id, event_date) where pair_id = 'RUT_GSPC' and car_pct is not null "
        f"and window_start_session = ? and window_end_session = ? and {members} order by event_date",
        list(window),
    ).fetchall()
    pooled = marts.execute(
        "select event_id, known_on, events_pooled, car_pct, bhar_pct, car_t from marts.event_study "
        "where pair_id = 'RUT_GSPC' and window_start_session = ? and window_end_session = ? and kind = ? "
        "order by known_on",
        [*window, pool],
    ).fetchall()
    cars: list[float] = []
    bhars: list[float] = []
    expected = []
    last_end = None
    for date, start, end, car, bhar in singles:
        if last_end is None or start > last_end:
            last_end = end
            cars.append(car)
            bhars.append(bhar)
            means = statistics.fmean(cars), statistics.fmean(bhars)
            deviation = statistics.stdev(cars) if len(cars) >= 5 else None
            t = deviation and pytest.approx(means[0] / (deviation / len(cars) ** 0.5), rel=1e-9)
            expected.append((f"pooled_{pool}_through_{date}", end, len(cars), *map(pytest.approx, means), t))
    assert pooled == expected


def test_pools_leave_out_events_that_lie_close_together(marts: duckdb.DuckDBPyConnection) -> None:
    """Cuts of 2001 and 2008 came within weeks of each other: fewer fit into windows of a month."""
    counts = dict(
        marts.execute(
            "select window_end_session, max(events_pooled) from marts.event_study "
            "where pair_id = 'RUT_GSPC' and kind = 'fomc_cuts' and window_start_session = 1 group by all"
        ).fetchall()
    )
    assert counts[21] < counts[1]
