"""What happened from each session to the end of its year, and the first falls, from `research.forward_outcomes`.

What belongs here: handing the closes over. It is later knowledge: figures were known on year_end_date, a first fall
on its own date; nothing that is as of a day may read more. Arrow, not pandas: a frame would turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.research.forward_outcomes import rest_of_year_outcomes

SCHEMA = pyarrow.schema(
    [
        ("symbol", pyarrow.string()),
        ("session_date", pyarrow.date32()),
        ("sessions_left", pyarrow.int32()),
        ("year_end_date", pyarrow.date32()),
        ("is_complete", pyarrow.bool_()),
        ("return_pct", pyarrow.float64()),
        ("deepest_drawdown_pct", pyarrow.float64()),
        ("worst_loss_from_entry_pct", pyarrow.float64()),
        ("first_fall_3_date", pyarrow.date32()),
        ("first_fall_5_date", pyarrow.date32()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    paths = dbt.ref("int_signals__price_paths").filter("is_headline")
    closes = paths.project("symbol, session_date, close_price, sessions_left, year_end_date").df()
    if closes.empty:
        return SCHEMA.empty_table()
    return pyarrow.Table.from_pandas(rest_of_year_outcomes(closes), schema=SCHEMA, preserve_index=False)
