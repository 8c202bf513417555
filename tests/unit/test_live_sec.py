"""SEC companyfacts, company tickers and daily indexes: what is asked for, and what becomes of a payload."""

import json
from datetime import date, datetime

import pandas as pd
import pytest

from dagster_project.contracts.tables import CONTRACTS
from dagster_project.contracts.validate import validate
from dagster_project.errors import SourceError
from dagster_project.sources.files import FilesSource
from dagster_project.sources.live import sec_company_facts, sec_filing_index, sec_tickers
from dagster_project.sources.live.config import LiveConfig
from dagster_project.sources.live.http import Client
from dagster_project.sources.live.provider import NotConfiguredError, PastPayload, Request, State
from dagster_project.sources.live.source import LiveSource
from tests.internet.loopback import Answer, Asked, Loopback
from tests.sec_payloads import (
    COMPANY,
    TICKERS_NAME,
    CompanyFacts,
    filing_index,
    ifrs_years,
    index_listing,
    tickers,
    two_years,
)

CONFIG = LiveConfig(sec_contact="Test test@example.org")
NOW = datetime(2024, 3, 1, 14)


def rows_of(facts: CompanyFacts) -> pd.DataFrame:
    """Rows as the contract takes them in; none may be rejected."""
    valid = validate(
        CONTRACTS["company_facts"],
        sec_company_facts.parse("company_facts", f"{COMPANY}.json", facts.content()).frame,
        sec_company_facts.NAME,
    )
    assert valid.rejects.empty, valid.rejects
    return valid.rows


def told(rows: pd.DataFrame, concept: str, period_type: str, end: str) -> list[tuple[str, float]]:
    """Filing day and value of every vintage of a period."""
    found = rows[(rows["concept"] == concept) & (rows["period_type"] == period_type) & (rows["period_end"] == end)]
    return [(f"{filed:%Y-%m-%d}", value) for filed, value in zip(found["filed_date"], found["value"], strict=True)]


def test_periods_are_named_from_the_start_of_the_fiscal_year():
    rows = rows_of(two_years())
    periods = rows[rows["concept"] == "revenue"][["period_type", "period_end", "value", "fiscal_year"]]
    assert [(t, f"{e:%Y-%m-%d}", v, y) for t, e, v, y in periods.itertuples(index=False)] == [
        ("FY", "2023-01-28", 300, 2022), ("FY", "2024-02-03", 450, 2023), ("H1", "2022-07-30", 150, 2022),
        ("H1", "2023-07-29", 200, 2023), ("Q1", "2022-04-30", 70, 2022), ("Q1", "2023-04-29", 90, 2023),
        ("Q2", "2022-07-30", 80, 2022), ("Q2", "2023-07-29", 110, 2023),
    ]  # fmt: skip


def test_a_fact_is_available_when_it_was_filed_in_new_york():
    rows = rows_of(two_years())
    assert (rows["stated_available_at"].dt.normalize() == rows["filed_date"]).all()
    winter = rows.loc[rows["filed_date"] == "2023-03-15", "stated_available_at"]
    assert set(winter) == {pd.Timestamp("2023-03-15 21:30")}  # summer time since March 12


def test_a_comparative_with_another_value_is_a_vintage_and_one_with_the_same_value_is_not():
    facts = CompanyFacts()
    for filed, value in (("2023-05-01", 10), ("2024-05-01", 10), ("2025-05-01", 12)):
        facts.flow("Revenues", value, "2023-01-01", "2023-03-31", filed)
        facts.flow("Revenues", 50, f"{filed[:4]}-01-01", f"{filed[:4]}-03-31", filed)
    assert told(rows_of(facts), "revenue", "Q1", "2023-03-31") == [("2023-05-01", 10), ("2025-05-01", 12)]


def test_two_filings_of_one_day_are_one_vintage():
    facts = CompanyFacts()
    for accn, value in (("a-1", 10), ("a-2", 11)):
        facts.flow("Revenues", value, "2023-01-01", "2023-03-31", "2023-05-01", accn=accn)
    assert told(rows_of(facts), "revenue", "Q1", "2023-03-31") == [("2023-05-01", 11)]


