"""Small payloads in the shapes of the SEC and of Shiller's workbook. SIMULATED: no company, fund or number exists."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

CIK = 1234567
COMPANY = "CIK0001234567"
SERIES = "S000009999"
NPORT_NAME = f"TEST.{SERIES}.2024-02-28.0001234567-24-000001.xml"
TICKERS_NAME = "company_tickers.2024-02-29.json"


@dataclass
class CompanyFacts:
    """A companyfacts payload that grows by `tell`."""

    cik: int = CIK
    tags: dict[str, Any] = field(default_factory=dict)

    def tell(
        self, tag: str, value: Any, end: str, filed: str, start: str | None = None, accn: str | None = None,
        form: str = "10-Q", fp: str = "Q1", fy: Any = 2024, unit: str = "USD",
    ) -> "CompanyFacts":  # fmt: skip
        """One fact as one filing tells it."""
        fact = {"start": start} if start else {}
        fact |= {"end": end, "val": value, "accn": accn or f"a-{filed}", "fy": fy, "fp": fp, "form": form}
        told = self.tags.setdefault(tag, {"label": tag, "description": "", "units": {}})
        told["units"].setdefault(unit, []).append(fact | {"filed": filed})
        return self

    def flow(self, tag: str, value: float, start: str, end: str, filed: str, **other: Any) -> "CompanyFacts":
        return self.tell(tag, value, end, filed, start=start, **other)

    def content(self) -> bytes:
        return json.dumps({"cik": self.cik, "entityName": "TEST INC", "facts": {"us-gaap": self.tags}}).encode()


def two_years() -> CompanyFacts:
    """A company with fiscal years to January, whose 10-K and 10-Qs repeat the year before as comparatives."""
    facts = CompanyFacts()
    annual = {"form": "10-K", "fp": "FY"}
    for tag, scale in {"Revenues": 100, "NetIncomeLoss": 10}.items():
        facts.flow(tag, 3 * scale, "2022-01-30", "2023-01-28", "2023-03-15", **annual, fy=2022)
        facts.flow(tag, 7 * scale / 10, "2022-01-30", "2022-04-30", "2023-06-01", fy=2023)
        facts.flow(tag, 9 * scale / 10, "2023-01-29", "2023-04-29", "2023-06-01", fy=2023)
        facts.flow(tag, 8 * scale / 10, "2022-05-01", "2022-07-30", "2023-09-01", fp="Q2", fy=2023)
        facts.flow(tag, 15 * scale / 10, "2022-01-30", "2022-07-30", "2023-09-01", fp="Q2", fy=2023)
        facts.flow(tag, 11 * scale / 10, "2023-04-30", "2023-07-29", "2023-09-01", fp="Q2", fy=2023)
        facts.flow(tag, 20 * scale / 10, "2023-01-29", "2023-07-29", "2023-09-01", fp="Q2", fy=2023)
        facts.flow(tag, 45 * scale / 10, "2023-01-29", "2024-02-03", "2024-03-20", **annual, fy=2023)
        facts.flow(tag, 3 * scale, "2022-01-30", "2023-01-28", "2024-03-20", **annual, fy=2023)
    for tag, value in {"Assets": 900.0, "LiabilitiesAndStockholdersEquity": 900.0, "StockholdersEquity": 400.0}.items():
        facts.tell(tag, value, "2023-01-28", "2023-03-15", **annual, fy=2022)
        facts.tell(tag, value + 5, "2023-04-29", "2023-06-01", fy=2023)
    return facts


def ifrs_years(unit: str = "EUR") -> bytes:
    """A filer of 20-F: two annual reports by IFRS, the second with the first year as a comparative."""
    facts = CompanyFacts()
    years = (("2022-01-01", "2022-12-31", "2023-03-01"), ("2022-01-01", "2022-12-31", "2024-03-01"),
             ("2023-01-01", "2023-12-31", "2024-03-01"))  # fmt: skip
    for start, end, filed in years:
        facts.flow("Revenue", 5, start, end, filed, form="20-F", unit=unit)
        facts.tell("Assets", 5, end, filed, form="20-F", unit=unit)
        facts.tell("NumberOfSharesIssued", 5, end, filed, form="20-F", unit="shares")
    content = json.loads(facts.content())
    return json.dumps(content | {"facts": {"ifrs-full": content["facts"]["us-gaap"]}}).encode()


def tickers(companies: int = 1200) -> bytes:
    """The SEC's list of companies and tickers."""
    rows = [{"cik_str": 1000 + n, "ticker": f"T{n}", "title": f"Test {n} Inc."} for n in range(companies)]
    rows[1] |= {"ticker": "T-B"}
    return json.dumps({str(number): row for number, row in enumerate(rows)}).encode()


def filing_index(day: str, *filings: tuple[str, int]) -> bytes:
    """A daily form index of EDGAR: form and CIK of each filing."""
    lines = [
        f"{form:<17}{'TEST & SONS, INC. /DE/ 10-K':<62}{cik:<12}{day:<12}edgar/data/{cik}/0000000000-24-000001.txt"
        for form, cik in filings
    ]
    header = (
        "Description:           Daily Index of EDGAR Dissemination Feed by Form Type\nLast Data Received:    x\n\n\n"
        f"{'Form Type':<17}{'Company Name':<62}{'CIK':<12}{'Date Filed':<12}File Name\n"
    )
    return (header + "-" * 140 + "\n" + "\n".join(lines) + "\n").encode()


