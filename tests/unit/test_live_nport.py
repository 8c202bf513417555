"""N-PORT filings: which are asked for, and the rows of one for four tables."""

from datetime import date, datetime

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.live import sec_nport
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.provider import PastPayload, Request, State
from dagster_project.sources.live.universe import universe
from tests.sec_payloads import CIK, NPORT_NAME, SERIES, feed, fund_tickers, nport, position

CONFIG = LiveConfig(sec_contact="Test test@example.org", sec_address="https://sec.example")
NOW = datetime(2024, 3, 1, 14)
BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


def rows_of(table: str, content: bytes) -> pd.DataFrame:
    """Rows as the contract takes them in; none may be rejected."""
    valid = validate(CONTRACTS[table], sec_nport.parse(table, NPORT_NAME, content).frame, sec_nport.NAME)
    assert valid.rejects.empty, valid.rejects
    assert set(valid.rows["stated_available_at"]) == {pd.Timestamp("2024-02-28 22:30")}
    return valid.rows


def test_holdings_are_a_basket_of_the_day():
    rows = rows_of("fund_holdings", nport())
    assert set(rows["fund_symbol"]) == {"TEST"}
    assert set(rows["as_of_date"]) == {pd.Timestamp("2023-12-29")}
    assert [tuple(row) for row in rows[["ticker", "name", "asset_class"]].itertuples(index=False)] == [
        ("AAA", "ALPHA INC", "Equity"),
        ("US0000000002", "BETA INC", "Equity"),
        ("US0000000003", "GAMMA BOND", "Fixed Income"),
        ("US0000000004", "GAMMA BOND 2", "Fixed Income"),
        ("000000005", "CASH FUND", "Money Market"),
    ]
    alpha, bond = rows.iloc[0], rows.iloc[2]
    assert (alpha["shares"], alpha["market_value_usd"], alpha["weight_pct"]) == (100, 1000.5, 33.3)
    assert pd.isna(bond["shares"])  # a principal amount is no number of shares


def test_a_position_twice_in_a_filing_goes_to_quarantine():
    twice = (position("A", isin="US1", valUSD="1"), position("A", isin="US1", valUSD="2"), position("B", isin="US2"))
    valid = validate(CONTRACTS["fund_holdings"], sec_nport.parse("fund_holdings", NPORT_NAME, nport(twice)).frame, "x")
    assert list(valid.rejects["rule"]) == ["grain_unique", "grain_unique"]
    assert list(valid.rows["ticker"]) == ["US2"]


def test_members_are_the_equities_under_what_outlives_a_ticker():
    members = rows_of("index_membership", nport())
    assert list(members["index_id"]) == ["TEST", "TEST"]
    assert list(members["member_id"]) == ["US0000000001", "US0000000002"]
    assert members["valid_to"].isna().all()
    identifiers = rows_of("security_identifiers", nport())
    assert list(identifiers["member_id"]) == list(members["member_id"])
    assert list(identifiers["symbol"]) == ["AAA", "US0000000002"]
    assert identifiers.iloc[0]["cusip"] == "000000001"
    assert identifiers["lei"].isna().all()


def test_net_flow_of_each_month_whatever_the_sign_of_redemptions():
    rows = rows_of("published_figures", nport())
    # 100 m sold less 30 m redeemed; 1 m reinvested less 50 m redeemed, written with a minus; the third month not told
    assert list(rows["value"]) == [70, -49]
    assert [f"{day:%Y-%m-%d}" for day in rows["as_of"]] == ["2023-10-31", "2023-11-30"]
    assert set(rows["topic"]) == {"test_month_flow"}
    assert set(rows["source"]) == {"SEC N-PORT"}
    assert set(rows["url"]) == {f"https://www.sec.gov/Archives/edgar/data/{CIK}/000123456724000001/primary_doc.xml"}


