"""The t of a difference of two means, written out: a referee for what the program takes from a library."""

import numpy as np


def plain_t(outcome: np.ndarray, is_on: np.ndarray, lags: int) -> tuple[float, float]:
    """t of mean(on) minus mean(off): with equal independent errors (n - 2), and with Newey and West's Bartlett weights.

    The difference is the sum of the scores (is_on - mean) e / spread, whose variance is the weighted sum of all their
    products up to `lags` days apart.
    """
    difference = outcome[is_on].mean() - outcome[~is_on].mean()
    errors = outcome - np.where(is_on, outcome[is_on].mean(), outcome[~is_on].mean())
    centred = is_on - is_on.mean()
    spread = (centred**2).sum()
    scores = centred * errors / spread
    variance = (scores**2).sum()
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (scores[lag:] * scores[:-lag]).sum()
    naive = (errors**2).sum() / (outcome.size - 2) / spread
    return difference / np.sqrt(naive), difference / np.sqrt(variance)
