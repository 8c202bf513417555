"""`smallcap replay`: the marts of an input cut at that day, the rest of the house untouched, errors in words."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dagster_project import steps
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.settings import Settings
from dagster_project.sources.sample import SampleSource
from dagster_project.warehouse.lock import build_lock
from tests import market
from tests.helpers import Outcome, file_hashes, files_settings, smallcap
from tests.replays import cut_inbox, differing_marts, marts
from tests.scenarios import Run

DAY = "2017-05-26"
NAME = "20170527T035959Z"
REVISED_DAY, REMOVED_DAY, SPLIT_DAY = "2017-05-12", "2017-05-17", "2017-10-02"
REPLAY_WRITES = ("replays", "logs", "dbt_target", "warehouse/build.lock")


def hashes(data: Path) -> dict[str, bytes]:
    """Every file of a data directory but what a replay writes, with its bytes; links by where they lead."""
    files = {name: content for name, content in file_hashes(data).items() if not name.startswith(REPLAY_WRITES)}
    return files | {"current": str((data / "published" / "current").resolve()).encode()}


def replay(data: Path, known_at: str, *arguments: str) -> Outcome:
    return smallcap(data, "replay", "--known-at", known_at, *arguments)


# --- a replay against the input cut at that day


@dataclass(frozen=True)
class Story:
    """A whole input delivered twice, a build of both deliveries, two replays, and a build of the first one's past."""

    run: Run
    first_close: float
    second_close: float
    cut: Run
    untouched: bool
    then: Path
    now: Path


def first_delivery(inbox: Path) -> pd.DataFrame:
    """The simulated market as files, VOO up to a split; returns its bars."""
    source = SampleSource()
    for ref in source.plan(CONTRACTS).payloads:
        market.deliver(inbox, source.fetch(ref).content, ref.name, ref.table)
    bars = pd.read_csv(inbox / "daily_bars" / "daily_bars.csv")
    market.deliver(inbox, bars[(bars["symbol"] != "VOO") | (bars["session_date"] < SPLIT_DAY)], "daily_bars.csv")
    return bars


def second_delivery(inbox: Path, bars: pd.DataFrame) -> pd.DataFrame:
    """A close revised, a row removed, the history of VOO restated after a 3-for-1 split."""
    bars = market.rescaled_from(bars, "VOO", SPLIT_DAY, 3)
    bars = market.split_adjusted(bars, "VOO", SPLIT_DAY, 3)
    revised = (bars["symbol"] == "^RUT") & (bars["session_date"] == REVISED_DAY)
    bars.loc[revised, "close"] = bars.loc[revised, "open"]
    bars = bars[(bars["symbol"] != "IWO") | (bars["session_date"] != REMOVED_DAY)]
    market.deliver(inbox, bars, "daily_bars.csv")
    return bars


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    directory = tmp_path_factory.mktemp("story")
    run, cut = (Run(directory / name / "data", directory / name / "inbox") for name in ("whole", "cut"))
    first = first_delivery(run.inbox)
    cut_inbox(run.inbox, cut.inbox, DAY)
    settings = files_settings(directory / "whole")
    with ThreadPoolExecutor(2) as pool:
        cut_build = pool.submit(cut.build, "--quiet")
        for contract in CONTRACTS.values():
            steps.extract(settings, contract, "first")
        second = second_delivery(run.inbox, first)
        whole_build = pool.submit(run.build, "--quiet")
    assert cut_build.result().code == 0, cut.last.err
    assert whole_build.result().code == 0, run.last.err
    before = hashes(run.data)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for known_at in (DAY, now):
        done = replay(run.data, known_at, "--source", "files", "--quiet")
        assert done.code == 0, done.err
        assert done.err.startswith("Made "), "it is to be quiet"
    replays = run.data / "replays"
    closes = [
        float(rows.loc[(rows["symbol"] == "^RUT") & (rows["session_date"] == REVISED_DAY), "close"].item())
        for rows in (first, second)
    ]
    return Story(
        run, *closes, cut, hashes(run.data) == before, replays / NAME / "market.duckdb",
        replays / now.replace("-", "").replace(":", "") / "market.duckdb",
    )  # fmt: skip