def index_listing(*days: str) -> bytes:
    """The folder of a quarter's daily indexes."""
    names = [f"{kind}.{day}.idx" for day in days for kind in ("company", "form")]
    return json.dumps({"directory": {"item": [{"name": name, "type": "file"} for name in names]}}).encode()


def position(name: str, ticker: str = "", isin: str = "", cusip: str = "", asset: str = "EC", **other: str) -> str:
    """One position of an N-PORT filing."""
    told = {"balance": "100", "units": "NS", "valUSD": "1000.5", "pctVal": "33.3"} | other
    identifiers = (f'<ticker value="{ticker}"/>' if ticker else "") + (f'<isin value="{isin}"/>' if isin else "")
    return (
        f"<invstOrSec><name>{name}</name><lei>N/A</lei><title>{name}</title><cusip>{cusip or 'N/A'}</cusip>"
        f"<identifiers>{identifiers}</identifiers><balance>{told['balance']}</balance><units>{told['units']}</units>"
        f"<curCd>USD</curCd><valUSD>{told['valUSD']}</valUSD><pctVal>{told['pctVal']}</pctVal>"
        f"<assetCat>{asset}</assetCat></invstOrSec>"
    )


POSITIONS = (
    position("ALPHA INC", ticker="AAA", isin="US0000000001", cusip="000000001"),
    position("BETA INC", isin="US0000000002"),
    position("GAMMA BOND", ticker="GAM", isin="US0000000003", asset="DBT", units="PA"),
    position("GAMMA BOND 2", ticker="GAM", isin="US0000000004", asset="DBT", units="PA"),
    position("CASH FUND", cusip="000000005", asset="STIV"),
)
FLOWS = (("100000000", "0", "30000000"), ("0", "1000000", "-50000000"), ("N/A", "N/A", "N/A"))


def nport(
    positions: tuple[str, ...] = POSITIONS, flows: tuple[tuple[str, str, str], ...] = FLOWS,
    day: str = "2023-12-29", series: str = SERIES, form: str = "NPORT-P", before: str = "",
) -> bytes:  # fmt: skip
    """An N-PORT filing with the elements that are read."""
    months = "".join(
        f'<mon{number}Flow sales="{sales}" reinvestment="{again}" redemption="{redeemed}"/>'
        for number, (sales, again, redeemed) in enumerate(flows, 1)
    )
    return (
        f'\n<?xml version="1.0" encoding="UTF-8"?>{before}<edgarSubmission xmlns="http://www.sec.gov/edgar/nport">'
        f"<headerData><submissionType>{form}</submissionType></headerData><formData><genInfo>"
        f"<regCik>000{CIK}</regCik><seriesId>{series}</seriesId><repPdDate>{day}</repPdDate></genInfo>"
        f"<fundInfo>{months}</fundInfo><invstOrSecs>{''.join(positions)}</invstOrSecs></formData></edgarSubmission>"
    ).encode()


def feed(*filings: tuple[str, str]) -> bytes:
    """EDGAR's list of the filings of a fund: filing date and accession number of each."""
    entries = "".join(
        f"<entry><content type='text/xml'><accession-number>{accession}</accession-number>"
        f"<filing-date>{filed}</filing-date><filing-href>https://sec.example/Archives/edgar/data/{CIK}/"
        f"{accession.replace('-', '')}/{accession}-index.htm</filing-href></content></entry>"
        for filed, accession in filings
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{entries}</feed>'.encode()


def fund_tickers(*symbols: str) -> bytes:
    """The SEC's list of funds, their series and tickers."""
    rows = [[CIK, SERIES, "C000000001", symbol] for symbol in symbols]
    return json.dumps({"fields": ["cik", "seriesId", "classId", "symbol"], "data": rows}).encode()


SHILLER_ROWS: tuple[tuple[Any, ...], ...] = (
    (2023.09, 4400.0, 69.0, 184.0, 307.8, 2023.7, 4.38, 4500.0, 70.0, 1.0, 188.0, 2.0, 30.1),
    (2023.1, 4270.0, 69.5, 186.0, 307.7, 2023.8, 4.8, 4400.0, 71.0, 1.0, 189.0, 2.0, 29.0),
    (2023.11, 4460.0, "NA", "", 307.1, 2023.9, 4.5, 4500.0, "", 1.0, "", 2.0, 30.3),
)


def shiller_workbook(rows: tuple[tuple[Any, ...], ...] = SHILLER_ROWS, sheet: str = "Data") -> bytes:
    """A workbook of the same shape as ie_data.xls: words above the header, a footer below the months."""
    import xlwt

    book = xlwt.Workbook()
    book.add_sheet("Figure").write(0, 0, "x")
    data = book.add_sheet(sheet)
    words = (
        "Date",
        "P",
        "D",
        "E",
        "CPI",
        "Fraction",
        "Rate GS10",
        "Price",
        "Dividend",
        "Price",
        "Earnings",
        "Earnings",
    )
    data.write(0, 0, "Stock Market Data Used in a test")
    for column, word in enumerate((*words, "CAPE")):
        data.write(7, column, f"{word}  ")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            data.write(8 + number, column, value)
    data.write(8 + len(rows), 1, "price is that of one day")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
