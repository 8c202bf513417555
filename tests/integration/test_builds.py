"""Whole builds: the same input gives the same marts, Dagster sees everything, raw comes back from the archive."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.helpers import REAL_INBOX, REPO, clean_environment, differing_rows
from tests.scenarios import BARS, Run


def marts(database: Path) -> list[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return [
            f"marts.{table}"
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]


def differing_marts(one: Path, other: Path) -> dict[str, tuple[int, int]]:
    assert marts(one) == marts(other) != []
    with duckdb.connect(str(one), read_only=True) as connection:
        return differing_rows(connection, other, marts(one))


# --- the sample


@pytest.mark.scenario("sample_twice")
def test_sample_builds_end_with_0(run: Run):
    assert [outcome.code for outcome in run.outcomes] == [0, 0], run.last.err


@pytest.mark.scenario("sample_twice")
def test_second_build_gives_equal_marts(run: Run):
    assert differing_marts(run.copies["first"], run.market_file) == {}


@pytest.mark.scenario("sample_twice")
def test_second_build_brings_no_new_vintage(run: Run):
    file = run.data / "warehouse" / "simulated.duckdb"
    assert run.ask("select count(*) from raw.daily_bars where is_removed", file) == [(0,)]
    assert run.ask(
        "select count(*) from (select 1 from raw.daily_bars group by symbol, session_date having count(*) > 1)", file
    ) == [(0,)]
    tables = run.ask("select count(*), count(distinct table_name) from ops.payload_log", file)
    assert tables[0][0] == tables[0][1], "a payload was read twice"


@pytest.mark.scenario("sample_twice")
def test_everything_made_from_the_sample_says_so(run: Run):
    for mart in marts(run.market_file):
        columns = {name for name, *_ in run.ask(f"describe {mart}")}
        assert "is_simulated" in columns, mart
        assert run.ask(f"select count(*) from {mart} where is_simulated is distinct from true") == [(0,)], mart
    assert run.ask("select source_mode, is_simulated from meta.build") == [("sample", True)]
    assert "SIMULATED" in run.outcomes[0].out
    assert "SIMULATED" in (run.data / "published" / "current" / "brief.md").read_text()
    assert json.loads((run.data / "published" / "current" / "manifest.json").read_text())["is_simulated"] is True


@pytest.mark.scenario("sample_twice")
def test_sample_tells_the_story_of_may_2017(run: Run):
    [(small, large, gap)] = run.ask(
        "select small_return_pct, large_return_pct, gap_pp from marts.relative_performance_horizons "
        "where pair_id = 'RUT_GSPC' and return_basis = 'price' and horizon = 'YTD' and session_date = '2017-05-26'"
    )
    assert gap == pytest.approx(small - large)
    assert gap < -5


# --- a build of files


@pytest.mark.scenario("base")
def test_published_build_is_complete(run: Run):
    build = run.data / "published" / "current"
    manifest = json.loads((build / "manifest.json").read_text())
    for name in ("market.duckdb", "brief.md", "brief.json", "parquet/price_levels.parquet", "csv/price_levels.csv"):
        assert (build / name).stat().st_size > 0
    for relation, rows in manifest["rows"].items():
        assert run.ask(f"select count(*) from {relation}") == [(rows,)]
    assert manifest["build_id"] == build.resolve().name
    assert manifest["problems"] == []
    assert run.ask("select build_id, source_mode, is_simulated, data_through from meta.build") == [
        (manifest["build_id"], "files", False, date(2017, 12, 29))]  # fmt: skip


@pytest.mark.scenario("base")
def test_returns_are_those_of_the_delivered_closes(run: Run):
    """Recomputed here from the inbox: year to date on the last session, from the last session of the year before."""
    closes = BARS.pivot(index="session_date", columns="symbol", values="close")
    for small, large, pair in (("^RUT", "^GSPC", "RUT_GSPC"), ("IWM", "SPY", "IWM_SPY")):
        expected = [100 * (closes.loc["2017-12-29", s] / closes.loc["2016-12-30", s] - 1) for s in (small, large)]
        [found] = run.ask(
            "select small_return_pct, large_return_pct, gap_pp, base_session_date "
            "from marts.relative_performance_horizons "
            f"where pair_id = '{pair}' and return_basis = 'price' and horizon = 'YTD' and session_date = '2017-12-29'"
        )
        assert found[:2] == pytest.approx(tuple(expected))
        assert found[2] == pytest.approx(expected[0] - expected[1])
        assert found[3] == date(2016, 12, 30)


@pytest.mark.scenario("base")
def test_meta_tables_tell_of_every_column_check_and_domain(run: Run):
    shown = run.ask(
        "select count(*) from duckdb_columns() as c where schema_name in ('marts', 'meta') and "
        "(schema_name, table_name, column_name) not in "
        "(select (table_schema, table_name, column_name) from meta.catalogue)"
    )
    assert shown == [(0,)]
    without_words = "select table_name, column_name from meta.catalogue where coalesce(trim(description), '') = ''"
    assert run.ask(without_words) == []
    assert run.ask("select count(*) from meta.checks where check_id = 'assert_headline_pair_has_rows' and passed") == [
        (1,)
    ]
    assert run.ask("select count(*) from meta.checks where is_blocking and severity = 'error' and not passed") == [(0,)]
    assert dict(run.ask("select domain, status from meta.freshness"))["prices"] == "stale"


@pytest.mark.scenario("base")
def test_logs_are_json_lines_named_for_the_build(run: Run):
    [log] = (run.data / "logs").glob("*.jsonl")
    assert log.stem == (run.data / "published" / "current").resolve().name
    messages = [json.loads(line)["message"] for line in log.read_text(encoding="utf-8").splitlines()]
    assert any(
        "daily_bars/prices.csv: 3020 rows read, 3020 new vintages, 0 in quarantine" in message for message in messages
    )
    assert any(message.startswith("published ") for message in messages)


@pytest.mark.scenario("base")
def test_nothing_is_written_outside_the_data_directory(run: Run):
    assert sorted(path.name for path in run.data.parent.iterdir()) == ["data", "inbox"]
    assert [path.relative_to(run.inbox).as_posix() for path in run.inbox.rglob("*") if path.is_file()] == [
        "daily_bars/prices.csv"
    ]


# --- rebuild


@pytest.mark.scenario("rebuilt")
def test_rebuild_then_build_gives_equal_marts(run: Run):
    assert [outcome.code for outcome in run.outcomes] == [0, 0]
    assert differing_marts(run.copies["before"], run.market_file) == {}


@pytest.mark.scenario("rebuilt")
def test_rebuild_tells_the_rows_of_every_table(run: Run):
    assert "raw.daily_bars" in run.outcomes[0].out
    assert "3020 vintages" in run.outcomes[0].out


# --- Dagster

EVENTS = """
import json
import dagster as dg
from dagster_project.definitions import defs
graph = defs.resolve_asset_graph()
with dg.DagsterInstance.get() as instance:
    runs = instance.get_runs()
    evaluations = {}
    for record in instance.all_logs(runs[0].run_id):
        if record.dagster_event and record.dagster_event.event_type_value == "ASSET_CHECK_EVALUATION":
            found = record.dagster_event.event_specific_data
            evaluations[found.asset_key.to_user_string() + ": " + found.check_name] = found.passed
    print(json.dumps({
        "runs": [(run.job_name, run.status.value, run.tags.get("smallcap/build_id")) for run in runs],
        "assets": sorted(k.to_user_string() for k in graph.get_all_asset_keys() if graph.get(k).is_materializable),
        "materialized": sorted(k.to_user_string() for k in graph.get_all_asset_keys()
                               if instance.get_latest_materialization_event(k) is not None),
        "checks": sorted(k.asset_key.to_user_string() + ": " + k.name for k in graph.asset_check_keys),
        "evaluations": evaluations,
    }))
