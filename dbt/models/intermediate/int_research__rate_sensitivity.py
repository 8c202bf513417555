"""Regressions of the return gap on the change of the expected rate, from `research.rate_sensitivity`.

What belongs here: handing the tables over, and the rows of the run before: a regression on the same numbers is not
made again. The method stands in the research package. Arrow, not pandas: a frame would turn DATE into TIMESTAMP.
"""

import pyarrow

from dagster_project.research.kept_figures import DIGEST
from dagster_project.research.rate_sensitivity import FIGURES, rate_sensitivity
from dagster_project.warehouse.earlier_rows import earlier_rows

SCHEMA = pyarrow.schema(
    [
        ("pair_id", pyarrow.string()),
        ("window_id", pyarrow.string()),
        ("window_end", pyarrow.date32()),
        ("window_start", pyarrow.date32()),
        ("coefficient_pct_per_bp", pyarrow.float64()),
        ("t_hac", pyarrow.float64()),
        ("r_squared", pyarrow.float64()),
        ("controlled_coefficient_pct_per_bp", pyarrow.float64()),
        ("controlled_t_hac", pyarrow.float64()),
        ("controlled_large_coefficient", pyarrow.float64()),
        ("observations", pyarrow.int32()),
        ("minimum_observations", pyarrow.int32()),
        ("sessions_in_window", pyarrow.int32()),
        ("rate_moves", pyarrow.int32()),
        ("reason", pyarrow.string()),
        (DIGEST, pyarrow.string()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    changes = dbt.ref("int_research__rate_changes")
    changes = changes.project("pair_id, session_date, gap_return_pct, large_return_pct, rate_change_bp").df()
    elections = dbt.ref("dim_event").filter("is_anchor").project("event_date").df()
    earlier = earlier_rows(session, repr(dbt.this), [DIGEST, *FIGURES])
    table = rate_sensitivity(changes, dbt.ref("rate_windows").df(), elections["event_date"], earlier)
    return pyarrow.Table.from_pandas(table, schema=SCHEMA, preserve_index=False)
