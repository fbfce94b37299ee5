"""Calibrate: evidence becomes `one in N actor-days`, a frequency that a person can read.

The reference is the workspace itself: every day on which an actor acted, nearly all
of them without any finding. Within the reference N is counted; beyond it the tail is exponential
(peaks over threshold; Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001,
section 4.2, shape 0), its scale taken from the median excess, which a few true attacks in the
reference do not move. A fit is only believed so far: what it adds to the largest N that could be
counted approaches `BEYOND_BITS` and never passes it.
"""

import numpy as np
import numpy.typing as npt

TAIL_SHARE = 0.1
"""The tail begins at this share of the stories."""
BEYOND_BITS = 6.0
"""At most 64 times as rare as anything that could have been counted."""
FEWEST = 20
"""With fewer stories than this the tail is not fitted; only counting is left."""


def calibrate(
    evidence: npt.NDArray[np.float64],
    actor_days: int,
    reference: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """log2 of N for each story, where one in N actor-days shows as much evidence.

    Parameters
    ----------
    evidence : float64 (stories,)   from `combine`, of all stories of the workspace
    actor_days : int                days of activity of all actors
    reference : float64 (m,)        evidence of all stories, where it is not that of the stories
        asked about: what is hidden from people was there all the same

    Returns
    -------
    float64 (stories,)   from 0; monotone in `evidence`.
    """
    ascending = np.sort(evidence if reference is None else reference)
    n = ascending.size
    days = max(actor_days, n, 1)
    if evidence.size == 0:
        return np.empty(0)
    # Stories with at least this much, the story itself included.
    as_much = np.maximum(n - np.searchsorted(ascending, evidence, side="left"), 1)
    counted = np.log2(days / as_much)
    if n < FEWEST:
        return counted
    threshold = ascending[int(n * (1 - TAIL_SHARE))]
    excess = ascending[ascending > threshold] - threshold
    if excess.size < FEWEST // 4:
        return counted
    scale = max(float(np.median(excess)) / np.log(2.0), 1e-9)
    share = excess.size / days
    fitted = -np.log2(share) + (evidence - threshold) / scale / np.log(2.0)
    # In the bulk counting is exact; in the tail the fit smooths it and reaches beyond it.
    scored = np.where(evidence > threshold, np.maximum(fitted, 0.0), counted)
    most = np.log2(days)
    beyond = np.maximum(scored - most, 0.0)
    bounded = most + BEYOND_BITS * (1.0 - np.exp(-beyond / BEYOND_BITS))
    return np.where(scored > most, bounded, scored)
