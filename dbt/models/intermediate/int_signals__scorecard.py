"""What followed each warning signal at each end of a sample, from `research.signal_scorecard`.

What belongs here: handing the tables over, and the rows of the run before: t and intervals of the same days are not
made again. A row counts nothing that ended after its sample_end. Arrow, not pandas: a frame would turn DATE into
TIMESTAMP.
"""

import pyarrow

from dagster_project.research.kept_figures import DIGEST
from dagster_project.research.signal_scorecard import UNSURE, signal_scorecard
from dagster_project.warehouse.earlier_rows import earlier_rows

TEXTS = ["signal_id", "pair_id", "reason", DIGEST]
DATES = ["sample_start", "sample_end"]
COUNTS = ["horizon_sessions", "all_days", "on_days", "episodes"]
FIGURES = [
    "mean_forward_return_on_pct",
    "mean_forward_return_off_pct",
    "mean_forward_return_all_pct",
    "difference_on_off_pp",
    "t_ols",
    "t_hac",
    "ci_low_pp",
    "ci_high_pp",
    "p_drawdown_3_on_pct",
    "p_drawdown_3_all_pct",
    "excess_drawdown_3_pp",
    "excess_drawdown_3_ci_low_pp",
    "excess_drawdown_3_ci_high_pp",
    "p_drawdown_5_on_pct",
    "p_drawdown_5_all_pct",
    "excess_drawdown_5_pp",
    "excess_drawdown_5_ci_low_pp",
    "excess_drawdown_5_ci_high_pp",
    "p_drawdown_3_to_5_on_pct",
    "p_drawdown_3_to_5_all_pct",
    "excess_drawdown_3_to_5_pp",
    "excess_drawdown_3_to_5_ci_low_pp",
    "excess_drawdown_3_to_5_ci_high_pp",
    "p_loss_3_on_pct",
    "p_loss_3_all_pct",
    "p_loss_5_on_pct",
    "p_loss_5_all_pct",
]
SCHEMA = pyarrow.schema(
    [
        *[(name, pyarrow.string()) for name in TEXTS],
        *[(name, pyarrow.date32()) for name in DATES],
        *[(name, pyarrow.int32()) for name in COUNTS],
        *[(name, pyarrow.float64()) for name in FIGURES],
        ("is_year_end", pyarrow.bool_()),
    ]
)


def model(dbt, session):
    dbt.config(materialized="table")
    signals = dbt.ref("int_signals__daily")
    signals = signals.project("signal_id, pair_id, session_date, session_number, large_symbol, is_on").df()
    outcomes = dbt.ref("int_signals__forward_outcomes").df()
    sample_ends = dbt.ref("int_signals__sample_ends").df()
    if signals.empty:
        return SCHEMA.empty_table()
    earlier = earlier_rows(session, repr(dbt.this), [DIGEST, *UNSURE])
    cards = signal_scorecard(signals, outcomes, sample_ends, earlier)
    return pyarrow.Table.from_pandas(cards, schema=SCHEMA, preserve_index=False)