def test_a_filing_that_calls_itself_annual_is_read_by_the_length_of_its_periods():
    facts = CompanyFacts().flow("Revenues", 7, "2023-02-01", "2023-10-31", "2023-12-01", form="10-Q", fp="FY")
    assert told(rows_of(facts), "revenue", "9M", "2023-10-31") == [("2023-12-01", 7)]


def test_twelve_months_in_a_quarterly_report_are_no_fiscal_year():
    facts = CompanyFacts()
    facts.flow("Revenues", 7, "2023-01-01", "2023-03-31", "2023-05-01")
    facts.flow("Revenues", 30, "2022-04-01", "2023-03-31", "2023-05-01")
    rows = rows_of(facts)
    assert told(rows, "revenue", "Q1", "2023-03-31") == [("2023-05-01", 7)]
    assert told(rows, "revenue", "TTM", "2023-03-31") == [("2023-05-01", 30)]


def test_the_total_comes_before_the_part_and_a_change_of_tag_goes_on_the_same_series():
    facts = CompanyFacts()
    facts.flow("SalesRevenueNet", 5, "2017-01-01", "2017-03-31", "2017-05-01")
    facts.flow("RevenueFromContractWithCustomerExcludingAssessedTax", 6, "2018-01-01", "2018-03-31", "2018-05-01")
    facts.flow("RevenueFromContractWithCustomerExcludingAssessedTax", 6, "2019-01-01", "2019-03-31", "2019-05-01")
    facts.flow("Revenues", 8, "2019-01-01", "2019-03-31", "2019-05-01")
    rows = rows_of(facts)
    assert list(rows["value"]) == [5, 6, 8]
    assert set(rows["concept"]) == {"revenue"}


def balance(facts: CompanyFacts, end: str, filed: str, **tags: float) -> CompanyFacts:
    facts.flow("NetIncomeLoss", 1, f"{end[:4]}-01-01", end, filed, form="10-K")
    for tag, value in tags.items():
        facts.tell(tag, value, end, filed)
    return facts


def test_long_term_debt_is_without_what_is_due_within_a_year():
    sheet = {
        "LiabilitiesAndStockholdersEquity": 100,
        "LongTermDebt": 50,
        "LongTermDebtCurrent": 8,
        "CommercialPaper": 3,
    }
    rows = rows_of(balance(CompanyFacts(), "2023-03-31", "2023-05-01", **sheet))
    assert told(rows, "long_term_debt", "I", "2023-03-31") == [("2023-05-01", 42)]
    assert told(rows, "short_term_debt", "I", "2023-03-31") == [("2023-05-01", 11)]


def test_part_of_an_old_balance_sheet_does_not_pass_for_the_whole():
    sheet = {
        "LiabilitiesAndStockholdersEquity": 100,
        "CashAndCashEquivalentsAtCarryingValue": 5,
        "ShortTermInvestments": 4,
    }
    facts = balance(CompanyFacts(), "2022-12-31", "2023-02-01", **sheet)
    balance(facts, "2022-12-31", "2023-05-01", CashAndCashEquivalentsAtCarryingValue=5)
    rows = rows_of(facts)
    assert told(rows, "cash_and_short_term_investments", "I", "2022-12-31") == [("2023-02-01", 9)]


def test_a_cash_flow_statement_without_dividends_says_that_none_were_paid():
    facts = CompanyFacts()
    statement = "NetCashProvidedByUsedInFinancingActivities"
    facts.flow(statement, -9, "2022-01-01", "2022-03-31", "2022-05-01")
    facts.flow("PaymentsOfDividends", 4, "2023-01-01", "2023-03-31", "2023-05-01")
    facts.flow(statement, -9, "2023-01-01", "2023-03-31", "2023-05-01")
    facts.flow(statement, -9, "2023-01-01", "2023-03-31", "2024-05-01")
    rows = rows_of(facts)
    assert told(rows, "dividends_paid", "Q1", "2022-03-31") == [("2022-05-01", 0)]
    assert told(rows, "dividends_paid", "Q1", "2023-03-31") == [("2023-05-01", 4)]


