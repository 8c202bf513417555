"""How each public service answers, made from the simulated market. Shapes as recorded; every number SIMULATED."""

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pandas as pd

from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.live.fred import YIELD_SERIES
from dagster_project.sources.live.sec_company_facts import PROBED
from dagster_project.sources.live.universe import universe
from dagster_project.sources.live.yahoo import MONTH_CODES
from dagster_project.sources.live.yfinance_charts import CRUMB_PATH
from tests import sec_payloads
from tests.internet.loopback import Answer, Asked
from tests.internet.market import Market

NOT_FOUND = Answer(b"not here", status=404)
JSON_TYPE = {"content-type": "application/json"}


YAHOO_COOKIE, YAHOO_CRUMB = "planted-cookie-4712", "planted/crumb.4713"


def unauthorized(why: str) -> Answer:
    """Yahoo's refusal."""
    told = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": why}}}
    return Answer(json.dumps(told).encode(), 401, JSON_TYPE)


def as_json(value: object) -> Answer:
    return Answer(json.dumps(value).encode(), headers=JSON_TYPE)


def yahoo_cookie(market: Market, asked: Asked) -> Answer:
    """An error page that gives a cookie, as fc.yahoo.com does."""
    return Answer(
        b"<html>not here</html>", 404, {"set-cookie": f"A3={YAHOO_COOKIE}; Path=/", "content-type": "text/html"}
    )


def yahoo(market: Market, asked: Asked) -> Answer:
    """The crumb, for those who have the cookie; charts of symbols and of fed funds futures. Those who show a crumb need
    the right one."""
    has_cookie = f"A3={YAHOO_COOKIE}" in asked.headers.get("cookie", "")
    if asked.path == CRUMB_PATH:
        return Answer(YAHOO_CRUMB.encode()) if has_cookie else unauthorized("Invalid Cookie")
    if "crumb" in asked.query and (asked.query["crumb"] != YAHOO_CRUMB or not has_cookie):
        return unauthorized("Invalid Crumb")
    symbol = asked.path.rsplit("/", 1)[-1].replace("%5E", "^")
    first, last = (
        datetime.fromtimestamp(int(asked.query[name]), UTC).date().isoformat() for name in ("period1", "period2")
    )
    if symbol.startswith("ZQ"):
        month = f"20{symbol[3:5]}-{MONTH_CODES.index(symbol[2]) + 1:02d}-01"
        rows = market.rows("fed_funds_futures")
        rows = rows[rows["contract_month"] == month].rename(columns={"settle": "close"})
        rows = rows.assign(open=rows["close"], high=rows["close"], low=rows["close"], dividend=0.0, split_ratio=1.0)
        zone, hour, kind = "America/Chicago", 0, "FUTURE"
    else:
        rows = market.rows("daily_bars")
        rows = rows[rows["symbol"] == symbol]
        zone, hour, kind = "America/New_York", 9, "INDEX" if symbol.startswith("^") else "ETF"
    rows = rows[(rows["session_date"] >= first) & (rows["session_date"] < last)]
    if rows.empty:
        error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
        return Answer(json.dumps({"chart": {"result": None, "error": error}}).encode(), 404, JSON_TYPE)
    times = [
        int(datetime.fromisoformat(day).replace(hour=hour, tzinfo=ZoneInfo(zone)).timestamp())
        for day in rows["session_date"]
    ]
    dividends = {
        str(time): {"amount": float(amount), "date": time}
        for time, amount in zip(times, rows["dividend"], strict=True) if amount
    }  # fmt: skip
    splits = {
        str(time): {"date": time, "numerator": float(ratio), "denominator": 1.0, "splitRatio": f"{ratio:g}:1"}
        for time, ratio in zip(times, rows["split_ratio"], strict=True) if ratio != 1
    }  # fmt: skip
    quote = {name: rows[name].astype(float).tolist() for name in ("open", "high", "low", "close", "volume")}
    result = {
        "meta": {
            "symbol": symbol,
            "exchangeTimezoneName": zone,
            "dataGranularity": "1d",
            "currency": "USD",
            "instrumentType": kind,
            "validRanges": ["1d", "max"],
        },
        "timestamp": times,
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]},
    }
    if dividends or splits:
        result["events"] = {"dividends": dividends, "splits": splits}
    return as_json({"chart": {"result": [result], "error": None}})


