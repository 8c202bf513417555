"""Contracts of the rates domain: fed funds futures, policy rates, Treasury yields, FOMC meetings."""

from typing import TYPE_CHECKING

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract, RowRule

if TYPE_CHECKING:
    import pandas as pd


def settled_after_expiry(settlements: "pd.DataFrame") -> "pd.Series":
    """Reasons for settlements dated after the last day of their contract month."""
    import pandas as pd

    end = settlements["contract_month"] + pd.offsets.MonthEnd(0)
    reasons = pd.Series(pd.NA, index=settlements.index, dtype="string")
    reasons[settlements["session_date"] > end] = "settlement is dated after its contract month ended"
    return reasons


def inverted_target(rates: "pd.DataFrame") -> "pd.Series":
    """Reasons for target ranges whose lower end is above the upper one."""
    import pandas as pd

    reasons = pd.Series(pd.NA, index=rates.index, dtype="string")
    reasons[rates["target_lower_pct"] > rates["target_upper_pct"]] = "target range is upside down"
    return reasons


FED_FUNDS_FUTURES = Contract(
    table="fed_funds_futures",
    domain="rates",
    description="One row per contract month and watch date: settlement of the 30-day fed funds future.",
    columns=(
        Column("contract_month", "month", "contract month, its first day"),
        Column("session_date", "date", "day of the settlement; not always an NYSE session",
               minimum="1988-10-01", maximum="2100-12-31"),
        Column("settle", "number", "settlement: 100 minus the average rate expected for the month",
               "index points", minimum=85, maximum=101),
        Column("volume", "number", "contracts traded", "contracts", required=False, minimum=0),
        Column("open_interest", "number", "contracts open", "contracts", required=False, minimum=0),
    ),
    grain=("contract_month", "session_date"),
    series=("contract_month",),
    time_column="session_date",
    availability=Availability("session_date", "on", "18:00"),
    live_source="CME settlements; Yahoo ZQ symbols as fallback",
    row_rules=(
        RowRule("not_after_expiry", "no settlement is dated after its contract month", "session_date",
                settled_after_expiry),
    ),
)  # fmt: skip

POLICY_RATES = Contract(
    table="policy_rates",
    domain="rates",
    description="One row per day: effective federal funds rate and the target in force.",
    columns=(
        Column("rate_date", "date", "day the rate is for", minimum="1954-07-01", maximum="2100-12-31"),
        Column("effr_pct", "number", "effective federal funds rate", "percent", minimum=-1, maximum=25),
        Column("target_lower_pct", "number", "lower end of the target range, or the single target", "percent",
               required=False, minimum=-1, maximum=25),
        Column("target_upper_pct", "number", "upper end of the target range; empty while the target was one "
               "number", "percent", required=False, minimum=-1, maximum=25),
    ),
    grain=("rate_date",),
    series=(),
    time_column="rate_date",
    availability=Availability("rate_date", "next_session", "09:00"),
    live_source="New York Fed; FRED for the target range",
    row_rules=(
        RowRule("target_upright", "the target range is not upside down", "target_lower_pct", inverted_target),
    ),
)  # fmt: skip

TREASURY_YIELDS = Contract(
    table="treasury_yields",
    domain="rates",
    description="One row per day and tenor: Treasury par yield.",
    columns=(
        Column("rate_date", "date", "day of the curve", minimum="1962-01-01", maximum="2100-12-31"),
        Column("tenor", "text", "maturity, as in 3mo, 2yr, 10yr",
               allowed=("1mo", "1.5mo", "2mo", "3mo", "4mo", "6mo", "1yr", "2yr", "3yr", "5yr", "7yr", "10yr",
                        "20yr", "30yr")),
        Column("par_yield_pct", "number", "par yield, bond-equivalent", "percent", minimum=-2, maximum=25),
    ),
    grain=("rate_date", "tenor"),
    series=("tenor",),
    time_column="rate_date",
    availability=Availability("rate_date", "on", "18:00"),
    live_source="US Treasury daily par yield curve CSV",
)  # fmt: skip

FOMC_MEETINGS = Contract(
    table="fomc_meetings",
    may_be_empty=True,
    domain="rates",
    description="One row per FOMC decision day. The reviewed dbt seed is the default; rows of an inbox come on "
    "top of it.",
    columns=(
        Column("meeting_date", "date", "day of the announcement", minimum="1988-01-01", maximum="2100-12-31"),
        Column("kind", "text", "how it came about", allowed=("scheduled", "unscheduled")),
        Column("cancelled_on", "date", "day a scheduled meeting was called off", required=False),
        Column("target_lower_after_pct", "number", "lower end of the target range after it", "percent",
               required=False, minimum=-1, maximum=25),
        Column("target_upper_after_pct", "number", "upper end of the target range after it", "percent",
               required=False, minimum=-1, maximum=25),
    ),
    grain=("meeting_date",),
    series=(),
    time_column="meeting_date",
    availability=Availability("meeting_date", "on", "14:00"),
    cadence="irregular",
    live_source="reviewed seed; the Board's calendar page to refresh it",
)  # fmt: skip

CONTRACTS = (FED_FUNDS_FUTURES, POLICY_RATES, TREASURY_YIELDS, FOMC_MEETINGS)
