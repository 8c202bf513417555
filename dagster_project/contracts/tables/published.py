"""Contract of figures that somebody published: what the warehouse is reconciled against."""

from dagster_project.contracts.availability import Availability
from dagster_project.contracts.model import Column, Contract

PUBLISHED_FIGURES = Contract(
    table="published_figures",
    domain="published",
    description="One row per topic, day and publisher: a figure as the press or a vendor printed it.",
    columns=(
        Column("topic", "text", "what the figure is about, for example iwm_weekly_flow"),
        Column("as_of", "date", "day the figure is for", minimum="1970-01-01", maximum="2100-12-31"),
        Column("source", "text", "who published it"),
        Column("value", "number", "the figure"),
        Column("unit", "text", "unit of the figure", allowed=("usd_m", "pct", "x", "index points")),
        Column("url", "text", "address, where there is one", required=False),
    ),
    grain=("topic", "as_of", "source"),
    series=("topic",),
    time_column="as_of",
    availability=Availability("as_of", "days_after", "16:00", days=2),
    cadence="irregular",
    live_source="reviewed file",
)

CONTRACTS = (PUBLISHED_FIGURES,)