def ishares(market: Market, asked: Asked) -> Answer:
    """Fund files at the new and the old address, holdings as CSV at the old one."""
    product = asked.query.get("portfolioId") or next((part for part in asked.path.split("/") if part.isdigit()), "")
    fund = next((one for one in universe() if one.issuer == "ishares" and one.product_id == product), None)
    if fund is None:
        return NOT_FOUND
    if asked.query.get("fileType") == "csv":
        return Answer(_holdings_csv(market, fund.symbol, fund.fund_name), headers={"content-type": "text/csv"})
    content = _fund_file(market, fund.symbol, fund.fund_name, market.now, market.version)
    return Answer(gzip.compress(content, 1), headers={"content-encoding": "gzip"})


def ssga(market: Market, asked: Asked) -> Answer:
    """NAV workbooks."""
    symbol = asked.path.rsplit("-", 1)[-1].removesuffix(".xlsx").upper()
    if symbol not in {one.symbol for one in universe() if one.issuer == "ssga"}:
        return NOT_FOUND
    return Answer(navhist(market, symbol, ("Date", "NAV", "Shares Outstanding", "Total Net Assets")))


def cme(market: Market, asked: Asked) -> Answer:
    """Settlements of the last five sessions."""
    day = datetime.strptime(asked.query["tradeDate"].replace("%2F", "/"), "%m/%d/%Y").strftime("%Y-%m-%d")
    rows = market.rows("fed_funds_futures")
    kept = sorted(rows["session_date"].unique())[-5:]
    rows = rows[rows["session_date"] == day] if day in kept else rows[:0]
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JLY", "AUG", "SEP", "OCT", "NOV", "DEC")
    settlements = [
        {
            "month": f"{months[int(row.contract_month[5:7]) - 1]} {row.contract_month[2:4]}", "open": "-", "high": "-",
            "low": "-", "last": "-", "change": "UNCH", "settle": f"{row.settle:.4f}", "volume": f"{row.volume:,.0f}",
            "openInterest": f"{row.open_interest:,.0f}",
        }
        for row in rows.itertuples()
    ]  # fmt: skip
    total = [{"month": "Total", "settle": "", "volume": "1", "openInterest": "1"}]
    day_shown = datetime.fromisoformat(day).strftime("%m/%d/%Y")
    return as_json({"settlements": settlements + total, "tradeDate": day_shown, "empty": not settlements})


def new_york_fed(market: Market, asked: Asked) -> Answer:
    rows = _between(market.rows("policy_rates"), asked.query["startDate"], asked.query["endDate"])
    rates = [
        {
            "effectiveDate": row.rate_date, "type": "EFFR", "percentRate": row.effr_pct,
            "targetRateFrom": row.target_lower_pct, "targetRateTo": row.target_upper_pct, "revisionIndicator": "",
        }
        for row in rows.itertuples()
    ]  # fmt: skip
    return as_json({"refRates": rates[::-1]})


