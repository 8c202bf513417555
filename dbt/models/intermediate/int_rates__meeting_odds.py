"""Odds of a rate move at every meeting ahead, for all watch dates, from `finance.meeting_odds`.

What belongs here: handing the three staged tables over and putting the outcomes of a meeting into a list, so
that one computation feeds both marts. The method stands in the finance package. Arrow, not pandas: a frame
would turn DATE into TIMESTAMP. An `OddsInputError` fails this model; its last line says what to repair.
"""

import logging

import numpy
import pyarrow

from dagster_project.finance.meeting_odds import meeting_odds

DATES = ["watch_date", "meeting_date"]
OUTCOMES = ["target_lower_bp", "target_upper_bp", "probability_pct"]


def model(dbt, session):
    dbt.config(materialized="table")
    settlements = dbt.ref("stg_rates__fed_funds_futures").project("contract_month, session_date, settle").df()
    meetings = dbt.ref("stg_rates__fomc_meetings").df()
    rates = dbt.ref("stg_rates__policy_rates")
    rates = rates.project("rate_date, effr_pct, target_lower_pct, target_upper_pct").df()
    result = meeting_odds(settlements, meetings, rates)
    for issue in result.issues:
        logging.getLogger("smallcap.rates").warning(
            "%s: %s (%s watch dates, %s to %s)",
            issue.code, issue.message, issue.watch_dates, issue.first_watch_date, issue.last_watch_date,
        )  # fmt: skip
    return with_outcomes(result.expectations, result.probabilities)


def with_outcomes(expectations, probabilities):
    """The expectations as an Arrow table, with the list of outcomes; null where the odds are unknown."""
    has_odds = expectations["prob_hike_pct"].notna().to_numpy()
    meetings, starts = keys(expectations)[:, has_odds], keys(probabilities)
    is_first = numpy.ones(len(probabilities), dtype=bool)
    is_first[1:] = (starts[:, 1:] != starts[:, :-1]).any(axis=0)
    if not numpy.array_equal(meetings, starts[:, is_first]):
        raise AssertionError("meeting_odds: the two tables do not have the same meetings in the same order")
    lengths = numpy.zeros(len(expectations), dtype=numpy.int64)
    lengths[has_odds] = numpy.diff(numpy.flatnonzero(is_first), append=len(probabilities))
    offsets = numpy.concatenate([[0], numpy.cumsum(lengths)])
    outcomes = pyarrow.StructArray.from_arrays(
        [
            pyarrow.array(probabilities["target_lower_bp"].to_numpy(), pyarrow.int32()),
            pyarrow.array(probabilities["target_upper_bp"].to_numpy(), pyarrow.int32()),
            pyarrow.array(probabilities["probability_pct"].to_numpy(), pyarrow.float64()),
        ],
        names=OUTCOMES,
    )
    lists = pyarrow.ListArray.from_arrays(
        pyarrow.array(offsets, pyarrow.int32()), outcomes, mask=pyarrow.array(~has_odds)
    )
    table = pyarrow.Table.from_pandas(expectations, preserve_index=False)
    for name in DATES:
        position = table.schema.get_field_index(name)
        table = table.set_column(position, name, table[name].cast(pyarrow.date32()))
    return table.append_column("outcomes", lists)


def keys(frame):
    """Convention, watch date and meeting date as numbers, shape (3, rows)."""
    dates = [frame[name].to_numpy().astype("datetime64[D]").astype(numpy.int64) for name in DATES]
    return numpy.stack([(frame["day_convention"] == "post").to_numpy(dtype=numpy.int64), *dates])
