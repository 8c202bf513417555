"""Provider `sec_nport`: what a fund reported to the SEC on form N-PORT, public 60 days after its quarter.

One payload is one filing: holdings on a day, and what was sold, reinvested and redeemed in each of the three months up
to it (item B.6). The XML knows neither the ticker of the fund nor the filing date, so both stand in the name of the
payload, with the series that must be in it: `IWM.S000004344.2025-02-27.0001752724-25-043800.xml`. Everything in a
filing was available on that date.

Belongs here: finding the filings of a fund, and reading one into baskets, members, identifiers and flows.
Does not belong here: comparing its flows with those of the share counts (mart `reconciliation`), closing the spells of
members that left (stg_membership__index_membership).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from dagster_project.errors import SourceError
from dagster_project.sources.live.checks import first_bytes, read_json, refuse_other_than
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import Look, Request, State
from dagster_project.sources.live.sec import available_at, company_id, sec_headers
from dagster_project.sources.live.universe import universe
from dagster_project.sources.table_file import TextTable

if TYPE_CHECKING:
    import pandas as pd

NAME = "sec_nport"
TABLES = ("fund_holdings", "index_membership", "security_identifiers", "published_figures")

EXPECTED = "an N-PORT filing (XML edgarSubmission)"
EXPECTED_FEED = "EDGAR's list of a fund's N-PORT filings (Atom XML)"
EXPECTED_SERIES = "SEC fund tickers (JSON with fields and data)"
NPORT = "{http://www.sec.gov/edgar/nport}"
ATOM = "{http://www.w3.org/2005/Atom}"
PAYLOAD_NAME = re.compile(
    r"^(?P<fund>[^.]+)\.(?P<series>S\d{9}|CIK\d{10})\.(?P<filed>\d{4}-\d{2}-\d{2})\.(?P<accession>\d{10}-\d{2}-\d{6})\.xml$"
)
EARLIEST_DAY = date(1990, 1, 1)
"""No electronic filing is older."""
MOST_FILINGS = 40
"""Filings of one fund that are asked for: ten years."""
DAYS_BETWEEN = 75
"""EDGAR is asked for new filings of a fund when the last one is at least this old: there is one a quarter. An older one
that failed comes with the next."""
PUBLISHER = "SEC N-PORT"
ASSET_CLASSES = {
    "EC": "Equity", "EP": "Preferred Equity", "DBT": "Fixed Income", "STIV": "Money Market", "DE": "Futures",
    "DFE": "FX Forwards", "RA": "Repurchase Agreement",
}  # fmt: skip
"""Codes of item C.4 in the words of holdings files; other codes stay as they are."""
NO_VALUE = {"", "N/A", "NA", "NONE", "XXXX", "000000000"}
"""What filers write where they have no identifier or no number."""


@dataclass(frozen=True)
class Filing:
    """One N-PORT filing with what its name says: `root` is the XML, `day` the day of its holdings."""

    fund: str
    filed: date
    address: str
    day: date
    root: Element

    def holdings(self) -> list[Element]:
        return list(self.root.iter(f"{NPORT}invstOrSec"))


def plan(table: str, state: State, config: LiveConfig, look: Look) -> Iterable[Request]:
    """Ask for the filings of the funds of the universe that are not archived yet, newest first.

    Flows of every fund; baskets and members of those whose holdings are fetched at all. Looks up the series of the
    funds in the SEC's list of fund tickers, and the filings of each in EDGAR's feed.
    """
    funds = [one.symbol for one in universe() if one.issuer and (one.has_holdings or table == "published_figures")]
    held = [match for match in map(PAYLOAD_NAME.match, state.payloads) if match]
    latest = {fund: max(m["filed"] for m in held if m["fund"] == fund) for fund in {m["fund"] for m in held}}
    soon = (state.now.date() - timedelta(days=DAYS_BETWEEN)).isoformat()
    due = [fund for fund in funds if latest.get(fund, "") < soon]
    if not due:
        return []
    series = series_by_symbol(look(_fund_tickers(table, config)))
    return [
        request
        for fund in due
        if fund in series
        for request in _of_fund(table, fund, series[fund], config, look)
        if request.name not in state.payloads
    ]


def probe(config: LiveConfig, today: date, look: Look) -> Iterable[Request]:
    """The last filing of the first fund."""
    fund = next(one.symbol for one in universe() if one.issuer and one.has_holdings)
    series = series_by_symbol(look(_fund_tickers(TABLES[0], config)))
    return _of_fund(TABLES[0], fund, series[fund], config, look)[:1] if fund in series else []


def check(request: Request, content: bytes) -> None:
    """It is a filing of the series that was asked for."""
    _filing(request.name, content)


def parse(table: str, name: str, content: bytes) -> TextTable:
    """Rows of one filing for one table.

    - `fund_holdings`: one row per position; `ticker` is the ticker where the filer gives one that is nobody else's in
      the filing, else the ISIN, else the CUSIP. There are no sectors and no prices.
    - `index_membership`: the equities, from the day of the holdings on; a filing knows no end.
    - `security_identifiers`: ISIN, CUSIP and LEI of the equities beside the ticker as above.
    - `published_figures`: net flow of each of the three months, sales and reinvestments less redemptions, in usd_m.

    Values are as filed; only the ticker, the flow and the words for asset classes are ours.

    Raises:
        SourceError: not an N-PORT filing, or not named as one.
    """
    filing = _filing(name, content)
    if table == "published_figures":
        return _flows(filing)
    rows = [_position(position) for position in filing.holdings()]
    if not rows:
        raise SourceError(f"expected {EXPECTED} with holdings, found none: {first_bytes(content)}.")
    frame = _with_tickers(rows)
    if table == "fund_holdings":
        names = ("ticker", "name", "asset_class", "weight_pct", "shares", "market_value_usd")
        key = {"fund_symbol": filing.fund, "as_of_date": f"{filing.day}"}
        return _table(filing, frame, key, {column: column for column in names})
    members = frame[frame["asset_class"] == "Equity"].drop_duplicates("member_id")
    if members.empty:
        raise SourceError(f"expected {EXPECTED} with equities for {table}, found {len(rows)} other positions.")
    if table == "index_membership":
        key = {"index_id": filing.fund, "valid_from": f"{filing.day}"}
        return _table(filing, members, key, {"member_id": "member_id"})
    columns = {"member_id": "member_id", "symbol": "ticker", "isin": "isin", "cusip": "cusip", "lei": "lei"}
    return _table(filing, members, {"valid_from": f"{filing.day}"}, columns)


def series_by_symbol(content: bytes) -> Mapping[str, str]:
    """Series of a fund (`S000004344`) by its ticker; a trust without a series is found by its CIK.

    Raises:
        SourceError: not the SEC's list of fund tickers.
    """
    refuse_other_than(content, EXPECTED_SERIES, (b"{",))
    found = read_json(content, EXPECTED_SERIES)
    try:
        at = {name: found["fields"].index(name) for name in ("cik", "seriesId", "symbol")}
        return {
            str(row[at["symbol"]]).upper(): str(row[at["seriesId"]] or company_id(row[at["cik"]]))
            for row in found["data"]
        }
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise SourceError(f"expected {EXPECTED_SERIES}, found other keys: {first_bytes(content)}.") from error


def filings_of_feed(content: bytes) -> list[tuple[date, str, str]]:
    """Filing date, accession number and address of the filing's page for each entry of EDGAR's feed, newest first.

    Raises:
        SourceError: not such a feed.
    """
    refuse_other_than(content, EXPECTED_FEED, (b"<",))
    entries = _xml(content, EXPECTED_FEED, f"{ATOM}feed").iter(f"{ATOM}entry")
    found = []
    for entry in entries:
        told = {element.tag.removeprefix(ATOM): (element.text or "").strip() for element in entry.iter()}
        try:
            found.append((date.fromisoformat(told["filing-date"]), told["accession-number"], told["filing-href"]))
        except (KeyError, ValueError) as error:
            raise SourceError(f"expected {EXPECTED_FEED}, found an entry with {sorted(told)}.") from error
    return sorted(found, reverse=True)


def _fund_tickers(table: str, config: LiveConfig) -> Request:
    address = f"{config.sec_address}/files/company_tickers_mf.json"
    return Request(table, "fund_tickers.json", (address,), headers=sec_headers(config))


def _of_fund(table: str, fund: str, series: str, config: LiveConfig, look: Look) -> list[Request]:
    headers = sec_headers(config)
    feed = (
        f"{config.sec_address}/cgi-bin/browse-edgar?action=getcompany&CIK={series}&type=NPORT-P"
        f"&owner=include&count={MOST_FILINGS}&output=atom"
    )
    requests = []
    for filed, accession, page in filings_of_feed(look(Request(table, f"{fund}.atom", (feed,), headers=headers))):
        path = re.search(r"/Archives/edgar/data/\d+/\d+/", page)
        name = f"{fund}.{series}.{filed}.{accession}.xml"
        if path and PAYLOAD_NAME.match(name):
            address = f"{config.sec_address}{path[0]}primary_doc.xml"
            requests.append(Request(table, name, (address,), headers=headers))
    return requests


def _xml(content: bytes, expected: str, root: str) -> Element:
    """Root of an XML document without a document type, hence without entities that could grow.

    Raises:
        SourceError: no whole XML, a document type or entity in it, or another root.
    """
    from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]

    try:
        found: Element = ElementTree.fromstring(content.lstrip(b"\xef\xbb\xbf \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SourceError(
            f"expected {expected}, cannot be read ({str(error)[:120]}): {first_bytes(content)}."
        ) from error
    if found.tag != root:
        raise SourceError(f"expected {expected}, found the root {found.tag[:80]!r}: {first_bytes(content)}.")
    return found


def _filing(name: str, content: bytes) -> Filing:
    match = PAYLOAD_NAME.match(name)
    if not match:
        raise SourceError(
            f"expected a name such as IWM.S000004344.2025-02-27.0001752724-25-043800.xml, found {name!r}."
        )
    refuse_other_than(content, EXPECTED, (b"<",))
    root = _xml(content, EXPECTED, f"{NPORT}edgarSubmission")
    form = _text(root, "headerData/submissionType")
    if form not in ("NPORT-P", "NPORT-P/A"):
        raise SourceError(f"expected {EXPECTED} of type NPORT-P, found {form[:40]!r}.")
    general = "formData/genInfo"
    registrant = company_id(_text(root, f"{general}/regCik"))
    series = _text(root, f"{general}/seriesId")
    if match["series"] not in (series, registrant):
        raise SourceError(
            f"expected a filing of {match['fund']} ({match['series']}), one of {(series or registrant)[:40]} came."
        )
    try:
        filed, day = date.fromisoformat(match["filed"]), date.fromisoformat(_text(root, f"{general}/repPdDate"))
    except ValueError as error:
        raise SourceError(
            f"expected {EXPECTED} with a day of its holdings (repPdDate), found {str(error)[:80]}."
        ) from error
    if not EARLIEST_DAY <= day <= filed:
        raise SourceError(f"expected {EXPECTED} of a day from {EARLIEST_DAY} to its filing on {filed}, found {day}.")
    folder = registrant.removeprefix("CIK").lstrip("0")
    address = f"https://www.sec.gov/Archives/edgar/data/{folder}/{match['accession'].replace('-', '')}/primary_doc.xml"
    return Filing(match["fund"], filed, address, day, root)


def _text(element: Element, path: str) -> str:
    steps = "/".join(f"{NPORT}{step}" for step in path.split("/"))
    return (element.findtext(steps) or "").strip()


def _known(value: str | None) -> str | None:
    """The value, None where the filer wrote that there is none."""
    given = (value or "").strip()
    return None if given.upper() in NO_VALUE else given


def _position(position: Element) -> dict[str, str | None]:
    def told(path: str) -> str | None:
        return _known(_text(position, path))

    def identifier(kind: str) -> str | None:
        found = position.find(f"{NPORT}identifiers/{NPORT}{kind}")
        return None if found is None else _known(found.get("value"))

    code = told("assetCat")
    if code is None:
        conditional = position.find(f"{NPORT}assetConditional")
        code = None if conditional is None else _known(conditional.get("desc"))
    return {
        "name": told("name") or told("title"),
        "asset_class": ASSET_CLASSES.get(code or "", code),
        "weight_pct": told("pctVal"),
        "shares": told("balance") if told("units") == "NS" else None,
        "market_value_usd": told("valUSD"),
        "cusip": told("cusip"),
        "isin": identifier("isin"),
        "lei": told("lei"),
        "given_ticker": identifier("ticker"),
    }


def _with_tickers(rows: Sequence[Mapping[str, str | None]]) -> "pd.DataFrame":
    """Columns ticker and member_id: the name of a position in the basket, and one that outlives its ticker."""
    import pandas as pd

    frame = pd.DataFrame(rows, dtype="string")
    shared = frame["given_ticker"].duplicated(keep=False)
    number = frame["isin"].fillna(frame["cusip"])
    ticker = frame["given_ticker"].mask(shared).fillna(number).fillna(frame["given_ticker"]).fillna(frame["name"])
    return frame.assign(ticker=ticker, member_id=number.fillna(ticker))


def _table(filing: Filing, frame: "pd.DataFrame", key: Mapping[str, str], columns: Mapping[str, str]) -> TextTable:
    """Rows with the same `key`, available on the filing date."""
    import pandas as pd

    public = available_at(pd.Series([pd.Timestamp(filing.filed)]))
    same = {name: [value] * len(frame) for name, value in {**key, "available_at": public[0]}.items()}
    told = {name: [None if pd.isna(value) else value for value in frame[column]] for name, column in columns.items()}
    return TextTable.of_columns({**same, **told})


def _flows(filing: Filing) -> TextTable:
    """Net flow of three months up to the day of the holdings; a month that the fund does not report has no row."""
    import pandas as pd

    amounts = {}
    for number in (1, 2, 3):
        month = filing.root.find(f"{NPORT}formData/{NPORT}fundInfo/{NPORT}mon{number}Flow")
        if month is None:
            raise SourceError(f"expected {EXPECTED} with the flows of three months (mon{number}Flow), found none.")
        parts = [_known(month.get(part)) for part in ("sales", "reinvestment", "redemption")]
        if any(parts):
            end = pd.Timestamp(filing.day) - pd.DateOffset(months=3 - number) + pd.offsets.MonthEnd(0)
            amounts[end] = parts
    if not amounts:
        raise SourceError(f"expected {EXPECTED} with flows, all three months say that there are none to tell.")
    frame = pd.DataFrame.from_dict(amounts, orient="index", columns=["sales", "reinvestment", "redemption"])
    frame = frame.apply(pd.to_numeric, errors="coerce").astype("float64")
    # Some filers give redemptions as negative amounts.
    net = (frame["sales"] + frame["reinvestment"] - frame["redemption"].abs()) / 1e6
    rows = pd.DataFrame({"as_of": [f"{end:%Y-%m-%d}" for end in net.index], "value": net.astype("string").to_numpy()})
    key = {"topic": f"{filing.fund.lower()}_month_flow", "source": PUBLISHER, "unit": "usd_m", "url": filing.address}
    return _table(filing, rows, key, {"as_of": "as_of", "value": "value"})
