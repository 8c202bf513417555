"""The gap against its own past: what is left of the gain since the election, the year's start, the size of flows.

Belongs here: comparisons of a figure with earlier figures of the same kind.
Does not belong here: the figures of the day by themselves (`prices`, `flows`).
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, millions, pct, pp, records
from dagster_project.brief.prices import rank_words

if TYPE_CHECKING:
    import duckdb

TITLE = "The gap against its own past"


def own_past(reader: "duckdb.DuckDBPyConnection", day: date, head: Record, weeks: list[Record]) -> Section:
    """The section on the past; `head` and `weeks` are the headline pair and the last week of flows of the day."""
    gains = records(
        reader,
        """
        select gain.*
        from marts.relative_gain_since_election as gain
        inner join marts.dim_pair as pair on gain.pair_id = pair.pair_id
        where pair.is_headline and gain.return_basis = 'price' and gain.session_date = ?
        """,
        day,
    )
    findings = [_gain(gain) for gain in gains if gain["relative_pct"] is not None]
    if not findings:
        findings.append(f"No election before {day} lies in the data, so no gain since one can be told.")
    if head["ytd_gap_pp"] is not None:
        findings.append(_start_of_year(head))
    if head["ratio_drawdown_252d_pct"] is not None:
        findings.append(
            f"The ratio small / large stands {pct(head['ratio_drawdown_252d_pct'])} from its high of 252 sessions and "
            f"{pct(head['ratio_drawdown_all_pct'])} from its high in the data on {day}."
        )
    findings += [_flow(week) for week in weeks if week["size_segment"] == "small"]
    return Section(TITLE, tuple(findings), numbers=tuple(gains))


def _gain(gain: Record) -> str:
    told = (
        f"Since the election of {gain['election_session_date']} small caps stand {pct(gain['relative_pct'])} against "
        f"large caps on {gain['session_date']}"
    )
    if gain["highest_gain_left_pct"] is None:
        return f"{told}; they were never ahead by 0.5 % or more."
    told += (
        f": {_left(gain['highest_gain_left_pct'])} of their highest lead, {pct(gain['highest_relative_pct'])}, is left"
    )
    if gain["month_gain_left_pct"] is not None:
        told += (
            f", and {_left(gain['month_gain_left_pct'])} of that of the first month (to "
            f"{gain['month_session_date']}), {pct(gain['month_relative_pct'])}"
        )
    return f"{told}."


def _left(share_pct: float) -> str:
    return f"{share_pct:.0f} %" if share_pct > 0 else "nothing"


def _start_of_year(head: Record) -> str:
    told = f"The gap of the year to {head['session_date']}, {pp(head['ytd_gap_pp'])}: {rank_words(head)}"
    if head["years_compared_by_date"]:
        told += (
            f"; by calendar date rank {head['ytd_gap_rank_from_worst_by_date']} from the worst of "
            f"{head['years_compared_by_date'] + 1}"
        )
    return f"{told}."


def _flow(week: Record) -> str:
    told = f"{week['fund_symbol']}, week ended {week['week_ending']}: {millions(week['net_flow_usd'])}"
    if week["net_flow_multiple_52w"] is not None:
        told += f", {abs(week['net_flow_multiple_52w']):.1f} times the mean size of its flows in the 52 weeks before"
    if week["zscore_52w"] is not None:
        told += f" ({week['zscore_52w']:+.1f} standard deviations)"
    if week["weeks_compared"]:
        told += (
            f"; {week['outflow_pct_rank_in_own_history']:.0f} % of its {week['weeks_compared']} earlier weeks "
            "were lower"
        )
    return f"{told}."
