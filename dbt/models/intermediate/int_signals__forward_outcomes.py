"""What the large side did after each session, from `research.forward_outcomes`.

What belongs here: handing the closes over. Every row was known on its outcome_end_date, not on its session_date:
nothing that is as of a day may read a row whose outcome_end_date lies after it. Arrow, not pandas: a frame would
turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.research.forward_outcomes import forward_outcomes

SCHEMA = pyarrow.schema(
    [
        ("symbol", pyarrow.string()),
        ("session_date", pyarrow.date32()),
        ("horizon_sessions", pyarrow.int32()),
        ("outcome_end_date", pyarrow.date32()),
        ("forward_return_pct", pyarrow.float64()),
        ("deepest_drawdown_pct", pyarrow.float64()),
        ("worst_loss_from_entry_pct", pyarrow.float64()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    paths = dbt.ref("int_signals__price_paths").filter("is_large")
    closes = paths.project("symbol, session_date, close_price").df()
    if closes.empty:
        return SCHEMA.empty_table()
    return pyarrow.Table.from_pandas(forward_outcomes(closes), schema=SCHEMA, preserve_index=False)