"""


@pytest.fixture(scope="module")
def dagster_history(scenarios) -> dict:
    run = scenarios["base"]
    done = subprocess.run(
        [sys.executable, "-c", EVENTS], capture_output=True, text=True, cwd=REPO, timeout=120, check=False,
        env=clean_environment(
            SMALLCAP_DATA_DIR=run.data, SMALLCAP_SOURCE="files", SMALLCAP_INBOX=run.inbox,
            DAGSTER_HOME=run.data / "dagster_home",
        ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.scenario("base")
def test_dagster_knows_the_run_under_the_build(run: Run, dagster_history):
    assert dagster_history["runs"] == [["daily", "SUCCESS", (run.data / "published" / "current").resolve().name]]


@pytest.mark.scenario("base")
def test_dagster_has_a_materialization_of_every_asset(run: Run, dagster_history):
    assert dagster_history["materialized"] == dagster_history["assets"]


@pytest.mark.scenario("base")
def test_dagster_has_an_evaluation_of_every_check(run: Run, dagster_history):
    assert sorted(dagster_history["evaluations"]) == dagster_history["checks"]
    warned = {key for key, passed in dagster_history["evaluations"].items() if not passed}
    recorded = run.ask("select asset, check_id, family from meta.checks where not passed")
    known = {key.split(": ")[1] for key in dagster_history["checks"]}  # not the dbt tests of BUG D1
    for asset, check, family in recorded:
        name = check.split("__", 1)[1] if family == "contract" else check
        assert name not in known or any(key.endswith(f": {name}") for key in warned), (asset, check)


# --- real data, when it is there


def test_contracts_take_the_real_inbox(tmp_path: Path):
    """Every table of the shared inbox is read without a refused file; skipped where there is none."""
    if not REAL_INBOX.is_dir():
        pytest.skip(f"no real data at {REAL_INBOX}")
    from dagster_project import steps
    from dagster_project.contracts.tables import CONTRACTS
    from dagster_project.settings import Settings

    settings = Settings(_env_file=None, data_dir=tmp_path / "data", source="files", inbox=REAL_INBOX)
    for table in ("policy_rates", "treasury_yields", "published_figures", "index_fundamentals"):
        if not (REAL_INBOX / table).is_dir():
            continue
        done = steps.extract(settings, CONTRACTS[table], "real")
        assert done.report.problems == [], table
        assert done.report.rows_new > 0
        assert steps.extract(settings, CONTRACTS[table], "again").report.rows_new == 0


@pytest.mark.scenario("base")
def test_ledger_without_other_domains_says_why_it_cannot_decide(run: Run):
    """The inbox has prices only: every claim has its headline on every session, and a reason."""
    rows = run.ask(
        "select claim_id, verdict, value, reason from marts.claims where is_headline and framing = 'rolling' "
        "qualify row_number() over (partition by claim_id order by as_of_date desc) = 1 order by claim_id"
    )
    assert [claim_id for claim_id, *_ in rows] == list(range(1, 15))
    reasons = {claim_id: reason for claim_id, verdict, value, reason in rows if verdict == "undecidable"}
    assert set(reasons) >= {2, 3, 5, 6, 7, 8, 11, 12, 14}
    assert reasons[2].startswith("no share counts of IWM for the week ended")
    assert reasons[5] == "the input has nothing for this claim that is fresh enough on the day"
    assert reasons[12] == "no vintage of CAPE was known on the day"
    assert not any(value is not None for _, verdict, value, _ in rows if verdict == "undecidable")