def fred(market: Market, asked: Asked) -> Answer:
    """The graph's CSV. Before the target was a range the effective rate is told as the target of the decisions."""
    first, last, series = asked.query["cosd"], asked.query["coed"], asked.query["id"].split(",")
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(first, min(last, str(market.now.date())))]
    if "DFF" in series:
        rows = market.rows("policy_rates").set_index("rate_date")
        rows.index = pd.to_datetime(rows.index)
        rows = rows.resample("D").ffill()  # seven-day series: the weekend has Friday's
        rows.index = rows.index.strftime("%Y-%m-%d")
        told = {
            "DFF": rows["effr_pct"], "DFEDTARL": rows["target_lower_pct"], "DFEDTARU": rows["target_upper_pct"],
        }  # fmt: skip
        early = _single_targets() if last < "2008-12-16" else {}
    else:
        rows = market.rows("treasury_yields").pivot(index="rate_date", columns="tenor", values="par_yield_pct")
        told = {one: rows[YIELD_SERIES[one]] for one in series if YIELD_SERIES[one] in rows}
        early = {}
    lines = [",".join(["observation_date", *series])]
    for day in days:
        cells = [str(told[one].get(day, ".")) if one in told else "." for one in series]
        if day in early:
            cells[:2] = [early[day]] * 2
        lines.append(",".join([day, *cells]))
    return Answer("\n".join(lines).encode() + b"\n", headers={"content-type": "text/csv"})


def fred_api(market: Market, asked: Asked) -> Answer:
    if not asked.query.get("api_key"):
        return Answer(b'{"error_code":400,"error_message":"api_key is not set"}', 400, JSON_TYPE)
    rows = market.rows("treasury_yields")
    rows = rows[rows["tenor"] == YIELD_SERIES[asked.query["series_id"]]]
    rows = _between(rows, asked.query["observation_start"], asked.query["observation_end"])
    told = [
        {
            "realtime_start": str((datetime.fromisoformat(row.rate_date) + timedelta(days=1)).date()),
            "realtime_end": "9999-12-31", "date": row.rate_date, "value": str(row.par_yield_pct),
        }
        for row in rows.itertuples()
    ]  # fmt: skip
    return as_json({"count": len(told), "observations": told})


def treasury(market: Market, asked: Asked) -> Answer:
    """A year of the curve; the years before the simulation have one flat day, so that there is a payload."""
    year = asked.query["field_tdr_date_value"]
    rows = market.rows("treasury_yields")
    rows = rows[rows["rate_date"].str.startswith(year)]
    if rows.empty:
        return Answer(f'Date,"1 Mo","10 Yr"\n06/{30 if year != "1990" else 29}/{year},"N/A",5.00\n'.encode())
    tenors = sorted(rows["tenor"].unique(), key=lambda tenor: (tenor.endswith("yr"), float(tenor[:-2])))
    wide = rows.pivot(index="rate_date", columns="tenor", values="par_yield_pct").sort_index(ascending=False)
    titles = [f'"{tenor[:-2]} {tenor[-2:].title()}"' for tenor in tenors]
    lines = [",".join(["Date", *titles])]
    for day, row in wide.iterrows():
        cells = ["" if pd.isna(row[tenor]) else f"{row[tenor]:.2f}" for tenor in tenors]
        lines.append(",".join([datetime.fromisoformat(str(day)).strftime("%m/%d/%Y"), *cells]))
    return Answer("\n".join(lines).encode() + b"\n", headers={"content-type": "text/csv"})


def sec(market: Market, asked: Asked) -> Answer:
    """Tickers, fund tickers, filings and their lists; facts of companies stand on another host."""
    if asked.path == "/files/company_tickers.json":
        return as_json({str(number): {"cik_str": cik, "ticker": ticker, "title": "Simulated"} for number, (ticker, cik)
                        in enumerate(_ciks(market).items())})  # fmt: skip
    if asked.path == "/files/company_tickers_mf.json":
        rows = [[1, _series(one.product_id), "C1", one.symbol] for one in universe() if one.issuer]
        return as_json({"fields": ["cik", "seriesId", "classId", "symbol"], "data": rows})
    if asked.path == "/cgi-bin/browse-edgar":
        filed = [day for day in NPORT_FILINGS.values() if day <= str(market.now)]
        return Answer(sec_payloads.feed(*((day, f"0001234567-{day[2:4]}-{asked.query['CIK'][-6:]}") for day in filed)))
    if asked.path.endswith("/primary_doc.xml"):
        accession = asked.path.split("/")[-2]
        day = next(day for day, filed in NPORT_FILINGS.items() if filed[2:4] == accession[10:12])
        return _nport(market, f"S000{accession[-6:]}", day)
    if asked.path.endswith("/index.json"):
        return Answer(sec_payloads.index_listing())
    return NOT_FOUND


