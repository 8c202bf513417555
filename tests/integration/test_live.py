"""Live extraction against the loopback internet: from nothing, a day later, revised, and with every service broken.

"Right" means: what holds in raw equals what the simulated market says; a row may lack, none may differ.
"""

import hashlib
import itertools
import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dagster_project import steps
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.doctor import probe_services
from dagster_project.settings import Settings
from dagster_project.sources.live import universe
from dagster_project.sources.live.http import Client
from dagster_project.sources.live.registry import PROVIDERS
from dagster_project.warehouse.archive import Archive
from dagster_project.warehouse.ingest import TableReport
from dagster_project.warehouse.meta import read_freshness
from dagster_project.warehouse.prune import prunable, prune
from tests.helpers import PROGRAM, clean_environment, differing_rows, raw_relations
from tests.internet.internet import FAULTS, Internet
from tests.internet.loopback import Answer, Asked
from tests.internet.services import SERVICES, YAHOO_COOKIE, YAHOO_CRUMB

FIRST, SECOND = datetime(2017, 5, 31, 22, 30), datetime(2017, 6, 1, 22, 30)
"""18:30 in New York, when the schedule builds."""
CHECKED = {
    "daily_bars": (["symbol", "session_date"], "close"),
    "fund_nav_shares": (["fund_symbol", "as_of_date"], "shares_outstanding"),
    "fed_funds_futures": (["contract_month", "session_date"], "settle"),
    "policy_rates": (["rate_date"], "effr_pct"),
    "treasury_yields": (["rate_date", "tenor"], "par_yield_pct"),
}
"""Key and one value of each table with a row per session."""
SYMBOLS = ("^RUT", "^GSPC", "IWM", "IVV", "SPY")
KEY = "planted-key-4711"
_builds = itertools.count()


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """All services, for a universe of five, so that a day takes a second."""
    small = tmp_path_factory.mktemp("universe") / "universe.csv"
    lines = universe.FILE.read_text(encoding="utf-8").splitlines()
    small.write_text("\n".join(line for line in lines if line.split(",")[0] in ("symbol", *SYMBOLS)) + "\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(universe, "FILE", small)
        universe.universe.cache_clear()
        with Internet(FIRST) as running:
            yield running
    universe.universe.cache_clear()


@pytest.fixture(scope="module")
def first_day(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a first build from nothing."""
    directory = tmp_path_factory.mktemp("first")
    internet.market.now = FIRST
    reports = take_in(internet, directory, list(CONTRACTS))
    assert {table: report.problems for table, report in reports.items() if report.problems} == {}
    (directory / "requests.json").write_text(json.dumps(internet.requests()))
    return directory


@pytest.fixture
def day(internet: Internet, first_day: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the first day; the clock stands on the second one."""
    shutil.copytree(first_day / "data", tmp_path / "data")
    internet.market.now = SECOND
    internet.requests()
    yield tmp_path
    internet.faults.clear()


def take_in(internet: Internet, directory: Path, tables: list[str], **live: object) -> dict[str, TableReport]:
    """One build's extraction of these tables at the market's moment."""
    settings, build = internet.settings(directory, **live), f"build {next(_builds)}"
    return {
        table: steps.extract(settings, CONTRACTS[table], build, clock=lambda: internet.market.now).report
        for table in tables
    }


def compare(internet: Internet, directory: Path, table: str) -> tuple[int, list[tuple[object, ...]]]:
    """How many rows that are due lack, and which rows differ from the market's."""
    key, value = CHECKED[table]
    with duckdb.connect(str(directory / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        names = ", ".join(f'cast("{name}" as varchar) as "{name}"' for name in key)
        own = ", ".join(f'"{name}"' for name in key)
        held = warehouse.execute(
            f"""
            select {names}, "{value}" from (
                select * from raw.{table} where source <> 'fred' or {CONTRACTS[table].time_column} > '2008-12-31'
                qualify row_number() over (
                    partition by source, {own} order by available_at desc, observed_at desc, payload_seq desc) = 1)
            where not is_removed and {CONTRACTS[table].time_column} >= '2015-12-01'
            """
        ).df()
    truth = internet.market.rows(table)
    if key[0] in ("symbol", "fund_symbol"):
        truth = truth[truth[key[0]].isin(SYMBOLS) & (truth[key[1]] >= "2015-12-01")]
    both = held.merge(truth[[*key, value]], on=key, how="outer", suffixes=("", "_true"), indicator=True)
    lacks = both["_merge"] == "right_only"
    if table == "fed_funds_futures":  # neither service has contracts that have ended
        lacks &= both["contract_month"] >= f"{internet.market.now:%Y-%m-01}"
    lacking = int(lacks.sum())
    wrong = both[(both["_merge"] != "right_only") & ~((both[value] - both[f"{value}_true"]).abs() < 1e-6)]
    return lacking, list(wrong.head(5).itertuples(index=False, name=None))


def freshness(internet: Internet, directory: Path) -> dict[str, str]:
    """Status of each domain, as `meta.freshness` has it."""
    with duckdb.connect(str(directory / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        return {found.domain: found.status for found in read_freshness(warehouse, False, internet.market.now)}


def test_a_first_build_from_nothing_is_right(internet: Internet, first_day: Path) -> None:
    internet.market.now = FIRST
    for table in CHECKED:
        assert compare(internet, first_day, table) == (0, []), table
    asked = json.loads((first_day / "requests.json").read_text())
    print("requests of a first build:", asked)
    assert (asked["yahoo"], asked["yahoo_cookie"]) == (len(SYMBOLS) + 13 + 1, 1), "charts, crumb, cookie"
    assert asked["treasury"] == 28 and asked["cme"] <= 5
    found = freshness(internet, first_day)
    assert {found[domain] for domain in ("prices", "flows", "rates")} == {"fresh"}


def test_a_backfill_asks_again_for_its_days_and_little_else(internet: Internet, day: Path) -> None:
    internet.market.now = FIRST
    settings, build = internet.settings(day), f"build {next(_builds)}"
    asked = (date(2016, 5, 31), date(2017, 5, 26))
    tables = [table for table, contract in CONTRACTS.items() if contract.cadence == "session"]
    for table in tables:
        done = steps.extract(settings, CONTRACTS[table], build, clock=lambda: FIRST, asked=asked)
        assert done.report.problems == []
        assert done.report.rows_new == 0, f"{table}: the same rows came again"
    requests = internet.requests()
    print("requests of a backfill of 250 sessions over two years:", requests)
    assert requests["new_york_fed"] == 1 and requests["treasury"] == 2
    assert requests["yahoo"] <= len(SYMBOLS) + 13 + 1
    assert sum(requests.values()) < 40
    for table in CHECKED:
        assert compare(internet, day, table) == (0, []), table


def test_answers_are_archived_with_where_they_came_from(internet: Internet, first_day: Path) -> None:
    archive = Archive(internet.settings(first_day).archive_dir)
    entries = archive.entries()
    for entry in entries:
        assert entry.provider == entry.source and entry.response["status"] == "200"
        assert entry.origin.startswith("http://127.0.0.1:") and archive.read(entry)
        assert archive.payload_file(entry).parent.name == entry.provider
        for secret in (YAHOO_COOKIE, YAHOO_CRUMB):
            assert secret not in repr(entry) and secret.encode() not in archive.read(entry)
    funds = [entry for entry in entries if entry.provider == "ishares"]
    files = {entry.table: archive.payload_file(entry) for entry in funds if entry.name.startswith("IWM")}
    assert files["fund_nav_shares"] == files["fund_holdings"]


def test_a_rebuild_from_the_archive_needs_no_network(internet: Internet, first_day: Path, tmp_path: Path) -> None:
    shutil.copytree(first_day / "data", tmp_path / "data")
    nowhere = dict.fromkeys(internet.addresses, "http://127.0.0.1:1")
    internet.requests()
    steps.rebuild_raw(internet.settings(tmp_path, **nowhere))
    assert internet.requests() == {}
    with duckdb.connect(str(tmp_path / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        other = first_day / "data" / "warehouse" / "real.duckdb"
        assert differing_rows(warehouse, other, raw_relations()) == {}


def test_a_second_day_asks_for_what_is_missing(internet: Internet, day: Path) -> None:
    reports = take_in(internet, day, list(CHECKED))
    asked = internet.requests()
    print("requests of a daily update:", asked)
    yahoo = {"yahoo": len(SYMBOLS) + 1, "yahoo_cookie": 1}
    assert asked == {**yahoo, "blackrock": 2, "ssga": 1, "cme": 1, "new_york_fed": 1, "treasury": 1}
    assert all(report.status == "ok" for report in reports.values())
    assert reports["daily_bars"].rows_new == len(SYMBOLS)
    for table in CHECKED:
        assert compare(internet, day, table) == (0, []), table
    take_in(internet, day, list(CHECKED))
    assert internet.requests() == {}, "nothing is missing, so nothing is asked"


def test_a_revised_day_becomes_a_vintage_known_from_now_on(internet: Internet, day: Path) -> None:
    where = {"symbol": "IWM", "session_date": "2017-05-26"}
    rows = internet.market.tables["daily_bars"]
    hit = (rows["symbol"] == "IWM") & (rows["session_date"] == "2017-05-26")
    before = float(rows.loc[hit, "close"].iloc[0])
    try:
        internet.market.change("daily_bars", where, "close", before * 1.001)
        assert take_in(internet, day, ["daily_bars"])["daily_bars"].rows_new == len(SYMBOLS) + 1
        assert compare(internet, day, "daily_bars") == (0, [])
    finally:
        internet.market.change("daily_bars", where, "close", before)
    with duckdb.connect(str(day / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        told = warehouse.execute(
            "select available_at, close from raw.daily_bars where symbol = 'IWM' and session_date = '2017-05-26' "
            "order by available_at"
        ).fetchall()
    assert [known.replace(microsecond=0) for known, _ in told] == [datetime(2017, 5, 26, 20), SECOND]
    assert [close for _, close in told] == pytest.approx([before, before * 1.001])


def test_a_session_that_is_not_settled_is_neither_asked_for_nor_taken(internet: Internet, day: Path) -> None:
    internet.market.now = datetime(2017, 6, 1, 17)  # 13:00 in New York: the session runs
    take_in(internet, day, ["daily_bars", "treasury_yields"])
    assert internet.requests() == {}
    internet.market.now = SECOND
    settings = internet.settings(day)
    moment = datetime(2017, 6, 1, 18)  # services know the evening already, the build does not
    for table in ("daily_bars", "treasury_yields", "fund_nav_shares"):
        steps.extract(settings, CONTRACTS[table], "early", clock=lambda: moment)
    with duckdb.connect(str(day / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        [(newest,)] = warehouse.execute("select max(session_date) from raw.daily_bars").fetchall()
    assert newest == date(2017, 5, 31)


BROKEN = {
    "yahoo": (["yahoo"], "daily_bars", "prices", False),
    "blackrock": (["blackrock"], "fund_nav_shares", "flows", True),
    "ishares": (["blackrock", "ishares"], "fund_nav_shares", "flows", False),
    "ssga": (["ssga"], "fund_nav_shares", "flows", False),
    "cme": (["cme"], "fed_funds_futures", "rates", True),
    "futures": (["cme", "yahoo"], "fed_funds_futures", "rates", False),
    "new_york_fed": (["new_york_fed"], "policy_rates", "rates", True),
    "policy": (["new_york_fed", "fred"], "policy_rates", "rates", False),
    "treasury": (["treasury"], "treasury_yields", "rates", True),
    "yields": (["treasury", "fred"], "treasury_yields", "rates", False),
}
"""Services that break together, the table and domain that suffer, and whether another address or service helps."""


EVERY_FAULT = list(itertools.product(BROKEN, FAULTS))
SAMPLE = [
    *(("yahoo", fault) for fault in FAULTS),
    *(
        (broken, FAULTS[(3 * place + turn) % len(FAULTS)])
        for place, broken in enumerate(BROKEN)
        for turn in (0, 4)
        if broken != "yahoo"
    ),
]
"""Two faults of each, each fault at least twice, and all of Yahoo, which a library asks; `make soak` runs them all."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "broken" in metafunc.fixturenames:
        chosen = EVERY_FAULT if metafunc.config.getoption("--every-fault") else SAMPLE
        metafunc.parametrize(("broken", "fault"), chosen)


def test_a_broken_service_gives_right_or_stale_and_heals(
    internet: Internet, day: Path, broken: str, fault: str
) -> None:
    services, table, domain, is_helped = BROKEN[broken]
    others = [other for other in CHECKED if CONTRACTS[other].domain == domain and other != table]
    if fault == "other" and "fred" in services:
        pytest.skip("FRED is asked for series by name and has no other fund")
    internet.faults.update(dict.fromkeys(services, fault))
    report = take_in(internet, day, [table, *others])[table]
    asked = internet.requests()
    lacking, wrong = compare(internet, day, table)
    assert wrong == []
    assert sum(asked.values()) <= 40, asked
    status = freshness(internet, day)[domain]
    if is_helped:
        assert lacking == 0, report
        assert status == "fresh" or (fault == "schema" and status == "refused"), report
        assert report.problems or any("Another source stood in" in told for told in report.remarks) or fault in (
            "429", "500", "reset", "timeout", "truncated", "html", "schema", "other"), report  # fmt: skip
    else:
        assert lacking > 0
        assert status in ("stale", "refused"), report
        for problem in report.problems:
            assert problem.startswith("http://127.0.0.1:"), problem
        assert report.problems
    internet.faults.clear()
    take_in(internet, day, [table])
    assert compare(internet, day, table) == (0, []), "it heals as soon as the service does"
    assert freshness(internet, day)[domain] == "fresh"


def conditional(answer: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """The same service, which tells clients that have its answer already that it has not changed."""

    def told(asked: Asked) -> Answer:
        found = answer(asked)
        etag = f'"{hashlib.sha256(found.content).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"etag": etag})
        return Answer(found.content, found.status, {**found.headers, "etag": etag})

    return told


def kept(internet: Internet, directory: Path, table: str) -> tuple[int, int]:
    """Payloads and vintages of a table."""
    entries = Archive(internet.settings(directory).archive_dir).entries()
    with duckdb.connect(str(directory / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        [(rows,)] = warehouse.execute(f"select count(*) from raw.{table}").fetchall()
    return sum(entry.table == table for entry in entries), rows


def test_an_answer_that_has_not_changed_is_no_payload_and_no_failure(
    internet: Internet, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    internet.market.now = SECOND + timedelta(days=40)
    shiller = internet.services["shiller"]
    fixed = {path: internet.answer("shiller", Asked(path, {}, {})) for path in ("/", "/ie_data.xls")}
    monkeypatch.setattr(shiller, "answer", conditional(lambda asked: fixed[asked.path]))
    states = []
    for turn, days in enumerate((40, 50)):
        internet.market.now = SECOND + timedelta(days=days)
        report = take_in(internet, day, ["index_fundamentals"])["index_fundamentals"]
        assert (report.status, report.problems) == ("ok", [])
        assert [one.path for one in shiller.asked] == ["/", "/ie_data.xls"]
        assert ("if-none-match" in shiller.asked[-1].headers) == bool(turn)
        assert conditional(lambda asked: fixed[asked.path])(shiller.asked[-1]).status == (304 if turn else 200)
        internet.requests()
        states.append((kept(internet, day, "index_fundamentals"), freshness(internet, day)["fundamentals"]))
    assert states[0] == states[1], "no payload and no vintage came of it"
    assert states[1][1] == "irregular", "asked and unchanged is not stale"


def test_an_address_without_change_does_not_keep_back_a_day_that_another_has(
    internet: Internet, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blackrock, third = internet.services["blackrock"], SECOND + timedelta(days=1)
    funds = {
        number: internet.answer("blackrock", Asked("/x", {"portfolioId": number}, {}))
        for number in ("239710", "239726")
    }
    monkeypatch.setattr(blackrock, "answer", conditional(lambda asked: funds[asked.query["portfolioId"]]))
    assert take_in(internet, day, ["fund_nav_shares"])["fund_nav_shares"].status == "ok"
    internet.requests()
    before = kept(internet, day, "fund_nav_shares")
    internet.market.now = third
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(internet.services["ishares"], "answer", lambda asked: Answer(status=500))
        report = take_in(internet, day, ["fund_nav_shares"])["fund_nav_shares"]
    assert report.problems == [] and all("if-none-match" in one.headers for one in blackrock.asked)
    assert kept(internet, day, "fund_nav_shares") == (before[0] + 1, before[1] + 1), "State Street's alone"
    take_in(internet, day, ["fund_nav_shares"])
    assert compare(internet, day, "fund_nav_shares") == (0, []), "the old address had the day"


def test_a_day_on_which_the_exchange_failed_is_asked_for_again_while_it_keeps_it(internet: Internet, day: Path) -> None:
    def settles(source: str) -> dict[str, int]:
        with duckdb.connect(str(day / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
            rows = warehouse.execute(
                "select cast(session_date as varchar), count(*) from raw.fed_funds_futures "
                "where source = ? and session_date >= '2017-05-31' group by 1", [source]
            ).fetchall()  # fmt: skip
        return dict(rows)

    internet.faults["cme"] = "500"
    for _ in ("evening", "once more the same evening"):
        report = take_in(internet, day, ["fed_funds_futures", "policy_rates", "treasury_yields"])["fed_funds_futures"]
        assert report.status == "ok"
        assert any("Another source stood in" in told for told in report.remarks)
        assert freshness(internet, day)["rates"] == "fresh"
    assert settles("cme").keys() == {"2017-05-31"} and settles("yahoo").keys() >= {"2017-06-01"}
    internet.faults.clear()
    # the archive lacks one of the days in between, as if the exchange had failed for it alone
    internet.market.now = SECOND + timedelta(days=1)
    answer = internet.answer
    one = internet.services["cme"]
    one.answer = lambda asked: Answer(status=500) if "06/01" in asked.whole else answer("cme", asked)
    try:
        take_in(internet, day, ["fed_funds_futures"])
    finally:
        one.answer = lambda asked: answer("cme", asked)
    assert settles("cme").keys() == {"2017-05-31", "2017-06-02"}
    internet.market.now = SECOND + timedelta(days=4)
    take_in(internet, day, ["fed_funds_futures"])
    assert settles("cme").keys() == {"2017-05-31", "2017-06-01", "2017-06-02", "2017-06-05"}
    assert compare(internet, day, "fed_funds_futures") == (0, [])


def test_a_dead_host_is_told_of_once_and_the_others_go_on(internet: Internet, day: Path) -> None:
    internet.faults["yahoo"] = "reset"
    report = take_in(internet, day, ["daily_bars"])["daily_bars"]
    told = [problem for problem in report.problems if "not asked any more" in problem]
    assert len(told) == 1 and told[0].startswith(f"{internet.services['yahoo'].address}: ")
    assert len(report.problems) == 3, "two symbols that failed, and the host: it was to give five"
    assert internet.requests() == {"yahoo_cookie": 1, "yahoo": 6}, "two attempts each for the crumb and two charts"


def test_a_service_without_its_setting_is_left_out_and_its_domains_say_so(internet: Internet, day: Path) -> None:
    tables = ["company_facts", "security_identifiers", "index_membership", "fund_holdings"]
    internet.market.now = SECOND + timedelta(days=100)
    reports = take_in(internet, day, tables, sec_contact="")
    assert internet.requests().keys() <= {"blackrock", "ishares"}
    for table in tables[:3]:
        assert (reports[table].problems, reports[table].status) == ([], "ok")
        assert reports[table].skipped == ["SMALLCAP_LIVE__SEC_CONTACT"]
    found = freshness(internet, day)
    assert (found["membership"], found["fundamentals"]) == ("not configured", "not configured")
    internet.faults["shiller"] = "500"
    take_in(internet, day, [*tables, "index_fundamentals"], sec_contact="")
    internet.faults.clear()
    assert freshness(internet, day)["fundamentals"] == "stale", "a failure comes before what nobody set"
    take_in(internet, day, tables)
    assert freshness(internet, day)["membership"] == "irregular"


def test_doctor_tries_every_service_with_a_small_request(internet: Internet, tmp_path: Path) -> None:
    internet.market.now = FIRST
    internet.requests()
    found = list(probe_services(internet.settings(tmp_path, fred_api_key=KEY), FIRST))
    assert {one.provider for one in found} == set(PROVIDERS)
    assert [one for one in found if one.mark != "ok" or not one.rows or one.text] == []
    assert all(one.newest >= "2017-05" for one in found if one.due)
    asked = internet.requests()
    assert set(asked) == set(SERVICES) and sum(asked.values()) <= 20
    without = {one.provider: one for one in probe_services(internet.settings(tmp_path, sec_contact=""), FIRST)}
    skipped = {name for name, one in without.items() if one.mark == "skip"}
    assert skipped == {name for name in PROVIDERS if name.startswith("sec_")}
    assert "SMALLCAP_LIVE__SEC_CONTACT" in without["sec_nport"].text
    internet.faults["treasury"] = "html"
    try:
        [bad] = [one for one in probe_services(internet.settings(tmp_path), FIRST) if one.mark == "BAD"]
    finally:
        internet.faults.clear()
    assert bad.provider == "treasury" and bad.size_bytes and "a web page came" in bad.text


def test_a_source_without_cadence_that_fails_is_stale(internet: Internet, day: Path) -> None:
    internet.market.now = SECOND + timedelta(days=11)
    internet.faults["shiller"] = "500"
    report = take_in(internet, day, ["index_fundamentals"])["index_fundamentals"]
    assert report.status == "unreachable" and "status 500" in report.problems[0]
    assert freshness(internet, day)["fundamentals"] == "stale"
    internet.faults.clear()
    take_in(internet, day, ["index_fundamentals"])
    assert freshness(internet, day)["fundamentals"] == "irregular"


def test_share_counts_that_are_dates_and_swapped_columns_refuse_the_file(internet: Internet, day: Path) -> None:
    navs = internet.market.tables["fund_nav_shares"]
    good = navs.copy()
    navs["shares_outstanding"] = navs["shares_outstanding"].astype(float)
    try:
        hit = navs["fund_symbol"] == "SPY"
        navs.loc[hit, "shares_outstanding"] = pd.to_numeric(navs.loc[hit, "as_of_date"].str.replace("-", ""))
        internet.market.version += 1
        report = take_in(internet, day, ["fund_nav_shares"])["fund_nav_shares"]
        assert "shares_outstanding is the date 2017" in "".join(report.problems)
        assert "the shape of the payload has changed" in "".join(report.problems)
        navs.loc[hit, ["nav_usd", "shares_outstanding"]] = good.loc[hit, ["shares_outstanding", "nav_usd"]].to_numpy()
        internet.market.version += 1
        report = take_in(internet, day, ["fund_nav_shares"])["fund_nav_shares"]
        assert "expected > 0" in "".join(report.problems) or "<=" in "".join(report.problems)
    finally:
        internet.market.tables["fund_nav_shares"] = good
        internet.market.version += 1
    lacking, wrong = compare(internet, day, "fund_nav_shares")
    assert (lacking, wrong) == (1, [])
    assert freshness(internet, day)["flows"] == "refused"


def test_a_service_that_goes_back_in_time_is_refused(internet: Internet, day: Path) -> None:
    market = internet.market
    now, market.now = market.now, FIRST - timedelta(days=1)
    settings = internet.settings(day)
    report = steps.extract(settings, CONTRACTS["daily_bars"], "back", clock=lambda: now).report
    market.now = now
    assert len(report.problems) == len(SYMBOLS)
    assert all("the service went back in time" in problem for problem in report.problems)
    assert compare(internet, day, "daily_bars")[1] == []


def test_another_fund_is_one_row(internet: Internet, day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = day / "universe.csv"
    more.write_text(universe.FILE.read_text() + "IJR,ishares,239774,iShares Core S&P Small-Cap ETF,false,test\n")
    monkeypatch.setattr(universe, "FILE", more)
    universe.universe.cache_clear()
    try:
        reports = take_in(internet, day, ["daily_bars", "fund_nav_shares"])
    finally:
        monkeypatch.undo()
        universe.universe.cache_clear()
    assert all(report.status == "ok" for report in reports.values())
    with duckdb.connect(str(day / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute(
            "select (select count(*) from raw.daily_bars where symbol = 'IJR'), "
            "(select count(*) from raw.fund_nav_shares where fund_symbol = 'IJR')"
        ).fetchall()
    rows = internet.market.rows
    assert found == [
        ((rows("daily_bars")["symbol"] == "IJR").sum(), (rows("fund_nav_shares")["fund_symbol"] == "IJR").sum())
    ]


def test_with_a_key_recent_yields_come_as_vintages_and_the_key_is_nowhere(
    internet: Internet, day: Path, caplog: pytest.LogCaptureFixture
) -> None:
    internet.faults["treasury"] = "500"
    reports = take_in(internet, day, ["treasury_yields"], fred_api_key=KEY)
    assert internet.services["fred_api"].asked[0].query["api_key"] == KEY
    assert compare(internet, day, "treasury_yields") == (0, [])
    with duckdb.connect(str(day / "data" / "warehouse" / "real.duckdb"), read_only=True) as warehouse:
        told = warehouse.execute(
            "select distinct rate_date, stated_available_at from raw.treasury_yields where source = 'fred'"
        ).fetchall()
    assert told == [] or all(known.date() == day_of + timedelta(days=1) for day_of, known in told)
    internet.faults["fred_api"] = "500"
    internet.market.now = SECOND + timedelta(days=1)
    reports |= {"later": take_in(internet, day, ["treasury_yields"], fred_api_key=KEY)["treasury_yields"]}
    assert reports["later"].problems
    assert KEY not in caplog.text + repr(reports)
    for file in day.rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), file


def test_pruning_says_what_is_lost_and_a_rebuild_does_without(internet: Internet, day: Path) -> None:
    tables = ["fund_nav_shares", "treasury_yields"]
    for turn in (0, 1):
        internet.market.now = SECOND + timedelta(days=turn)
        take_in(internet, day, tables)
    settings = internet.settings(day)
    archive = Archive(settings.archive_dir)
    before = len(archive.entries())
    with steps.warehouse(settings) as connection:
        chosen = {one.table: one for one in prunable(connection, archive, SECOND + timedelta(hours=1))}
        held = dict(
            connection.execute("select payload_seq, count(*) from raw.fund_nav_shares group by payload_seq").fetchall()
        )
        navs = chosen["fund_nav_shares"]
        assert navs.vintages == sum(held[entry.seq] for entry in navs.entries) > 0
        assert {entry.name for entry in chosen["treasury_yields"].entries} == {"2017.csv"}, "the last reading stays"
        prune(archive, list(chosen.values()), "test")
    assert len(archive.entries()) == before + sum(len(one.entries) for one in chosen.values())
    assert not any(archive.payload_file(entry).exists() for one in chosen.values() for entry in one.entries)
    internet.market.now = SECOND + timedelta(days=4)
    reports = take_in(internet, day, tables)
    assert all(report.status == "ok" for report in reports.values())
    rows = steps.rebuild_raw(settings)
    assert rows["fund_nav_shares"] > 0
    assert compare(internet, day, "fund_nav_shares")[1] == []


def test_smallcap_internet_prints_settings_that_reach_its_services(tmp_path: Path) -> None:
    with subprocess.Popen(
        [PROGRAM.with_name("smallcap-internet"), "--port", "0", "--data-dir", tmp_path / "own"],
        cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            lines = list(itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
            (tmp_path / ".env").write_text("".join(lines))
            settings = Settings(_env_file=tmp_path / ".env")
            addresses = {name: value for name, value in settings.live if name.endswith("_address")}
            page = Client(settings.live).get(f"{addresses['shiller_address']}/")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert settings.source == "live" and settings.live.left_out == ()
    assert all(value.startswith("http://127.0.0.1:") for value in addresses.values())
    assert len(set(addresses.values())) == len(SERVICES)
    assert page is not None and b"ie_data.xls" in page.content
