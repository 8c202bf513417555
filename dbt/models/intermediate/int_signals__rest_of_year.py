"""How often earlier paths as long as the one ahead had fallen, from `research.forward_outcomes`.

What belongs here: handing the closes over. Every row was known at the close of its session_date; what happened
afterwards stands in `int_signals__rest_of_year_outcomes`. Arrow, not pandas: a frame would turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.research.forward_outcomes import base_rates

SCHEMA = pyarrow.schema(
    [
        ("symbol", pyarrow.string()),
        ("session_date", pyarrow.date32()),
        ("horizon_id", pyarrow.string()),
        ("horizon_sessions", pyarrow.int32()),
        ("base_days", pyarrow.int32()),
        ("p_drawdown_3_pct", pyarrow.float64()),
        ("p_drawdown_5_pct", pyarrow.float64()),
        ("p_drawdown_3_to_5_pct", pyarrow.float64()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    paths = dbt.ref("int_signals__price_paths").filter("is_large and is_headline")
    closes = paths.project("symbol, session_date, close_price, sessions_left").df()
    if closes.empty:
        return SCHEMA.empty_table()
    return pyarrow.Table.from_pandas(base_rates(closes), schema=SCHEMA, preserve_index=False)