def sec_data(market: Market, asked: Asked) -> Answer:
    """Facts of one company: revenue, net income and balance sheet of each fiscal year of the simulation."""
    cik = int(asked.path.rsplit("CIK", 1)[-1].removesuffix(".json"))
    known = _ciks(market)
    probed = {next(iter(known)): int(PROBED.removeprefix("CIK"))}
    ticker = next((ticker for ticker, number in [*known.items(), *probed.items()] if number == cik), None)
    facts = market.rows("company_facts")
    facts = facts[(facts["ticker"] == ticker) & (facts["period_type"] == "FY")]
    if facts.empty:
        return NOT_FOUND
    company = sec_payloads.CompanyFacts(cik=cik)
    for (end, filed), group in facts.groupby(["period_end", "filed_date"]):
        values = dict(zip(group["concept"], group["value"], strict=True))
        start = str((pd.Timestamp(end) - pd.DateOffset(years=1) + pd.Timedelta(days=1)).date())
        annual = {"form": "10-K", "fp": "FY", "fy": int(str(end)[:4])}
        for concept, tag in {"revenue": "Revenues", "net_income_common": "NetIncomeLoss"}.items():
            if concept in values:
                company.flow(tag, values[concept], start, end, filed, **annual)
        for concept, tag in {"total_assets": "Assets", "total_equity": "StockholdersEquity"}.items():
            if concept in values:
                company.tell(tag, values[concept], end, filed, **annual)
        if "total_assets" in values:
            company.tell("LiabilitiesAndStockholdersEquity", values["total_assets"], end, filed, **annual)
    return Answer(company.content(), headers=JSON_TYPE)


def shiller(market: Market, asked: Asked) -> Answer:
    if asked.path == "/":
        return Answer(b'<html><body><a href="/ie_data.xls">data</a></body></html>')
    rows = market.rows("index_fundamentals")
    cells = [
        (float(f"{row.month[:4]}.{row.month[5:7]}"), row.price, row.dividend, row.earnings, row.cpi, 2017.0, row.gs10,
         row.price, row.dividend, 1.0, row.earnings, 2.0, row.cape)
        for row in rows.itertuples()
    ]  # fmt: skip
    return Answer(sec_payloads.shiller_workbook(tuple(cells)))


@dataclass(frozen=True)
class Service:
    """One host: how it answers, and what a change of its shape renames."""

    setting: str
    answer: Callable[[Market, Asked], Answer]
    renamed: tuple[bytes, bytes]


SERVICES = {
    "yahoo": Service("yahoo_address", yahoo, (b'"quote"', b'"prices"')),
    "yahoo_cookie": Service("yahoo_cookie_address", yahoo_cookie, (b"", b"")),
    "ishares": Service("ishares_address", ishares, (b"NAV per Share", b"Net Value")),
    "blackrock": Service("blackrock_address", ishares, (b"NAV per Share", b"Net Value")),
    "ssga": Service("ssga_address", ssga, (b"", b"")),
    "cme": Service("cme_address", cme, (b'"settle"', b'"price"')),
    "new_york_fed": Service("new_york_fed_address", new_york_fed, (b"percentRate", b"rate")),
    "fred": Service("fred_address", fred, (b"observation_date", b"day")),
    "fred_api": Service("fred_api_address", fred_api, (b'"value"', b'"v"')),
    "treasury": Service("treasury_address", treasury, (b"10 Yr", b"Ten")),
    "sec": Service("sec_address", sec, (b'"ticker"', b'"t"')),
    "sec_data": Service("sec_data_address", sec_data, (b'"units"', b'"measures"')),
    "shiller": Service("shiller_address", shiller, (b"ie_data.xls", b"data.zip")),
}
"""By name of the host."""