def test_replay_equals_the_build_of_the_input_cut_at_that_day(story: Story):
    """Prices, T+1 share counts, rates, fundamentals; what came years later as a revision, a removal or a split too."""
    assert differing_marts(story.then, story.cut.market_file) == {}


def test_replay_known_now_equals_the_build(story: Story):
    assert differing_marts(story.now, story.run.market_file) == {}


def test_revision_is_known_after_it_was_delivered(story: Story):
    query = f"select close from marts.price_levels where symbol = '^RUT' and session_date = '{REVISED_DAY}'"
    assert story.first_close != story.second_close
    assert story.run.ask(query, story.then) == [(story.first_close,)]
    assert story.run.ask(query, story.now) == [(story.second_close,)]


def test_removal_and_split_are_known_after_they_were_delivered(story: Story):
    iwo = f"select count(*) from marts.price_levels where symbol = 'IWO' and session_date = '{REMOVED_DAY}'"
    assert story.run.ask(iwo, story.then)[0][0] > 0
    assert story.run.ask(iwo, story.now) == [(0,)]
    voo = f"select distinct close from marts.price_levels where symbol = 'VOO' and session_date = '{DAY}'"
    [(then,)], [(now,)] = story.run.ask(voo, story.then), story.run.ask(voo, story.now)
    assert then == pytest.approx(3 * now)


def test_replay_holds_nothing_of_a_later_day(story: Story):
    assert story.run.ask(
        "select cast(max(session_date) as varchar) from marts.price_levels "
        "union all select cast(max(session_date) as varchar) from marts.fund_flows_daily "
        "union all select cast(max(rate_date) as varchar) from marts.policy_and_yields where effr_pct is not null",
        story.then,
    ) == [(DAY,), ("2017-05-25",), ("2017-05-25",)]


def test_build_warehouse_and_archive_are_untouched(story: Story):
    assert story.untouched


def test_replay_says_what_it_is(story: Story):
    instant = "2017-05-27 03:59:59"
    about = "select cast(known_at_utc as varchar), source_mode, is_simulated from meta.build"
    assert story.run.ask(about, story.then) == [(instant, "files", False)]
    assert story.run.ask(about) == [(None, "files", False)]
    assert json.loads((story.then.parent / "manifest.json").read_text())["known_at_utc"] == instant
    assert f"replay known at {instant} UTC | real data" in (story.then.parent / "brief.md").read_text()
    assert json.loads((story.then.parent / "brief.json").read_text())["as_of"] == DAY
    assert "replay" not in (story.run.data / "published" / "current" / "brief.md").read_text()


def test_replay_has_the_checks_and_the_freshness_of_its_instant(story: Story):
    assert story.run.ask("select count(*) from meta.checks", story.then) == story.run.ask(
        "select count(*) from meta.checks"
    )
    blocking = "select count(*) from meta.checks where is_blocking and severity = 'error' and not passed"
    assert story.run.ask(blocking, story.then) == [(0,)]
    fresh = "select status, cast(expected_through as varchar) from meta.freshness where domain = 'prices'"
    assert story.run.ask(fresh, story.then) == [("fresh", DAY)]
    assert story.run.ask(fresh)[0][0] == "stale"


def test_replay_is_complete_and_leaves_nothing_behind(story: Story):
    assert sorted(path.name for path in story.then.parent.iterdir()) == [
        "brief.json", "brief.md", "charts", "csv", "dashboard.html", "manifest.json", "market.duckdb", "parquet",
        "real.duckdb",
    ]  # fmt: skip
    assert sorted(path.name for path in story.then.parents[1].iterdir()) == [NAME, story.now.parent.name]
    later = "select count(*) from raw.daily_bars where available_at > timestamp '2017-05-27 03:59:59'"
    assert story.run.ask(later, story.then.with_name("real.duckdb")) == [(0,)]


