"""Abnormal returns of every pair around every event, one by one and pooled, from `research.event_study`.

What belongs here: handing the tables over. The method stands in the research package. Arrow, not pandas: a frame
would turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.research.event_study import event_study

SCHEMA = pyarrow.schema(
    [
        ("event_id", pyarrow.string()),
        ("pair_id", pyarrow.string()),
        ("window_start_session", pyarrow.int32()),
        ("window_end_session", pyarrow.int32()),
        ("kind", pyarrow.string()),
        ("event_date", pyarrow.date32()),
        ("window_start_date", pyarrow.date32()),
        ("window_end_date", pyarrow.date32()),
        ("known_on", pyarrow.date32()),
        ("alpha_pct_per_day", pyarrow.float64()),
        ("beta", pyarrow.float64()),
        ("sigma_pct_per_day", pyarrow.float64()),
        ("estimation_sessions", pyarrow.int32()),
        ("car_pct", pyarrow.float64()),
        ("car_t", pyarrow.float64()),
        ("car_t_naive", pyarrow.float64()),
        ("car_market_adjusted_pct", pyarrow.float64()),
        ("bhar_pct", pyarrow.float64()),
        ("is_pooled", pyarrow.bool_()),
        ("events_pooled", pyarrow.int32()),
        ("reason", pyarrow.string()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    levels = dbt.ref("int_pairs__levels").filter("return_basis = 'price'")
    events = dbt.ref("dim_event").project("event_id, event_date, first_effect_session_date, kind, change_bp")
    windows = dbt.ref("event_windows").project("window_start_session, window_end_session")
    pair_ids = [pair_id for (pair_id,) in dbt.ref("pairs").project("pair_id").order("pair_id").fetchall()]
    table = event_study(
        levels.project("pair_id, session_date, small_level, large_level").df(), events.df(), windows.df(), pair_ids
    )
    return pyarrow.Table.from_pandas(table, schema=SCHEMA, preserve_index=False)
