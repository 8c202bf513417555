"""Odds on the last watch date before each decision against the decision, from `finance.meeting_calibration`.

What belongs here: handing the tables over. It uses what was decided later, so nothing that claims to be known
on a watch date may read it.
"""

import pyarrow

from dagster_project.finance.meeting_calibration import calibration_table, decision_odds

SCHEMA = pyarrow.schema(
    [
        ("day_convention", pyarrow.string()),
        ("outcome", pyarrow.string()),
        ("bin_lower_pct", pyarrow.float64()),
        ("bin_upper_pct", pyarrow.float64()),
        ("decisions", pyarrow.int64()),
        ("mean_probability_pct", pyarrow.float64()),
        ("hits", pyarrow.int64()),
        ("hit_share_pct", pyarrow.float64()),
        ("decisions_through", pyarrow.date32()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    odds = dbt.ref("int_rates__meeting_odds").filter("is_next_meeting").project("* exclude (outcomes)").df()
    meetings = dbt.ref("stg_rates__fomc_meetings").df()
    through = decision_odds(odds, meetings)["meeting_date"].max()
    table = calibration_table(odds, meetings).assign(decisions_through=through)
    return pyarrow.Table.from_pandas(table, schema=SCHEMA, preserve_index=False)
