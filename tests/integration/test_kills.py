"""A build that is killed leaves what the next one can go on from: named moments, one after the other.

`make soak CAMPAIGN=kills` kills at dozens of random moments.
"""

from pathlib import Path

import pytest

from tests.kills import Bench, Case, Moment, Untouched, differing_cells, differing_names
from tests.scenarios import Run

CASE = Case(
    "nothing",
    (
        # Failed once: every later build stopped at the empty file.
        Moment(change="write dbt_target/real/manifest.json"),
        Moment(change="write archive/real/daily_bars/HASH.csv.partial"),
        # The build is complete and has its name, the link beside the current one is there.
        Moment(change="rename to published/current"),
    ),
)


@pytest.mark.scenario("base")
def test_build_after_three_killed_ones_is_as_if_there_had_been_none(run: Run, tmp_path: Path):
    bench = Bench(tmp_path)
    bench.put_back(None, run.inbox)
    untouched = Untouched(run.data, ())
    result = bench.run(CASE, untouched, {"base": untouched})
    assert [death.moment for death in result.deaths] == [moment.change for moment in CASE.moments]
    assert result.faults == ()
    assert result.looks > 0


@pytest.mark.scenario("base")
def test_what_a_kill_may_leave_is_found(own_run: Run, run: Run):
    """The comparison itself."""
    (own_run.data / "builds" / ".20261122T000000000Z.partial").mkdir()
    (own_run.data / "published" / ".current.123").symlink_to("../builds")
    (own_run.data / "logs" / "dbt.log").unlink()
    assert differing_names(run.data, own_run.data) == [
        "left behind: builds/.BUILD.partial",
        "left behind: published/.current.123",
        "is missing: logs/dbt.log",
    ]
    assert differing_cells(run.data, own_run.data) == []
