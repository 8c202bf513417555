"""Contracts of the fundamentals domain: holdings, company facts, index fundamentals."""

from typing import TYPE_CHECKING

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract, RowRule

if TYPE_CHECKING:
    import pandas as pd


def known_before_filing(facts: "pd.DataFrame") -> "pd.Series":
    """Reasons for facts that claim to have been available on a day before their filing.

    The only rule here: one that took single figures out of a filing (a negative debt) would let the rest of it read as
    a company without debt. Those are judged in dbt (int_fundamentals__facts_judged, int_fundamentals__positions).
    """
    import pandas as pd

    stated, filed = facts["stated_available_at"], facts["filed_date"]
    reasons = pd.Series(pd.NA, index=facts.index, dtype="string")
    bad = (stated < filed).fillna(False)
    days = stated[bad].dt.strftime("%Y-%m-%d").astype("string")
    reasons[bad] = "available " + days + ", before the filing of " + filed[bad].dt.strftime("%Y-%m-%d")
    return reasons


FUND_HOLDINGS = Contract(
    table="fund_holdings",
    domain="fundamentals",
    description="One row per fund (or basket), day and ticker: what it held.",
    columns=(
        Column("fund_symbol", "text", "ticker of the fund, or name of the basket"),
        Column("as_of_date", "date", "day of the holdings", minimum="1990-01-01", maximum="2100-12-31"),
        Column("ticker", "text", "ticker of the holding as the issuer writes it"),
        Column("name", "text", "name of the holding"),
        Column("sector", "text", "sector as the issuer writes it", required=False),
        Column("asset_class", "text", "Equity, Cash, Futures, Money Market ..."),
        Column("weight_pct", "number", "share of net assets", "percent", minimum=-100, maximum=100),
        Column("shares", "number", "shares or units held", "shares", required=False),
        Column("market_value_usd", "number", "market value", "usd", required=False),
        Column("price_usd", "number", "price of one share", "usd", required=False, minimum=0),
    ),
    grain=("fund_symbol", "as_of_date", "ticker"),
    series=("fund_symbol",),
    time_column="as_of_date",
    availability=Availability("as_of_date", "next_session", "09:30"),
    cadence="irregular",
    live_source="iShares holdings file, SEC N-PORT",
)  # fmt: skip

COMPANY_FACTS = Contract(
    table="company_facts",
    domain="fundamentals",
    description="One row per company, concept and period: a reported or vendor-standardised figure.",
    columns=(
        Column("company_id", "text", "identifier of the company at the vendor or the SEC (CIK)"),
        Column("concept", "text", "what the figure is, for example revenue, total_assets"),
        Column("period_type", "text", "length of the period", allowed=("FY", "Q1", "Q2", "Q3", "Q4", "TTM", "H1",
               "H2", "9M", "I")),
        Column("period_end", "date", "last day of the period", minimum="1980-01-01", maximum="2100-12-31"),
        Column("ticker", "text", "ticker at the vendor", required=False),
        Column("fiscal_year", "number", "fiscal year as the company counts it", "year", required=False,
               minimum=1980, maximum=2100),
        Column("filed_date", "date", "day of the filing"),
        Column("value", "number", "the figure", "usd, shares", minimum=-1e16, maximum=1e16),
    ),
    grain=("company_id", "concept", "period_type", "period_end"),
    series=("company_id", "concept", "period_type"),
    time_column="period_end",
    availability=Availability("filed_date", "on", "16:00"),
    cadence="irregular",
    live_source="SEC companyfacts",
    extracted_after=("fund_holdings",),
    row_rules=(
        RowRule("known_after_filing", "no fact was available before the day of its filing", "filed_date",
                known_before_filing),
    ),
)  # fmt: skip

INDEX_FUNDAMENTALS = Contract(
    table="index_fundamentals",
    domain="fundamentals",
    description="One row per index and month: price, earnings and CAPE as one vintage of the workbook gave them.",
    columns=(
        Column("index", "text", "name of the index", required=False, default="S&P 500"),
        Column("month", "month", "month, its first day", minimum="1870-01-01", maximum="2100-12-01"),
        Column("price", "number", "price of the month", "index points", above=0),
        Column("dividend", "number", "dividends, twelve months", "index points", required=False, minimum=0),
        Column("earnings", "number", "earnings, twelve months", "index points", required=False),
        Column("cpi", "number", "consumer price index", "index", required=False, above=0),
        Column("gs10", "number", "10-year Treasury yield", "percent", required=False, minimum=-2, maximum=25),
        Column("cape", "number", "cyclically adjusted price to earnings ratio", "ratio", required=False, above=0),
        Column("pe_ttm", "number", "price to trailing twelve months' earnings", "ratio", required=False),
        Column("dividend_yield_pct", "number", "dividend yield", "percent", required=False, minimum=0,
               maximum=50),
        Column("vintage", "month", "month of the workbook: its last day is when the row was available",
               required=False),
    ),
    grain=("index", "month"),
    series=("index",),
    time_column="month",
    availability=Availability("month", "days_after", "16:00", days=31),
    cadence="irregular",
    live_source="Shiller workbook",
    vintage_column="vintage",
)  # fmt: skip

CONTRACTS = (FUND_HOLDINGS, COMPANY_FACTS, INDEX_FUNDAMENTALS)