def test_other_units_and_periods_that_end_after_their_filing_have_no_row():
    facts = CompanyFacts().flow("Revenues", 5, "2023-01-01", "2023-03-31", "2023-05-01", unit="EUR")
    facts.flow("Revenues", 6, "2024-01-01", "2024-03-31", "2023-05-01")
    facts.flow("Revenues", 7, "2022-01-01", "2022-03-31", "2022-05-01")
    rows = rows_of(facts)
    assert list(rows["value"][~rows["concept"].isin(sec_company_facts.UNREAD.values())]) == [7]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cik": 99}, "expected the facts of CIK0001234567, those of CIK0000000099 came"),
        ({"cik": "x"}, "expected a CIK of up to ten digits, found 'x'"),
        ({"facts": []}, "found other keys"),
        ({"facts": {"us-gaap": {"Revenues": {"units": {"USD": [7]}}}}}, "expected objects under Revenues"),
        ({"facts": {"us-gaap": {"Revenues": {"units": []}}}}, "expected lists of facts by unit under Revenues"),
    ],
)
def test_other_shapes_are_refused(change, expected):
    content = json.dumps(json.loads(two_years().content()) | change).encode()
    with pytest.raises(SourceError, match=expected):
        sec_company_facts.parse("company_facts", f"{COMPANY}.json", content)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ({"value": "many"}, "expected numbers in field val, found others .*many"),
        ({"value": float("nan")}, "expected numbers in field val, found 'NaN'"),
        ({"value": True}, "expected numbers in field val, found 'True'"),
        ({"value": [5]}, r"expected numbers in field val, found .\['5'\]"),
        ({"value": 10**400}, "expected numbers in field val, found '1000"),
        ({"end": "31.03.2023"}, "expected dates YYYY-MM-DD in field end, found '31.03.2023'"),
        ({"filed": "soon"}, "expected dates YYYY-MM-DD in field filed"),
        ({"accn": {"a": 1}}, "expected a text in field accn"),
    ],
)
def test_facts_of_another_shape_are_refused(fact, expected):
    good = {"value": 1, "start": "2023-01-01", "end": "2023-03-31", "filed": "2023-05-01"}
    content = CompanyFacts().tell("Revenues", **(good | fact)).content()
    with pytest.raises(SourceError, match=expected):
        sec_company_facts.parse("company_facts", f"{COMPANY}.json", content)


@pytest.mark.parametrize("change", [{"accn": [1]}, {"end": "31.12.2023"}, {"filed": None}])
def test_figures_that_are_not_read_have_the_same_shape(change):
    content = json.loads(ifrs_years())
    content["facts"]["ifrs-full"]["Assets"]["units"]["EUR"][0] |= change
    with pytest.raises(SourceError, match="expected"):
        sec_company_facts.parse("company_facts", f"{COMPANY}.json", json.dumps(content).encode())


UNREAD = ["concept", "period_type", "period_end", "filed_date", "value"]


@pytest.mark.parametrize("unit", ["EUR", "USD"])
def test_a_company_that_reports_by_ifrs_is_one_row_a_report(unit):
    frame = sec_company_facts.parse("company_facts", f"{COMPANY}.json", ifrs_years(unit)).frame
    assert frame[UNREAD].to_numpy().tolist() == [
        ["figures_by_ifrs", "I", "2022-12-31", "2023-03-01", "2.0"],
        ["figures_by_ifrs", "I", "2023-12-31", "2024-03-01", "4.0"],
    ]
    valid = validate(CONTRACTS["company_facts"], frame, "sec_company_facts")
    assert valid.rejects.empty and len(valid.rows) == 2


def test_filings_in_another_currency_are_counted_and_those_in_dollars_are_read():
    facts = CompanyFacts().flow("Revenues", 5, "2023-01-01", "2023-03-31", "2023-05-01", unit="CAD")
    facts.flow("Revenues", 7, "2023-04-01", "2023-06-30", "2023-08-01", fp="Q2")
    facts.flow("Revenues", 9, "2023-04-01", "2023-06-30", "2023-08-01", fp="Q2", unit="CAD")
    frame = sec_company_facts.parse("company_facts", f"{COMPANY}.json", facts.content()).frame
    assert frame[UNREAD].to_numpy().tolist() == [
        ["revenue", "Q1", "2023-06-30", "2023-08-01", "7.0"],
        ["figures_in_another_currency", "I", "2023-03-31", "2023-05-01", "1.0"],
    ], "a filing that tells dollars as well is read, the other one is counted"


