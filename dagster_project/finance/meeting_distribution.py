"""From expected steps to probabilities of whole moves.

Belongs here: the two-point distribution of one meeting and the convolution over meetings. What does not:
where the steps come from (`meeting_solve`), labels with target ranges (`meeting_odds`). No I/O.

Source of the method: docs/methodology, section 3 rule 6; CME Group, FedWatch methodology and its aggregation
note of 2024 (paths recombine, so distributions are convolved). Floor instead of truncation makes cuts work.
"""

import numpy as np

from dagster_project.finance.meeting_inputs import Floats

STEP_PCT = 0.25
SNAP_MOVES = 1e-9  # a step this close to a whole number of moves is that number


def snapped_moves(steps_pct: Floats) -> Floats:
    """Steps in percent as numbers of 25 bp moves, floating-point dust around whole numbers removed."""
    moves = steps_pct / STEP_PCT
    whole = np.rint(moves)
    return np.where(np.abs(moves - whole) < SNAP_MOVES, whole, moves)


def step_distributions(steps_pct: Floats) -> tuple[Floats, int]:
    """Convolve steps over meetings: cumulative distributions over whole 25 bp moves.

    `steps_pct` has the shape (chains, meetings), expected change in percent per meeting in order; NaN breaks
    the chain from there on. Returns probabilities of shape (chains, meetings, outcomes), zeros after a break,
    and the number of moves of the first outcome. Each step lies on the two whole numbers around it (floor, so
    cuts work).
    """
    moves = snapped_moves(steps_pct)
    moves = np.where(np.isnan(np.cumsum(moves, axis=1)), np.nan, moves)
    floor = np.floor(np.nan_to_num(moves)).astype(np.int64)
    weight = moves - floor
    lowest = int(np.cumsum(floor, axis=1).min(initial=0))
    highest = int((np.cumsum(floor, axis=1) + np.arange(1, floor.shape[1] + 1)).max(initial=0))
    outcomes = np.arange(highest - lowest + 1)
    result = np.zeros((*moves.shape, outcomes.size))
    current = np.zeros((moves.shape[0], outcomes.size + 2))  # a zero on either side catches what shifts outside
    current[:, 1 - lowest] = 1.0
    for meeting in range(moves.shape[1]):
        alive = np.flatnonzero(~np.isnan(moves[:, meeting]))
        source = outcomes[None, :] + 1 - floor[alive, meeting][:, None]
        stay = np.take_along_axis(current[alive], np.clip(source, 0, outcomes.size + 1), axis=1)
        more = np.take_along_axis(current[alive], np.clip(source - 1, 0, outcomes.size + 1), axis=1)
        share = weight[alive, meeting][:, None]
        result[alive, meeting] = stay * (1.0 - share) + more * share
        current[alive, 1:-1] = result[alive, meeting]
    return result, lowest
