"""The parsers of the live source against recorded payloads (beside the checkout) and small ones of the same shapes."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import cme, fred, ishares, new_york_fed, ssga, treasury, yahoo
from dagster_project.sources.live.provider import Request
from dagster_project.sources.live.spreadsheets import spreadsheet_ml, workbook
from tests.helpers import REPO

PAYLOADS = REPO.parent / "shared" / "payloads"
recorded = pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"no recorded payloads in {PAYLOADS}")
XML_START = '<?xml version="1.0"?><ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'


def good_rows(table: str, frame: pd.DataFrame, provider: str) -> pd.DataFrame:
    """Typed rows, after making sure that the contract rejects none."""
    valid = validate(CONTRACTS[table], frame, provider)
    assert valid.rejects.empty, valid.rejects.head()
    return valid.rows


def chart(name: str) -> bytes:
    return json.dumps(json.loads((PAYLOADS / "yahoo_chart" / name).read_text())["response"]["bodyJson"]).encode()


@recorded
def test_the_split_and_the_dividend_of_apple() -> None:
    content = chart("chart-AAPL-2020-08-31-to-2020-11-07.json")
    yahoo.check(Request("daily_bars", "AAPL.json", ()), content)
    rows = good_rows("daily_bars", yahoo.parse("daily_bars", "AAPL.json", content).frame, "yahoo")
    rows = rows.set_index("session_date")
    assert (len(rows), rows.index.min(), rows.index.max()) == (
        49,
        pd.Timestamp("2020-08-31"),
        pd.Timestamp("2020-11-06"),
    )
    assert rows["split_ratio"].to_dict() == {
        day: 4.0 if day == pd.Timestamp("2020-08-31") else 1.0 for day in rows.index
    }
    assert rows.loc[rows["dividend"] > 0, "dividend"].to_dict() == {pd.Timestamp("2020-11-06"): 0.205}
    # read off the recording itself: the first quote
    first = rows.iloc[0]
    assert (first["open"], first["close"], first["volume"]) == (127.58000183105469, 129.0399932861328, 225702700)


@recorded
@pytest.mark.parametrize("file", sorted((PAYLOADS / "yahoo_chart").glob("*.json")), ids=lambda file: file.stem)
def test_every_recorded_chart_gives_contract_rows(file: Path) -> None:
    symbol = file.stem.split("-")[1]
    content = chart(file.name)
    yahoo.check(Request("daily_bars", f"{symbol}.json", ()), content)
    rows = good_rows("daily_bars", yahoo.parse("daily_bars", f"{symbol}.json", content).frame, "yahoo")
    told = json.loads(content)["chart"]["result"][0]
    assert len(rows) == len(told["timestamp"])
    assert rows["close"].tolist() == told["indicators"]["quote"][0]["close"]
    with pytest.raises(SourceError, match="expected the chart of IWM"):
        yahoo.check(Request("daily_bars", "IWM.json", ()), content)


@recorded
def test_the_fund_file_of_ivv() -> None:
    content = gzip.decompress((PAYLOADS / "ishares" / "ivv_fund_2022-05-11.xls.gz").read_bytes())
    assert content.startswith(b"\xef\xbb\xbf\xef\xbb\xbf")
    ishares.check(Request("fund_nav_shares", "IVV.fund.xls", ()), content)
    rows = good_rows("fund_nav_shares", ishares.parse("fund_nav_shares", "IVV.fund.xls", content).frame, "ishares")
    assert (len(rows), rows["as_of_date"].min(), rows["as_of_date"].max()) == (
        5534, pd.Timestamp("2000-05-15"), pd.Timestamp("2022-05-11"),
    )  # fmt: skip
    last, first = rows.iloc[0], rows.iloc[-1]
    assert (last["nav_usd"], last["shares_outstanding"]) == (394.279541, 707_900_000)
    assert (first["nav_usd"], first["shares_outstanding"]) == (145.236, 150_000)
    # counted in the raw text: the distributions of sheet Historical
    historical = content.split(b'ss:Name="Historical"')[1].split(b"</ss:Worksheet>")[0]
    told = historical.count(b"<ss:Row>") - 1 - historical.count(b">--<")
    assert rows["distribution_usd"].notna().sum() == told == 90
    held = good_rows("fund_holdings", ishares.parse("fund_holdings", "IVV.holdings", content).frame, "ishares")
    assert len(held) == 508 and held["as_of_date"].unique().tolist() == [pd.Timestamp("2022-05-11")]
    assert held["weight_pct"].sum() == pytest.approx(100, abs=0.01)
    apple = held.set_index("ticker").loc["AAPL"]
    assert (apple["shares"], apple["price_usd"], apple["weight_pct"]) == (129_669_488, 146.5, 6.80567)
    with pytest.raises(SourceError, match=r"expected the file of iShares Russell 2000 ETF \(IWM\), found .*S&P 500"):
        ishares.check(Request("fund_nav_shares", "IWM.fund.xls", ()), content)


@recorded
@pytest.mark.parametrize(
    ("file", "count", "missing"), [("series_observations", 315, 4), ("series_initial_release", 132, 0)]
)
def test_recorded_observations_of_fred(file: str, count: int, missing: int) -> None:
    import yaml

    told = yaml.safe_load((PAYLOADS / "fred" / f"{file}.yaml").read_text())["interactions"]
    found = fred.observations(told[0]["response"]["body"]["string"].encode())
    assert (len(found), sum(one["value"] == "." for one in found)) == (count, missing)
    if missing:
        assert [one["date"] for one in found if one["value"] == "."] == [
            "1946-01-01", "1946-04-01", "1946-07-01", "1946-10-01",
        ]  # fmt: skip
        assert (found[4]["date"], found[4]["value"]) == ("1947-01-01", "243.164")
    else:
        assert (found[0]["realtime_start"], found[0]["value"]) == ("1992-01-29", "5736.6")


def test_fred_leaves_out_weekends_and_what_has_no_value() -> None:
    content = (
        b"observation_date,DFF,DFEDTAR,DFEDTARL,DFEDTARU\n2008-12-12,0.17,1.00,.,.\n2008-12-13,0.17,1.00,.,.\n"
        b"2008-12-15,0.18,1.00,,\n2008-12-16,0.14,,0.00,0.25\n2008-12-17,.,,0.00,0.25\n"
    )
    rows = good_rows("policy_rates", fred.parse("policy_rates", "policy.csv", content).frame, "fred")
    told = rows[["effr_pct", "target_lower_pct", "target_upper_pct"]].astype(object).where(rows.notna(), None)
    assert told.to_numpy().tolist() == [[0.17, 1.0, None], [0.18, 1.0, None], [0.14, 0.0, 0.25]]
    content = (
        b"DATE,"
        + ",".join(fred.YIELD_SERIES).encode()
        + b"\n2017-05-24"
        + b",2.26" * 10
        + b",.\n2017-05-29"
        + b",." * 11
    )
    rows = good_rows("treasury_yields", fred.parse("treasury_yields", "yields.csv", content).frame, "fred")
    assert len(rows) == 10 and "30yr" not in set(rows["tenor"])


def test_a_vintage_of_fred_is_available_when_it_was() -> None:
    told = [{"date": "2017-05-24", "value": "2.26", "realtime_start": "2017-05-25"},
            {"date": "2017-05-29", "value": ".", "realtime_start": "2017-05-30"}]  # fmt: skip
    frame = fred.parse("treasury_yields", "DGS10.json", json.dumps({"observations": told}).encode()).frame
    rows = good_rows("treasury_yields", frame, "fred")
    assert rows["stated_available_at"].tolist() == [pd.Timestamp("2017-05-25 20:00")]
    assert rows[["tenor", "par_yield_pct"]].to_numpy().tolist() == [["10yr", 2.26]]


@pytest.mark.parametrize("instant", ["+20170-05-25", "0001-01-01", "9999-12-31", "20170525", "2017-05-25T99:00"])
def test_an_instant_that_cannot_be_is_rejected_by_its_row(instant: str) -> None:
    """Found by the campaign of damaged payloads: far years crashed the message about them."""
    told = [{"date": "2017-05-24", "value": "2.26", "realtime_start": instant}]
    frame = fred.parse("treasury_yields", "DGS10.json", json.dumps({"observations": told}).encode()).frame
    valid = validate(CONTRACTS["treasury_yields"], frame, "fred")
    if instant != "20170525":  # another way to write an ISO date
        assert valid.rows.empty and valid.rejects["column_name"].tolist() == ["available_at"]


def test_a_revised_rate_of_the_new_york_fed_takes_the_place_of_the_first() -> None:
    rate = {
        "effectiveDate": "2017-05-23",
        "type": "EFFR",
        "percentRate": 0.9,
        "targetRateFrom": 0.75,
        "targetRateTo": 1.0,
    }
    other = rate | {"type": "OBFR", "percentRate": 0.89}
    content = json.dumps({"refRates": [rate, other, rate | {"percentRate": 0.91, "revisionIndicator": "r"}]}).encode()
    rows = good_rows("policy_rates", new_york_fed.parse("policy_rates", "effr.json", content).frame, "new_york_fed")
    assert rows[["effr_pct", "target_lower_pct", "target_upper_pct"]].to_numpy().tolist() == [[0.91, 0.75, 1.0]]


def test_headers_of_the_treasury_in_all_their_forms() -> None:
    content = (
        b'Date,"1 Mo","1.5 Month","2 Mo","4 Mo","10 Yr"\n05/24/2017,0.70,,N/A,,2.26\n05/23/2017,0.71,0.75,,,2.29\n'
    )
    rows = good_rows("treasury_yields", treasury.parse("treasury_yields", "2017.csv", content).frame, "treasury")
    assert rows[["tenor", "par_yield_pct"]].to_numpy().tolist() == [
        ["1mo", 0.7], ["10yr", 2.26], ["1mo", 0.71], ["1.5mo", 0.75], ["10yr", 2.29],
    ]  # fmt: skip


def test_settlements_without_totals_and_unsettled_months() -> None:
    told = [
        {"month": "MAY 17", "settle": "99.095", "volume": "1,234", "openInterest": "201,330"},
        {"month": "JLY 17", "settle": "98.9050", "volume": "-", "openInterest": "7"},
        {"month": "DEC 21", "settle": "-", "volume": "0", "openInterest": "0"},
        {"month": "Total", "settle": "", "volume": "9", "openInterest": "9"},
    ]
    content = json.dumps({"settlements": told, "tradeDate": "05/24/2017", "empty": False}).encode()
    rows = good_rows("fed_funds_futures", cme.parse("fed_funds_futures", "2017-05-24.json", content).frame, "cme")
    kept = rows[["contract_month", "settle", "volume", "open_interest"]].astype(object).where(rows.notna(), None)
    assert kept.to_numpy().tolist() == [
        [pd.Timestamp("2017-05-01"), 99.095, 1234.0, 201330.0], [pd.Timestamp("2017-07-01"), 98.905, None, 7.0],
    ]  # fmt: skip
    cme.check(Request("fed_funds_futures", "2017-05-24.json", (), first_day=date(2017, 5, 24)), content)
    with pytest.raises(SourceError, match="expected the settlements of 2017-05-23, found those of 2017-05-24"):
        cme.check(Request("fed_funds_futures", "2017-05-23.json", (), first_day=date(2017, 5, 23)), content)


def test_a_future_of_yahoo_is_named_by_its_month() -> None:
    assert yahoo.contract_symbol(date(2017, 6, 1)) == "ZQM17.CBT"
    meta = {"symbol": "ZQM17.CBT", "exchangeTimezoneName": "America/Chicago", "dataGranularity": "1d"}
    quote: dict[str, list[Any]] = {name: [98.99] for name in ("open", "high", "low", "close")} | {"volume": [5]}
    told = {"meta": meta, "timestamp": [1495602000], "indicators": {"quote": [quote]}}
    content = json.dumps({"chart": {"result": [told], "error": None}}).encode()
    frame = yahoo.parse("fed_funds_futures", "ZQM17.CBT.recent.json", content).frame
    rows = good_rows("fed_funds_futures", frame, "yahoo")
    assert rows[["contract_month", "session_date", "settle"]].to_numpy().tolist() == [
        [pd.Timestamp("2017-06-01"), pd.Timestamp("2017-05-24"), 98.99],
    ]  # fmt: skip


def test_holdings_as_csv_end_with_their_disclaimer() -> None:
    lines = [
        "iShares Russell 2000 ETF", 'Fund Holdings as of,"May 24, 2017"', 'Shares Outstanding,"245,700,000.00"', "\xa0",
        "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,Location",
        '"XYZ","X Y Z","Energy","Equity","1,234.50","0.60","1,234.50","10.00","123.45","United States"',
        '"RTYM7","RUSSELL JUN 17","Cash and/or Derivatives","Futures","0.00","0.00","9.00","3.00","1,380.00","-"',
    ]  # fmt: skip
    whole = "\n".join([*lines, "\xa0", '"The content contained herein is owned"']).encode()
    ishares.check(Request("fund_holdings", "IWM.holdings", ()), whole)
    rows = good_rows("fund_holdings", ishares.parse("fund_holdings", "IWM.holdings", whole).frame, "ishares")
    assert rows[["ticker", "market_value_usd", "shares", "price_usd"]].to_numpy().tolist() == [
        ["XYZ", 1234.5, 10.0, 123.45], ["RTYM7", 0.0, 3.0, 1380.0],
    ]  # fmt: skip
    with pytest.raises(SourceError, match="ends without one: cut off"):
        ishares.parse("fund_holdings", "IWM.holdings", "\n".join(lines).encode())


def spreadsheet(cell: str, before: str = "") -> bytes:
    start = XML_START.replace("<ss:Workbook", f"{before}<ss:Workbook")
    sheet = (
        f'<ss:Worksheet ss:Name="Historical"><ss:Table><ss:Row><ss:Cell><ss:Data>{cell}</ss:Data></ss:Cell></ss:Row>'
    )
    return (start + sheet + "</ss:Table></ss:Worksheet></ss:Workbook>").encode()


def test_an_expanding_entity_is_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(SourceError, match="declares entities or a document type"):
        spreadsheet_ml(spreadsheet("&b;", bomb), ("Historical",))
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(SourceError, match="declares entities or a document type"):
        spreadsheet_ml(spreadsheet("&a;", outside), ("Historical",))


def test_a_column_far_to_the_right_is_refused() -> None:
    content = spreadsheet("x").replace(b"<ss:Cell>", b'<ss:Cell ss:Index="2000000000">')
    with pytest.raises(SourceError, match="a cell in column 2000000000"):
        spreadsheet_ml(content, ("Historical",))


def packed(write: Callable[[zipfile.ZipFile], None]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        write(package)
    return content.getvalue()


def test_a_bomb_of_a_workbook_is_not_unpacked() -> None:
    content = packed(lambda package: package.writestr("xl/worksheets/sheet1.xml", b"0" * 201_000_000))
    assert len(content) < 1_000_000
    with pytest.raises(SourceError, match="unpacks to 201,000,000 bytes"):
        workbook(content)


def test_a_workbook_with_a_path_out_of_it_or_without_parts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"expected an \.xlsx workbook"):
        workbook(packed(lambda package: package.writestr("../../escaped.xml", b"<x/>")))
    assert list(tmp_path.rglob("*")) == []


def test_a_formula_is_a_cell_without_a_value() -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Ticker Symbol:", "SPY"], ["Date", "NAV", "Shares Outstanding"], ["24-May-2017", "=1+1", 5]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    ssga.check(Request("fund_nav_shares", "SPY.navhist.xlsx", (), series=("SPY",)), content.getvalue())
    frame = ssga.parse("fund_nav_shares", "SPY.navhist.xlsx", content.getvalue()).frame
    rejects = validate(CONTRACTS["fund_nav_shares"], frame, "ssga").rejects
    assert rejects["rule"].tolist() == ["value_present"] and rejects["column_name"].tolist() == ["nav_usd"]
    with pytest.raises(SourceError, match="expected MDY above the table"):
        ssga.check(Request("fund_nav_shares", "MDY.navhist.xlsx", (), series=("MDY",)), content.getvalue())


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "-1", "NaN", "Infinity", "20170524"])
def test_a_number_that_cannot_be_is_rejected_by_its_row(number: str) -> None:
    rate = '"effectiveDate": "2017-05-24", "type": "EFFR", "targetRateFrom": 0.75, "targetRateTo": 1.0'
    content = (f'{{"refRates": [{{{rate}, "percentRate": {number}}}]}}').encode()
    frame = new_york_fed.parse("policy_rates", "effr.json", content).frame
    valid = validate(CONTRACTS["policy_rates"], frame, "new_york_fed")
    assert valid.rows.empty == (number != "-1") and (
        number == "-1" or valid.rejects["column_name"].tolist()[0] == "effr_pct"
    )


PARSERS: dict[str, tuple[Any, str, str]] = {
    "yahoo": (yahoo, "daily_bars", "IWM.json"),
    "ishares": (ishares, "fund_nav_shares", "IWM.fund.xls"),
    "ishares_holdings": (ishares, "fund_holdings", "IWM.holdings"),
    "ssga": (ssga, "fund_nav_shares", "SPY.navhist.xlsx"),
    "cme": (cme, "fed_funds_futures", "2017-05-24.json"),
    "new_york_fed": (new_york_fed, "policy_rates", "effr.json"),
    "fred": (fred, "policy_rates", "policy.csv"),
    "fred_api": (fred, "treasury_yields", "DGS10.json"),
    "treasury": (treasury, "treasury_yields", "2017.csv"),
}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(
    "content",
    [b"", b"  \n", b"<!DOCTYPE html><html><body>not here</body></html>", b"\xef\xbb\xbf<html>", b"{", b"[]", b"{}",
     b"null", b'{"chart": 1}', b"PK\x03\x04", b"Date", b"observation_date\n", b"\x00" * 50,
     b"<?xml version='1.0'?>", b"[" * 100_000],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
def test_what_is_no_payload_is_refused_in_words(name: str, content: bytes) -> None:
    module, table, payload = PARSERS[name]
    request = Request(table, payload, (), first_day=date(2017, 5, 24), series=(payload.split(".")[0],))

    def door() -> None:
        module.check(request, content)
        module.parse(table, payload, content)

    with pytest.raises(SourceError, match="expected"):
        door()