def test_facts_without_a_figure_in_any_currency_are_refused():
    facts = CompanyFacts().tell("CommonStockSharesOutstanding", 5, "2023-03-31", "2023-05-01", unit="pure")
    with pytest.raises(SourceError, match="by us-gaap or ifrs-full in a currency, found none"):
        sec_company_facts.parse("company_facts", f"{COMPANY}.json", facts.content())


def test_huge_numbers_go_to_quarantine():
    facts = CompanyFacts().flow("Revenues", 1e300, "2023-01-01", "2023-03-31", "2023-05-01")
    frame = sec_company_facts.parse("company_facts", f"{COMPANY}.json", facts.content()).frame
    valid = validate(CONTRACTS["company_facts"], frame, "sec")
    assert list(valid.rejects["rule"]) == ["value_in_bounds"]
    assert valid.rows.empty


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty payload came"),
        (b"<!DOCTYPE html><html>Your request was blocked", "a web page came"),
        (two_years().content()[:-40], "cannot be read"),
        (b"{" * 5, "cannot be read"),
        (b'{"a":' * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_companyfacts_is_refused_at_the_door(content, expected):
    request = Request("company_facts", f"{COMPANY}.json", ("https://data.sec.example/x",))
    with pytest.raises(SourceError, match=expected):
        sec_company_facts.check(request, content)


class Shelf:
    """Answers look-ups by the end of their address and remembers them."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, request: Request) -> bytes:
        [address] = request.addresses
        name = address.rsplit("/", 1)[1].removesuffix(".json").removesuffix(".idx").replace(".", "_")
        self.asked.append(name)
        assert request.headers["User-Agent"] == "Test test@example.org"
        return self.answers[name]


def asked_companies(state: State, look: Shelf) -> list[str]:
    return [request.name for request in sec_company_facts.plan("company_facts", state, CONFIG, look)]


def test_first_build_asks_for_every_company_of_the_baskets_that_the_sec_knows():
    state = State(NOW, date(2024, 2, 29), tickers={"IWM": ("T0", "T.B", "NOBODY"), "IVV": ("T5", "T0")})
    look = Shelf(company_tickers=tickers())
    assert asked_companies(state, look) == ["CIK0000001000.json", "CIK0000001001.json", "CIK0000001005.json"]
    assert look.asked == ["company_tickers"]


def test_a_company_that_never_gave_facts_may_have_none_and_one_that_did_may_not():
    held = {"CIK0000001000.json": PastPayload(datetime(2024, 2, 20, 12), "", "")}
    state = State(NOW, date(2024, 2, 29), payloads=held, tickers={"IWM": ("T0", "T5")})
    look = Shelf(
        company_tickers=tickers(),
        index=index_listing("20240226"),
        form_20240226=filing_index("20240226", ("10-K", 1000)),
    )
    requests = sec_company_facts.plan("company_facts", state, CONFIG, look)
    assert {request.name: request.may_be_missing for request in requests} == {
        "CIK0000001000.json": False,
        "CIK0000001005.json": True,
    }


def test_later_builds_ask_for_companies_that_filed_a_report_since():
    held = {
        f"CIK000000100{n}.json": PastPayload(datetime(2024, 2, day, 12), "", "")
        for n, day in ((0, 20), (1, 27), (5, 27))
    }
    state = State(NOW, date(2024, 2, 29), payloads=held, tickers={"IWM": ("T0", "T-B", "T5", "T7")})
    look = Shelf(
        company_tickers=tickers(),
        index=index_listing("20240216", "20240226", "20240228"),
        form_20240226=filing_index("20240226", ("10-K", 1001), ("10-Q/A", 1000)),
        form_20240228=filing_index("20240228", ("10-K405", 1001), ("4", 1001), ("10-K", 1005)),
    )
    # 1000 filed after its last payload, 1001 before it, 1005 after it, 1007 was never asked for
    names = ["CIK0000001000.json", "CIK0000001005.json", "CIK0000001007.json"]
    assert asked_companies(state, look) == names
    assert look.asked == ["company_tickers", "index", "form_20240226", "form_20240228"]


@pytest.mark.parametrize(
    ("contact", "kind", "expected"),
    [("", NotConfiguredError, "not asked: .* SMALLCAP_LIVE__SEC_CONTACT is not set"),
     ("me", SourceError, "expected a contact such as 'Company name@domain', found 'me'")],
)  # fmt: skip
def test_without_a_contact_the_sec_is_not_asked(contact, kind, expected):
    config = LiveConfig(sec_contact=contact)
    with pytest.raises(SourceError, match=expected) as told:
        sec_company_facts.plan("company_facts", State(NOW, date(2024, 2, 29)), config, Shelf())
    assert type(told.value) is kind
    assert config.left_out == ((str(told.value),) if not contact else ())


def test_daily_index_of_another_shape_is_refused():
    with pytest.raises(SourceError, match="found the line '10-K broken'"):
        sec_filing_index.companies(filing_index("20240226", ("10-K", 1)) + b"10-K broken\n", ("10-K",))
    with pytest.raises(SourceError, match="found another header"):
        sec_filing_index.companies(b"nothing here", ("10-K",))


def test_tickers_are_identifiers_from_the_session_they_stand_for():
    frame = sec_tickers.parse("security_identifiers", TICKERS_NAME, tickers()).frame
    valid = validate(CONTRACTS["security_identifiers"], frame, "sec_tickers")
    assert valid.rejects.empty
    assert len(valid.rows) == 1200
    first = valid.rows.iloc[0]
    assert (first["member_id"], first["symbol"], f"{first['valid_from']:%Y-%m-%d}") == (
        "CIK0000001000",
        "T0",
        "2024-02-29",
    )
    assert f"{first['first_available_at']}" == "2024-02-29 21:00:00"


def test_tickers_are_fetched_once_a_week():
    def names(last: str) -> list[str]:
        held = {f"company_tickers.{last}.json": PastPayload(NOW, "", "")}
        state = State(NOW, date(2024, 2, 29), payloads=held)
        return [request.name for request in sec_tickers.plan("security_identifiers", state, CONFIG, Shelf())]

    assert names("2024-02-23") == []
    assert names("2024-02-22") == [TICKERS_NAME]


def test_a_key_of_two_companies_is_nobodys():
    listed = [("CIK1", "BRK-B"), ("CIK2", "BRKB"), ("CIK3", "AAA"), ("CIK3", "AA.A")]
    assert sec_tickers.ciks_by_symbol(listed) == {"AAA": "CIK3"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (tickers(20), "at least 1,000, found 20: it looks cut off"),
        (b'{"0": {"cik_str": 1, "symbol": "A"}}', "found at '0'"),
        (b"[]", "something else came"),
        (b'{"0": {"cik_str": 1, "ticker": "\\ud800"}}', r"found at '0': .*ud800"),
    ],
)
def test_lists_of_tickers_that_are_none_are_refused(content, expected):
    with pytest.raises(SourceError, match=expected):
        sec_tickers.check(Request("security_identifiers", TICKERS_NAME, ("https://sec.example",)), content)


def test_a_company_without_facts_is_no_failure_of_the_service(tmp_path):
    facts = two_years()
    facts.cik = 1001

    def answer(asked: Asked) -> Answer:
        if asked.path == "/files/company_tickers.json":
            return Answer(tickers())
        return Answer(facts.content()) if asked.path.endswith("CIK0000001001.json") else Answer(b"none", status=404)

    with Loopback(answer) as service:
        config = LiveConfig(
            sec_address=service.address, sec_data_address=service.address, sec_contact="Test test@example.org",
            sec_requests_per_second=10,
        )  # fmt: skip
        held = {"CIK0000001002.json": PastPayload(NOW, "", "")}

        def source_of(payloads: dict[str, PastPayload]) -> LiveSource:
            state = State(NOW, date(2024, 2, 29), payloads=payloads, tickers={"IWM": ("T0", "T-B", "T2")})
            return LiveSource(
                Client(config), lambda table, provider: state, FilesSource(tmp_path, (), is_optional=True)
            )

        source = source_of({})
        fetched = [source.fetch(ref) for ref in source.plan(["company_facts"]).payloads]
        assert [one and one.content for one in fetched] == [None, facts.content(), None]
        # the lists of what was filed are missing as well, and those are a failure
        failures = source_of(held).plan(["company_facts"]).failures
        assert list(failures) == ["sec_company_facts"]
        assert "index.json: expected status 200, got 404" in failures["sec_company_facts"]
