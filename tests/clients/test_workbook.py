"""`smallcap export --xlsx`: opened again, its figures are those of the marts, with formats, units and sources."""

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from dagster_project.errors import SmallcapError
from dagster_project.warehouse.export import HEADER_ROW, export_workbook
from dagster_project.warehouse.export_sheets import SHEETS
from tests.helpers import smallcap
from tests.scenarios import Run

pytestmark = pytest.mark.scenario("sample_twice")
DAY = "2017-05-26"


@pytest.fixture(scope="module")
def exported(scenarios, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """The workbook of the day, written once."""
    target = tmp_path_factory.mktemp("workbook") / "day.xlsx"
    export_workbook(scenarios["sample_twice"].market_file, target, DAY)
    return load_workbook(target)


@pytest.fixture
def ours(run: Run):
    with duckdb.connect(str(run.market_file), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def headers(page: Any) -> list[str]:
    return [cell.value for cell in page[HEADER_ROW]]


def column(page: Any, header: str) -> list[Any]:
    position = headers(page).index(header)
    return [row[position].value for row in page.iter_rows(min_row=HEADER_ROW + 1)]


def test_sheets_are_the_tables_of_the_brief(exported: Workbook):
    assert exported.sheetnames == ["About", "Today", *(sheet.name for sheet in SHEETS)]
    for sheet in SHEETS:
        page = exported[sheet.name]
        assert sheet.title in page["A1"].value
        assert page["A2"].value == f"Source: {sheet.source}"
        assert page.freeze_panes == f"B{HEADER_ROW + 1}"
        assert page.auto_filter.ref is not None


def test_about_says_day_build_and_source_mode(exported: Workbook, ours):
    about = {row[0].value: row[1].value for row in exported["About"].iter_rows()}
    [(build_id, mode)] = ours("select build_id, source_mode from meta.build")
    assert about["As of"] == datetime.fromisoformat(DAY)
    assert (about["Build"], about["Source mode"]) == (build_id, mode)
    assert about["Data"].startswith("SIMULATED")
    assert all(exported[name]["A1"].value.startswith("SIMULATED DATA. ") for name in exported.sheetnames)


@pytest.mark.parametrize(
    ("sheet", "header", "sql"),
    [
        ("Claims", "claim id", "select count(*) from v_claims where as_of_date = '{day}' and is_headline"),
        ("Conventions", "claim id",
         "select count(*) from marts.claims where as_of_date = '{day}' and framing = 'rolling'"),
        ("Performance", "gap (pp)",
         "select count(*) from marts.relative_performance_horizons where session_date = '{day}'"),
        ("Odds", "meeting date",
         "select count(*) from marts.rate_expectations where watch_date = '{day}' and day_convention = 'post'"),
        ("Signals", "signal id", "select count(*) from marts.signal_daily where session_date = '{day}'"),
        ("Flows", "net flow (USD)", "select count(*) from league('2017-05-24')"),
        ("Freshness", "domain", "select count(*) from meta.freshness"),
    ],
)  # fmt: skip
def test_sheet_has_the_rows_of_the_mart(exported: Workbook, ours, sheet, header, sql):
    assert len(column(exported[sheet], header)) == ours(sql.format(day=DAY))[0][0]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sheet_has_something_to_show(exported: Workbook, sheet):
    assert exported[sheet.name].max_row > HEADER_ROW
    assert (exported[sheet.name].cell(HEADER_ROW + 1, 1).value == sheet.without_rows) == (sheet.name == "Failed checks")


def test_failed_checks_are_listed(run: Run, ours, tmp_path: Path):
    assert ours("select count(*) from meta.checks where not passed") == [(0,)]
    market = Path(shutil.copyfile(run.market_file, tmp_path / "market.duckdb"))
    with duckdb.connect(str(market)) as connection:
        connection.execute("update meta.checks set passed = false, failed_rows = 3 where check_id = 'prices_jump'")
    export_workbook(market, tmp_path / "day.xlsx", DAY)
    page = load_workbook(tmp_path / "day.xlsx")["Failed checks"]
    assert (column(page, "check id"), column(page, "failed rows")) == (["prices_jump"], [3])


def test_figures_and_formats(exported: Workbook, ours):
    performance = exported["Performance"]
    gaps = dict(zip(column(performance, "horizon")[:10], column(performance, "gap (pp)")[:10], strict=True))
    expected = ours(
        "select horizon, gap_pp from marts.relative_performance_horizons "
        f"where pair_id = 'RUT_GSPC' and return_basis = 'price' and session_date = '{DAY}'"
    )
    assert gaps == pytest.approx(dict(expected))
    position = headers(performance).index("gap (pp)") + 1
    assert performance.cell(HEADER_ROW + 1, position).number_format == "+0.00;-0.00;0.00"
    flows = exported["Flows"]
    assert column(flows, "net flow (USD)") == [
        flow for (flow,) in ours("select net_flow_usd from league('2017-05-24')")
    ]
    assert "#,##0" in flows.cell(HEADER_ROW + 1, headers(flows).index("net flow (USD)") + 1).number_format
    assert flows.cell(HEADER_ROW + 1, headers(flows).index("week ending") + 1).number_format == "yyyy-mm-dd"
    assert (
        "positive is money coming in" in flows.cell(HEADER_ROW, headers(flows).index("net flow (USD)") + 1).comment.text
    )


def test_unit_of_a_claim_makes_its_format(exported: Workbook):
    claims = exported["Claims"]
    formats = {
        unit: claims.cell(row, headers(claims).index("value") + 1).number_format
        for row, unit in enumerate(column(claims, "unit"), start=HEADER_ROW + 1)
    }
    assert formats["percent"] == "0.00"
    assert "#,##0" in formats["US dollars"]


def test_every_header_with_a_unit_or_a_note(exported: Workbook):
    """A figure without a unit in its header has a note that says what it is."""
    for sheet in SHEETS:
        for cell in exported[sheet.name][HEADER_ROW]:
            assert "(" in cell.value or cell.comment is not None, (sheet.name, cell.value)


def test_nothing_later_than_the_day(exported: Workbook):
    """Meetings, windows and validity look ahead by their nature; observations never."""
    ahead = ("meeting date", "valid through")
    for sheet in SHEETS:
        if sheet.is_of_the_build:
            continue
        page = exported[sheet.name]
        for name in headers(page):
            if name not in ahead:
                days = [value.date() for value in column(page, name) if isinstance(value, datetime)]
                assert not days or max(days) <= date.fromisoformat(DAY), (sheet.name, name)


def test_text_that_looks_like_a_formula_stays_text(run: Run, tmp_path: Path):
    file = tmp_path / "market.duckdb"
    file.write_bytes(run.market_file.read_bytes())
    attacks = ['=HYPERLINK("http://x.example","y")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "=1\x07+1"]
    with duckdb.connect(str(file)) as connection:
        for number, attack in enumerate(attacks, start=1):
            connection.execute("update marts.dim_claim set title = ? where claim_id = ?", [attack, number])
    export_workbook(file, tmp_path / "day.xlsx", DAY)
    page = load_workbook(tmp_path / "day.xlsx")["Claims"]
    position = headers(page).index("title") + 1
    cells = [page.cell(HEADER_ROW + number, position) for number in range(1, len(attacks) + 1)]
    assert [cell.data_type for cell in cells] == ["s"] * len(attacks)
    assert [cell.value for cell in cells] == [attack.replace("\x07", "") for attack in attacks]
    assert all(cell.quotePrefix for cell in cells)
    formulas = [cell for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []


def test_first_day_has_a_workbook(run: Run, tmp_path: Path):
    [(first,)] = run.ask("select min(as_of_date) from marts.claims")
    assert export_workbook(run.market_file, tmp_path / "first.xlsx", str(first)) == first
    assert (
        load_workbook(tmp_path / "first.xlsx")["Events"].cell(HEADER_ROW + 1, 1).value
        == "Nothing was known on this day."
    )


@pytest.mark.parametrize(
    ("target", "as_of", "words"),
    [
        ("day.xls", DAY, "ends in .xlsx"),
        ("nowhere/day.xlsx", DAY, "is not a folder"),
        ("day.xlsx", "yesterday", "expected YYYY-MM-DD or latest"),
        ("day.xlsx", "1990-01-01", "lies outside the data"),
    ],
)
def test_what_cannot_be_exported_says_why(run: Run, tmp_path: Path, target, as_of, words):
    with pytest.raises(SmallcapError, match=words):
        export_workbook(run.market_file, tmp_path / target, as_of)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["macro table today_as_of", "table marts.claims"])
def test_build_of_another_version_says_so(run: Run, tmp_path: Path, missing):
    file = tmp_path / "market.duckdb"
    file.write_bytes(run.market_file.read_bytes())
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"drop {missing}")
    with pytest.raises(SmallcapError, match=r"another version.*smallcap build"):
        export_workbook(file, tmp_path / "day.xlsx", DAY)
    assert [path.name for path in tmp_path.iterdir()] == ["market.duckdb"]


def test_command(run: Run, tmp_path: Path):
    target = tmp_path / "latest.xlsx"
    wrote = smallcap(run.data, "export", "--xlsx", target)
    assert wrote.code == 0, wrote.err
    [(last,)] = run.ask("select max(as_of_date) from marts.claims")
    assert f"as of {last}" in wrote.out
    assert load_workbook(target)["About"]["B4"].value == datetime(last.year, last.month, last.day)
    refused = smallcap(run.data, "export", "--xlsx", target, "--as-of", "2030-01-01")
    assert refused.code == 1
    assert "lies outside the data" in refused.err
