"""How good the odds were: one session before each decision against what was decided.

Belongs here: joining `rate_expectations` with the decisions and counting. What does not: making the odds
(`meeting_odds`) or judging a claim. This table looks back from the end of the data; it must never feed a row
that claims to have been known earlier.

Source of the method: reliability table (A. H. Murphy, 1973): forecasts in bins, observed share beside their
mean.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

OUTCOMES = ("cut", "hold", "hike")
BIN_EDGES_PCT = (0.0, 10.0, 30.0, 50.0, 70.0, 90.0, 100.0)
MAX_SESSION_AGE_DAYS = 4  # an older last watch date is not "one session before"


def decision_odds(expectations: pd.DataFrame, meetings: pd.DataFrame, since: str = "2008-01-01") -> pd.DataFrame:
    """Odds on the last watch date before each scheduled decision, and the decision, one row per convention.

    `expectations` as given by `meeting_odds`, `meetings` as its calendar. Columns: meeting_date,
    day_convention, watch_date, prob_cut_pct, prob_hold_pct, prob_hike_pct (percent, null with null_reason),
    decided (cut, hold, hike, by the upper end of the range against the one in force on the watch date).
    """
    held = meetings[(meetings["kind"] == "scheduled") & pd.to_datetime(meetings["cancelled_on"]).isna()]
    held = held.assign(meeting_date=pd.to_datetime(held["meeting_date"]).astype("datetime64[us]"))
    held = held[(held["meeting_date"] >= since) & held["target_upper_after_pct"].notna()]
    odds = expectations.merge(held[["meeting_date", "target_upper_after_pct"]], on="meeting_date")
    age = odds["meeting_date"] - odds["watch_date"]
    odds = odds[odds["is_next_meeting"] & (age <= pd.Timedelta(days=MAX_SESSION_AGE_DAYS))]
    keys = ["meeting_date", "day_convention"]
    odds = odds.sort_values("watch_date").drop_duplicates(keys, keep="last").sort_values(keys, ignore_index=True)
    change = (odds["target_upper_after_pct"] - odds["range_upper_pct"]).round(6)
    decided = pd.cut(change, [-np.inf, -1e-6, 1e-6, np.inf], labels=list(OUTCOMES)).astype("str")
    columns = ["watch_date", *(f"prob_{outcome}_pct" for outcome in OUTCOMES), "null_reason"]
    return odds[[*keys, *columns]].assign(decided=decided)


def calibration_table(
    expectations: pd.DataFrame,
    meetings: pd.DataFrame,
    since: str = "2008-01-01",
    bin_edges_pct: Sequence[float] = BIN_EDGES_PCT,
) -> pd.DataFrame:
    """Reliability of the odds one session before each decision: one row per convention, outcome and bin.

    Bins are [lower, upper), the last one closed; empty bins are left out. Columns: day_convention, outcome,
    bin_lower_pct, bin_upper_pct, decisions, mean_probability_pct, hits, hit_share_pct. Decisions without odds
    stand in a row with null bins and null probability, so the decisions of an outcome always add up to all of
    them.
    """
    odds = decision_odds(expectations, meetings, since)
    long = pd.concat(
        [
            odds[["day_convention"]].assign(
                outcome=outcome,
                probability_pct=odds[f"prob_{outcome}_pct"],
                is_hit=odds["decided"] == outcome,
            )
            for outcome in OUTCOMES
        ],
        ignore_index=True,
    )
    edges = np.asarray(bin_edges_pct, dtype=float)
    probability = long["probability_pct"].to_numpy(dtype=float)
    position = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, edges.size - 2)
    is_known = ~np.isnan(probability)
    long["bin_lower_pct"] = np.where(is_known, edges[position], np.nan)
    long["bin_upper_pct"] = np.where(is_known, edges[position + 1], np.nan)
    keys = ["day_convention", "outcome", "bin_lower_pct", "bin_upper_pct"]
    table = long.groupby(keys, dropna=False, as_index=False).agg(
        decisions=("is_hit", "size"), mean_probability_pct=("probability_pct", "mean"), hits=("is_hit", "sum")
    )
    table["hit_share_pct"] = 100.0 * table["hits"] / table["decisions"]
    return table
