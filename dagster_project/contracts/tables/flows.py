"""Contracts of the flow domain: net asset values and shares outstanding of funds."""

from typing import TYPE_CHECKING

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract, RowRule

if TYPE_CHECKING:
    import pandas as pd

DATES_AS_NUMBERS = (19900101, 20991231)
"""Only what is wrong by itself is judged here. A spike, a frozen count or a wrong NAV needs the rows before it and is
judged in dbt (int_flows__share_counts, int_flows__navs)."""


def date_as_share_count(rows: "pd.DataFrame") -> "pd.Series":
    """Reasons for share counts that are a date written as a number (20260331), a column slipped by one.

    A real count is a multiple of a creation unit (10,000 to 100,000 shares) and cannot be one: the last four digits
    of a date are a month and a day, never 0000.
    """
    import pandas as pd

    shares = rows["shares_outstanding"]
    could_be = shares.between(*DATES_AS_NUMBERS) & (shares % 1 == 0)
    digits = shares.where(could_be).astype("Int64").astype("string")
    dates = pd.to_datetime(digits, format="%Y%m%d", errors="coerce")
    reasons = pd.Series(pd.NA, index=rows.index, dtype="string")
    bad = dates.notna()
    reasons[bad] = "shares_outstanding is the date " + digits[bad] + ", expected a number of shares: check the columns"
    return reasons


FUND_NAV_SHARES = Contract(
    table="fund_nav_shares",
    domain="flows",
    description="One row per fund and day: net asset value per share and shares outstanding as the issuer "
    "stamps them.",
    columns=(
        Column("fund_symbol", "text", "ticker of the fund"),
        Column("as_of_date", "date", "day the issuer stamps on the row", minimum="1990-01-01",
               maximum="2100-12-31"),
        Column("nav_usd", "number", "net asset value of one share", "usd", above=0, maximum=1e5, split_power=-1),
        Column("shares_outstanding", "number", "shares outstanding", "shares", above=0, maximum=1e11,
               split_power=1),
        Column("distribution_usd", "number", "cash distribution with this ex-date, empty when none",
               "usd per share", required=False, minimum=0, maximum=1e4, split_power=-1),
    ),
    grain=("fund_symbol", "as_of_date"),
    series=("fund_symbol",),
    time_column="as_of_date",
    availability=Availability("as_of_date", "next_session", "09:30"),
    live_source="iShares fund file, SSGA NAV workbook",
    row_rules=(
        RowRule("shares_not_a_date", "no share count is a date written as a number", "shares_outstanding",
                date_as_share_count),
    ),
)  # fmt: skip

CONTRACTS = (FUND_NAV_SHARES,)