@lru_cache(maxsize=1)
def _single_targets() -> dict[str, str]:
    """The single target in force from the day after each decision, as the reviewed seed has it."""
    decisions = pd.read_csv(PROJECT_ROOT / "dbt" / "seeds" / "fomc_meetings.csv", dtype=str)
    decisions = decisions.dropna(subset=["target_lower_after_pct"]).sort_values("meeting_date")
    days = pd.to_datetime(decisions["meeting_date"]) + pd.Timedelta(days=1)
    daily = pd.Series(decisions["target_lower_after_pct"].to_numpy(), index=days).resample("D").ffill()
    return {f"{day:%Y-%m-%d}": target for day, target in daily.items()}


NPORT_FILINGS = {"2015-12-31": "2016-02-29", "2017-03-31": "2017-05-30"}
"""Day of the holdings and day filed, of every fund. The first tells of months before the share counts begin."""
NPORT_OFF = ("IVV", "2017-02", 1.2)
"""A fund whose filing tells another flow of a month than its share counts, by this factor."""


def _nport(market: Market, series: str, day: str) -> Answer:
    fund = next(one for one in universe() if one.issuer and _series(one.product_id) == series)
    rows = market.rows("fund_holdings")
    rows = rows[(rows["fund_symbol"] == fund.symbol) & (rows["as_of_date"] == day)]
    positions = [
        sec_payloads.position(
            escape(row.name_), ticker=row.ticker, isin=f"US{number:010d}", balance=f"{row.shares}",
            valUSD=f"{row.market_value_usd}", pctVal=f"{row.weight_pct}",
            asset=NPORT_CODES.get(row.asset_class, "STIV"),
        )
        for number, row in enumerate(rows.rename(columns={"name": "name_"}).itertuples())
    ]  # fmt: skip
    flows = sec_payloads.FLOWS if day < "2016" else _month_flows(market, fund.symbol, day)
    return Answer(sec_payloads.nport(tuple(positions) or sec_payloads.POSITIONS, flows, day=day, series=series))


def _month_flows(market: Market, symbol: str, day: str) -> tuple[tuple[str, str, str], ...]:
    """Sales, reinvestments and redemptions of the three months up to a day, as the fund's own books have them."""
    funds, bars = market.tables["fund_nav_shares"], market.tables["daily_bars"]
    own = funds[funds["fund_symbol"] == symbol].set_index("as_of_date").sort_index()
    splits = bars[bars["symbol"] == symbol].set_index("session_date")["split_ratio"].reindex(own.index).fillna(1)
    daily = own["nav_usd"] * (own["shares_outstanding"] - splits * own["shares_outstanding"].shift())
    told = []
    for month in pd.period_range(end=day[:7], periods=3, freq="M").astype(str):
        flows = daily[daily.index.str.startswith(month)] * (NPORT_OFF[2] if (symbol, month) == NPORT_OFF[:2] else 1)
        told.append((f"{flows[flows > 0].sum():.2f}", "0", f"{-flows[flows < 0].sum():.2f}"))
    return tuple(told)


NPORT_CODES = {"Equity": "EC", "Cash": "STIV", "Futures": "DE"}


