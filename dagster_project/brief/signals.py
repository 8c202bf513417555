"""Warning signals in the brief: which were on, and what had followed them before.

Belongs here: marts signal_daily and signal_scorecard; of the latter the last card of a year's end, beside base rates.
"""

from datetime import date
from typing import TYPE_CHECKING

from dagster_project.brief.model import Record, Section, Table, odds, pct, pp, records

if TYPE_CHECKING:
    import duckdb

TITLE = "Warning signals"
NAMES = {
    "S1": "small caps lag over 63 sessions",
    "S2": "large caps near their high without small caps",
    "S3": "small caps behind in a rising year",
}
HORIZON_SHOWN = 63
STATES = {True: "on", False: "off", None: "not defined"}


def signals(reader: "duckdb.DuckDBPyConnection", day: date) -> Section:
    """The section on the signals of the headline pair at the close of `day`."""
    states = records(
        reader,
        """
        select daily.*
        from marts.signal_daily as daily
        inner join marts.dim_pair as pair on daily.pair_id = pair.pair_id
        where pair.is_headline and daily.session_date = ?
        order by daily.signal_id
        """,
        day,
    )
    cards = records(
        reader,
        """
        select card.*
        from marts.signal_scorecard as card
        inner join marts.dim_pair as pair on card.pair_id = pair.pair_id
        where pair.is_headline and card.is_year_end and card.sample_end <= ?
        qualify card.sample_end = max(card.sample_end) over ()
        order by card.signal_id, card.horizon_sessions
        """,
        day,
    )
    if not states:
        return Section(TITLE, (f"No signal is defined on {day}.",))
    shown = {card["signal_id"]: card for card in cards if card["horizon_sessions"] == HORIZON_SHOWN}
    findings = [_state(state) for state in states]
    if not cards:
        findings.append(f"No year had ended in the data by {day}, so there is no scorecard.")
    tables = (_scorecard(list(shown.values())),) if shown else ()
    return Section(TITLE, tuple(findings), tables, (*states, *cards))


def _state(state: Record) -> str:
    told = (
        f"{state['signal_id']} ({NAMES.get(state['signal_id'], 'signal')}) was {STATES[state['is_on']]} at the close "
        f"of {state['session_date']}"
    )
    words = pct if state["signal_id"] == "S2" else pp
    if state["value"] is not None and state["threshold"] is not None:
        told += f": {words(state['value'])} where {words(state['threshold'])} or less is asked"
    if state["condition_value"] is not None:
        side = "against their high of 252 sessions" if state["signal_id"] == "S2" else "year to date"
        told += f"; large caps {pct(state['condition_value'])} {side}"
    return f"{told}."


def _scorecard(cards: list[Record]) -> Table:
    return Table(
        f"Large caps within {HORIZON_SHOWN} sessions of the signal, outcomes through {cards[0]['sample_end']}",
        ("signal", "episodes", "fell 3 %", "base rate", "excess", "95 % interval", "return", "base rate"),
        tuple(
            (card["signal_id"], str(card["episodes"]), odds(card["p_drawdown_3_on_pct"]),
             odds(card["p_drawdown_3_all_pct"]), pp(card["excess_drawdown_3_pp"]), _interval(card),
             pct(card["mean_forward_return_on_pct"]), pct(card["mean_forward_return_all_pct"]))
            for card in cards
        ),
        "Fell 3 %: share of days followed by a closing drawdown of 3 % or more. Return: mean over the sessions. "
        "Base rates are those of all days. A signal warns where the whole interval of the excess lies above zero.",
    )  # fmt: skip


def _interval(card: Record) -> str:
    low, high = card["excess_drawdown_3_ci_low_pp"], card["excess_drawdown_3_ci_high_pp"]
    return "-" if low is None or high is None else f"{low:+.1f} to {high:+.1f} pp"
