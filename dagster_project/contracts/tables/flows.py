"""Contracts of the flow domain: net asset values and shares outstanding of funds."""

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract

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
)  # fmt: skip

CONTRACTS = (FUND_NAV_SHARES,)