def navhist(market: Market, symbol: str, titles: tuple[str, ...]) -> bytes:
    """A workbook of State Street."""
    from openpyxl import Workbook

    rows = market.rows("fund_nav_shares")
    rows = rows[rows["fund_symbol"] == symbol].sort_values("as_of_date", ascending=False)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "navhist"
    sheet.append(["Fund Name:", "Simulated"])
    sheet.append(["Ticker Symbol:", symbol])
    sheet.append([])
    sheet.append(list(titles))
    for row in rows.itertuples():
        day = datetime.fromisoformat(row.as_of_date).strftime("%d-%b-%Y")
        sheet.append([day, row.nav_usd, row.shares_outstanding, row.nav_usd * row.shares_outstanding])
    sheet.append([])
    sheet.append(["Past performance is no guarantee; simulated"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@lru_cache(maxsize=64)
def _fund_file(market: Market, symbol: str, name: str, now: datetime, version: int) -> bytes:
    navs = market.rows("fund_nav_shares")
    navs = navs[navs["fund_symbol"] == symbol].sort_values("as_of_date", ascending=False)
    historical = [["As Of", "NAV per Share", "Ex-Dividends", "Shares Outstanding"]]
    historical += [
        [_words(row.as_of_date), f"{row.nav_usd:.6f}", f"{row.distribution_usd:g}" if row.distribution_usd else "--",
         f"{row.shares_outstanding:.0f}"]
        for row in navs.itertuples()
    ]  # fmt: skip
    day, held = _held(market, symbol)
    titles = ["Ticker", "Name", "Sector", "Asset Class", "Market Value", "Weight (%)", "Notional Value", "Shares",
              "Price", "Location"]  # fmt: skip
    holdings = [
        [_words(day)], [name], ["Inception Date", "May 22, 2000"], ["Fund Holdings as of", _words(day)], [""], titles,
        *held,
    ]  # fmt: skip
    sheets = {"Holdings": holdings, "Historical": historical, "Performance": [[name]]}
    parts = [
        f'<ss:Worksheet ss:Name="{title}"><ss:Table>' + "".join(
            "<ss:Row>" + "".join(
                f'<ss:Cell ss:HRef="x?a=1&b=2"><ss:Data ss:Type="String">{escape(cell)}</ss:Data></ss:Cell>'
                for cell in row
            ) + "</ss:Row>"
            for row in rows
        ) + "</ss:Table></ss:Worksheet>"
        for title, rows in sheets.items()
    ]  # fmt: skip
    start = '<?xml version="1.0"?>\n<ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    return b"\xef\xbb\xbf\xef\xbb\xbf" + (start + "".join(parts) + "</ss:Workbook>").encode()


def _holdings_csv(market: Market, symbol: str, name: str) -> bytes:
    day, held = _held(market, symbol)
    head = [name, f'Fund Holdings as of,"{_words(day)}"', 'Inception Date,"May 22, 2000"', "\xa0"]
    titles = "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Shares,Price,Location"
    rows = [",".join(f'"{cell}"' for cell in row) for row in held]
    return "\n".join([*head, titles, *rows, "\xa0", '"The content contained herein is simulated"']).encode()


def _held(market: Market, symbol: str) -> tuple[str, list[list[str]]]:
    """Day and rows of the latest basket; a fund without one holds cash."""
    rows = market.rows("fund_holdings")
    rows = rows[rows["fund_symbol"] == symbol]
    if rows.empty:
        return "2016-12-30", [["USD", "USD CASH", "Cash", "Cash", "1.00", "100", "1.00", "1", "1", "--"]]
    day = rows["as_of_date"].max()
    rows = rows[rows["as_of_date"] == day]
    return str(day), [
        [row.ticker, row.name, row.sector, row.asset_class, f"{row.market_value_usd:,.2f}", f"{row.weight_pct}",
         f"{row.market_value_usd:,.2f}", f"{row.shares:,.2f}", f"{row.price_usd:,.2f}", "United States"]
        for row in rows.rename(columns={"name": "name_"}).assign(name=rows["name"]).itertuples(index=False)
    ]  # fmt: skip


def _words(day: str) -> str:
    return datetime.fromisoformat(day).strftime("%b %d, %Y")


def _between(rows: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    return rows[(rows["rate_date"] >= first) & (rows["rate_date"] <= last)]


COMPANIES_TOLD = 8
"""Every how many-th simulated company the SEC knows: the facts of one take a fifth of a second to read."""


def _ciks(market: Market) -> dict[str, int]:
    """A number for each simulated company, and enough others for the list to look whole."""
    tickers = sorted(market.tables["company_facts"]["ticker"].unique())[::COMPANIES_TOLD]
    return {ticker: 1001 + number for number, ticker in enumerate([*tickers, *(f"ZZ{n}" for n in range(1000))])}


def _series(product_id: str) -> str:
    return f"S{int(product_id) if product_id.isdigit() else sum(map(ord, product_id)):09d}"
