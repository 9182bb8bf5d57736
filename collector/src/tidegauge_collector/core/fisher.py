"""Fisher's exact test of a 2×2 table, two-sided, without scipy.stats: some ten times faster and no half-second import."""

import math

import numpy as np

_TIE = 1e-7  # relative; tables as likely as the observed one count as at least as extreme (as in R and SciPy)


def fisher_p_value(a: int, b: int, c: int, d: int) -> float:
    """Two-sided p of [[a, b], [c, d]]: the probability of all tables with these margins that are no likelier than this one.

    >>> round(fisher_p_value(8, 2, 1, 5), 6)  # the example of scipy.stats.fisher_exact
    0.034965
    """
    rows, first, total = a + b, a + c, a + b + c + d
    smallest, largest = max(0, rows + first - total), min(rows, first)
    if smallest == largest:
        return 1.0
    mode = (rows + 1) * (first + 1) // (total + 2)
    deviation = math.sqrt(rows / total * (first / total) * (total - rows) * (total - first) / max(total - 1, 1))
    if abs(a - mode) > 100 * deviation + 200:
        return 0.0  # below the smallest float
    # beyond this the terms are under 1e-17 of those kept
    reach = 2 * abs(a - mode) + math.ceil(10 * deviation) + 50
    low, high = max(smallest, mode - reach), min(largest, mode + reach)
    k = np.arange(low, high, dtype=np.float64)
    steps = np.log((rows - k) * (first - k)) - np.log((k + 1) * (total - rows - first + k + 1))
    log_terms = np.concatenate([[0.0], np.cumsum(steps)])
    terms = np.exp(log_terms - log_terms[mode - low])
    return min(1.0, float(terms[log_terms <= log_terms[a - low] + _TIE].sum() / terms.sum()))
