"""Write, audit, publish: what a blocking finding stops, what it says, and what a person may let through."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from dagster_project.contracts.tables import CONTRACTS
from tests import market
from tests.helpers import Outcome, file_hashes, smallcap
from tests.scenarios import BARS, Run

DAY = "2016-06-15"
"""In the middle of the history of the base scenario."""


@dataclass
class Blocked:
    """A run whose second build met a close that is 30 % too high, and what was tried after it."""

    run: Run
    refused: Outcome
    before: tuple[Path, dict[str, bytes]]
    after: tuple[Path, dict[str, bytes]]
    publish_refused: Outcome
    asked: Outcome
    overridden: Outcome


def published(run: Run) -> tuple[Path, dict[str, bytes]]:
    """Which build is the published one, and every file of every build with its bytes."""
    return (run.data / "published" / "current").readlink(), file_hashes(run.data / "builds")


def with_spike(symbol: str = "^RUT") -> bytes:
    frame = BARS.copy()
    spiked = (frame["symbol"] == symbol) & (frame["session_date"] == DAY)
    frame.loc[spiked, ["high", "close"]] *= 1.3
    return market.csv(frame)


@pytest.fixture(scope="module")
def blocked(scenarios, tmp_path_factory) -> Blocked:
    run = scenarios["base"].copied_to(tmp_path_factory.mktemp("audit"))
    market.deliver(run.inbox, with_spike())
    before = published(run)
    refused = run.build()
    after = published(run)
    publish_refused = run.call("publish", "--source", "files")
    asked = run.call(
        "query", "--warehouse", "files", "--format", "json",
        "select series, day, sentence, severity from marts.data_quality_findings where not is_known",
    )  # fmt: skip
    overridden = run.call(
        "build", "--source", "files", "--inbox", run.inbox, "--quiet",
        "--publish-despite", "prices_jump", "--reason", "looked up: the vendor is right",
    )  # fmt: skip
    return Blocked(run, refused, before, after, publish_refused, asked, overridden)


@pytest.mark.scenario("base")
def test_blocking_finding_leaves_the_published_build_byte_for_byte(blocked: Blocked):
    assert blocked.refused.code == 1
    assert blocked.after == blocked.before
    link, files = blocked.before
    assert {Path(name).name for name in files} >= {"market.duckdb", "dashboard.html", "brief.md", "manifest.json"}
    assert link.name in {Path(name).parts[0] for name in files}


@pytest.mark.scenario("base")
def test_it_says_in_three_lines_what_failed_where_the_rows_are_and_what_to_do(blocked: Blocked):
    said = blocked.refused.err[blocked.refused.err.index("smallcap: ") :].strip().splitlines()
    assert len(said) == 3, said
    assert "blocking check prices_jump failed on 2 rows" in said[0]
    assert f"^RUT, {DAY}" in said[0] or "^RUT, 2016-06-16" in said[0]
    assert "Deliver it corrected" in said[0]
    assert said[1].startswith("Rows: smallcap query --warehouse files")
    assert "--publish-despite prices_jump" in said[2]
    assert "the published build stays" in said[2]


@pytest.mark.scenario("base")
def test_failing_rows_can_be_asked_for(blocked: Blocked):
    rows = json.loads(blocked.asked.out)
    blocking = [row for row in rows if row["severity"] == "error"]
    assert {(row["series"], row["day"]) for row in blocking} == {("^RUT", DAY), ("^RUT", "2016-06-16")}
    assert all("points away from the nearest of its class" in row["sentence"] for row in blocking)


@pytest.mark.scenario("base")
def test_publish_alone_is_refused_too(blocked: Blocked):
    assert blocked.publish_refused.code == 1
    assert "1 blocking checks failed: prices_jump (2 rows" in blocked.publish_refused.err
    assert "Rows: smallcap query --warehouse files" in blocked.publish_refused.err


@pytest.mark.scenario("base")
def test_override_publishes_and_is_recorded(blocked: Blocked):
    run = blocked.run
    assert blocked.overridden.code == 0, blocked.overridden.err
    words = "prices_jump failed on 2 rows and was overridden: looked up: the vendor is right"
    assert run.ask("select overrides from meta.build") == [(words,)]
    assert json.loads((run.data / "published" / "current" / "manifest.json").read_text())["overrides"] == [words]
    assert run.ask("select passed, failed_rows, family from meta.checks where check_id = 'prices_jump'") == [
        (False, 2, "market")
    ]
    [(message,)] = run.ask("select message from meta.checks where check_id = 'prices_jump'")
    assert message.startswith("^RUT, 2016-06-1")
    assert message.endswith("(2 in all)")


@pytest.mark.scenario("base")
def test_history_keeps_failed_builds_and_one_row_per_check_and_build(blocked: Blocked):
    run = blocked.run
    history = run.ask("select passed from meta.check_history where check_id = 'prices_jump' order by build_id")
    assert history == [(True,), (False,), (False,)]
    assert run.ask("select count(*) from (from meta.check_history group by all having count(*) > 1)") == [(0,)]
    assert run.ask(
        "select count(*) from (select 1 from meta.checks group by check_id having count(*) > 1)") == [(0,)]  # fmt: skip
    assert run.ask(
        "select count(*) from meta.checks anti join (from meta.check_history where build_id = "
        "(select build_id from meta.build)) using (check_id)") == [(0,)]  # fmt: skip


@pytest.mark.scenario("base")
def test_without_an_override_nothing_is_recorded(run: Run):
    assert run.ask("select overrides from meta.build") == [(None,)]
    assert json.loads((run.data / "published" / "current" / "manifest.json").read_text())["overrides"] == []


@pytest.mark.scenario("base")
def test_every_domain_has_a_freshness_check(run: Run):
    status = dict(run.ask("select domain, status from meta.freshness"))
    assert set(status) == {contract.domain for contract in CONTRACTS.values()}


@pytest.mark.scenario("base")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--publish-despite", "prices_jump"], "needs a reason"),
        (["--publish-despite", "prices_jumps", "--reason", "x"], "did you mean prices_jump"),
        (["--publish-despite", "prices_gap", "--reason", "x"], "no check that blocks"),
        (["--reason", "x"], "--publish-despite"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(run: Run, arguments: list[str], words: str):
    outcome = smallcap(run.data, "publish", "--source", "files", *arguments)
    assert outcome.code == 1
    assert words in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.scenario("base")
def test_checks_that_ran_before_the_last_delivery_do_not_count(own_run: Run):
    """Raw has news that no check has seen: the warehouse as it stands is not the one that was checked."""
    with duckdb.connect(str(own_run.warehouse_file)) as connection:
        connection.execute("update ops.payload_log set observed_at = now()::timestamp + interval 1 day")
    outcome = smallcap(own_run.data, "publish", "--source", "files")
    assert outcome.code == 1
    assert "ran before the last delivery came in" in outcome.err
    assert len(list((own_run.data / "builds").iterdir())) == 1
