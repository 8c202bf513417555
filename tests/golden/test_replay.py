"""A replay of the real input at the day of the article against a build of the input cut at that day."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tests.golden.conftest import INBOX
from tests.helpers import smallcap
from tests.replays import cut_inbox, differing_marts

DAY = "2017-05-26"


@pytest.fixture(scope="module")
def replayed_and_cut(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The database of the replay and that of the build of the cut input, made at the same time."""
    directory = tmp_path_factory.mktemp("known_at")
    for part in ("archive", "warehouse"):
        shutil.copytree(real_data_dir / part, directory / "whole" / part)
    cut_inbox(INBOX, directory / "inbox", DAY)
    with ThreadPoolExecutor(2) as pool:
        cut = pool.submit(
            smallcap, directory / "cut", "build", "--source", "files", "--inbox", directory / "inbox", "--quiet"
        )
        replay = pool.submit(smallcap, directory / "whole", "replay", "--source", "files", "--known-at", DAY, "--quiet")
    assert cut.result().code == 0, cut.result().err
    assert replay.result().code == 0, replay.result().err
    return (
        directory / "whole" / "replays" / "20170527T035959Z" / "market.duckdb",
        directory / "cut" / "published" / "current" / "market.duckdb",
    )


def test_replay_equals_the_build_of_the_input_cut_at_that_day(replayed_and_cut: tuple[Path, Path]) -> None:
    replayed, cut = replayed_and_cut
    assert differing_marts(replayed, cut) == {}


def test_replay_holds_the_day_of_the_article_and_nothing_after_it(replayed_and_cut: tuple[Path, Path]) -> None:
    """The figures of the article are those of the vectors; the fund rows of that Friday came the session after."""
    with duckdb.connect(str(replayed_and_cut[0]), read_only=True) as connection:
        last = connection.execute(
            "select cast(max(session_date) as varchar) from marts.price_levels "
            "union all select cast(max(session_date) as varchar) from marts.fund_flows_daily "
            "union all select cast(max(watch_date) as varchar) from marts.rate_expectations"
        ).fetchall()
        gap = connection.execute(
            "select gap_pp from marts.relative_performance_horizons where pair_id = 'RUT_GSPC' "
            "and return_basis = 'price' and horizon = 'YTD' and session_date = '2017-05-26'"
        ).fetchall()
    assert last == [(DAY,), ("2017-05-25",), (DAY,)]
    assert gap[0][0] == pytest.approx(-6.06, abs=0.005)