def test_a_month_with_a_part_that_is_no_number_goes_to_quarantine():
    flows = (("1000000", "x", "0"), ("1", "2", "3"), ("1", "2", "3"))
    frame = sec_nport.parse("published_figures", NPORT_NAME, nport(flows=flows)).frame
    valid = validate(CONTRACTS["published_figures"], frame, "x")
    assert list(valid.rejects["rule"]) == ["value_present"]
    assert len(valid.rows) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (nport(before=BILLION_LAUGHS), "cannot be read .*DTDForbidden"),
        (nport()[:-30], "cannot be read"),
        (nport(series="S000000001"), "expected a filing of TEST .S000009999., one of S000000001 came"),
        (nport(form="NPORT-EX"), "of type NPORT-P, found 'NPORT-EX'"),
        (nport(day="2024-12-29"), "of a day from 1990-01-01 to its filing on 2024-02-28, found 2024-12-29"),
        (nport(day="0001-01-01"), "of a day from 1990-01-01 to its filing on 2024-02-28, found 0001-01-01"),
        (nport(day="29.12.2023"), "with a day of its holdings"),
        (b"<html><body>Request Rate Threshold Exceeded</body></html>", "a web page came"),
        (b"<?xml version='1.0'?><other/>", "found the root 'other'"),
        (b"", "an empty payload came"),
    ],
)
def test_what_is_no_filing_of_the_fund_is_refused_at_the_door(content, expected):
    with pytest.raises(SourceError, match=expected):
        sec_nport.check(Request("fund_holdings", NPORT_NAME, ("https://sec.example",)), content)


@pytest.mark.parametrize("table", ["fund_holdings", "index_membership", "security_identifiers"])
def test_a_filing_without_positions_is_refused(table):
    with pytest.raises(SourceError, match="with holdings, found none"):
        sec_nport.parse(table, NPORT_NAME, nport(positions=()))


def test_a_payload_under_another_name_is_refused():
    with pytest.raises(SourceError, match="expected a name such as IWM"):
        sec_nport.parse("fund_holdings", "TEST.xml", nport())


IWM = f"IWM.{SERIES}.2024-02-28.0001234567-24-000001.xml"
OLD = f"IWM.{SERIES}.2023-11-28.0001234567-23-000009.xml"


def plan(table: str, *held: str) -> list[Request]:
    """What is asked for of funds of which the SEC lists IWM and IJR, each with two filings."""

    def look(request: Request) -> bytes:
        if request.name.endswith(".atom"):
            return feed(("2023-11-28", "0001234567-23-000009"), ("2024-02-28", "0001234567-24-000001"))
        return fund_tickers("IWM", "IJR")

    state = State(NOW, date(2024, 2, 29), payloads={name: PastPayload(NOW, "", "") for name in held})
    return list(sec_nport.plan(table, state, CONFIG, look))


def test_filings_that_are_not_archived_are_asked_for():
    assert [request.name for request in plan("fund_holdings")] == [IWM, OLD]
    [request] = plan("fund_holdings", OLD)
    assert request.name == IWM
    assert request.addresses == (f"https://sec.example/Archives/edgar/data/{CIK}/000123456724000001/primary_doc.xml",)


def test_flows_are_asked_for_of_every_fund_and_baskets_of_those_with_holdings():
    assert {request.name[:3] for request in plan("published_figures")} == {"IWM", "IJR"}
    assert {request.name[:3] for request in plan("fund_holdings")} == {"IWM"}


def test_nothing_is_looked_up_while_the_last_filing_is_new():
    funds = [member.symbol for member in universe() if member.issuer]
    fresh = [f"{fund}.{SERIES}.2024-02-20.0001234567-24-000001.xml" for fund in funds]
    state = State(NOW, date(2024, 2, 29), payloads={name: PastPayload(NOW, "", "") for name in fresh})

    def look(request: Request) -> bytes:
        raise AssertionError(f"{request.name} was looked up")

    assert list(sec_nport.plan("published_figures", state, CONFIG, look)) == []


def test_lists_of_another_shape_are_refused():
    with pytest.raises(SourceError, match="SEC fund tickers"):
        sec_nport.series_by_symbol(b'{"fields": ["cik"], "data": [[1]]}')
    with pytest.raises(SourceError, match="found an entry with"):
        sec_nport.filings_of_feed(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>')
    with pytest.raises(SourceError, match="cannot be read"):
        sec_nport.filings_of_feed(b"<!DOCTYPE feed []><feed/>")