def test_replay_is_read_by_brief_and_query(story: Story):
    told = smallcap(story.run.data, "brief", "--replay", DAY, "--format", "markdown")
    assert (story.then.parent / "brief.md").read_text().startswith(told.out.rstrip("\n"))
    asked = smallcap(
        story.run.data, "query", "select max(session_date) as day from marts.price_levels",
        "--replay", "2017-05-27T03:59:59Z", "--format", "csv",
    )  # fmt: skip
    assert asked.out.split() == ["day", DAY]
    missing = smallcap(story.run.data, "brief", "--replay", "2017-05-25")
    assert (missing.code, missing.out) == (1, "")
    assert NAME in missing.err


# --- simulated data


def test_replay_of_the_sample_says_that_it_is_simulated_and_replaces_the_one_before(tmp_path: Path):
    data = tmp_path / "data"
    for contract in CONTRACTS.values():
        steps.extract(Settings(_env_file=None, data_dir=data, source="sample"), contract, "first")
    earlier = data / "replays" / NAME
    earlier.mkdir(parents=True)
    (earlier / "manifest.json").write_text('{"is_simulated": true}')
    (earlier / "of_the_one_before").write_text("x")
    done = replay(data, DAY)
    assert done.code == 0, done.err
    assert "SIMULATED" in done.out
    assert f"As of {DAY}" in done.out
    assert str(earlier) in done.err
    assert not (earlier / "of_the_one_before").exists()
    assert "SIMULATED" in (earlier / "brief.md").read_text()
    with duckdb.connect(str(earlier / "market.duckdb"), read_only=True) as connection:
        assert connection.execute("select is_simulated, source_mode from meta.build").fetchall() == [(True, "sample")]
        for mart in marts(earlier / "market.duckdb"):
            said = connection.execute(f"select count(*) from {mart} where is_simulated is distinct from true")
            assert said.fetchall() == [(0,)], mart
    real = replay(data, DAY, "--source", "files")
    assert real.code == 1
    assert "no archive to replay from" in real.err


# --- what cannot be replayed


@pytest.mark.scenario("headline_missing")
def test_replay_whose_checks_fail_leaves_the_one_before(own_run: Run):
    earlier = own_run.data / "replays" / NAME
    earlier.mkdir(parents=True)
    (earlier / "manifest.json").write_text('{"is_simulated": false}')
    done = replay(own_run.data, DAY, "--source", "files", "--quiet")
    assert done.code == 1
    assert "assert_headline_pair_has_rows" in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in earlier.iterdir()] == ["manifest.json"]


@pytest.mark.scenario("base")
@pytest.mark.parametrize(
    ("known_at", "words"),
    [
        ("2014-12-31", ["No price was known at 2015-01-01 04:59:59 UTC", "2015-01-02 21:00:00 UTC"]),
        ("2999-01-01", ["lies in the future", "2999-01-02 04:59:59 UTC"]),
        ("yesterday", ["'yesterday'", "YYYY-MM-DD"]),
        ("2017-05-26T16:00:00", ["'2017-05-26T16:00:00'", "zone"]),
    ],
)
def test_instant_that_cannot_be_replayed(own_run: Run, known_at: str, words: list[str]):
    before = hashes(own_run.data)
    done = replay(own_run.data, known_at, "--source", "files")
    assert (done.code, done.out) == (1, "")
    assert all(word in done.err for word in words), done.err
    assert "Traceback" not in done.err
    assert hashes(own_run.data) == before


@pytest.mark.scenario("base")
def test_replay_waits_for_nobody(own_run: Run):
    with build_lock(own_run.data / "warehouse" / "build.lock"):
        done = replay(own_run.data, DAY, "--source", "files")
    assert done.code == 4
    assert "Another build is running" in done.err


def test_replay_without_an_archive_or_an_instant(tmp_path: Path):
    done = replay(tmp_path / "data", DAY)
    assert done.code == 1
    assert "no archive to replay from" in done.err
    assert smallcap(tmp_path / "data", "replay").code == 2
