"""Linger: whoever has taken over an account stays for a while.

Where sessions are judged one by one as they come, what stood out in one still stands when the next
begins: a second act of the same run may hide well, and nobody hands an account back within the
hour. A case is told when its sessions are known and takes the weightiest; it needs none of this.
"""

import numpy as np
import numpy.typing as npt

KEPT = 0.8
"""Of the evidence of the session before, for the next one."""
HOURS = 3.0
"""Later it is another day's work, and stands for itself."""
HOUR_US = 3_600_000_000


def linger(
    evidence: npt.NDArray[np.float64],
    entity: npt.NDArray[np.str_],
    time_us: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Evidence of each session with what is left of the one before; never less than its own.

    All (n,), in order of time; evidence in bits.
    """
    last: dict[str, tuple[float, int]] = {}
    out = np.array(evidence, np.float64)
    for i, (name, now) in enumerate(zip(entity.tolist(), time_us.tolist(), strict=True)):
        before, then = last.get(name, (0.0, 0))
        if now - then <= HOURS * HOUR_US:
            out[i] = max(out[i], KEPT * before)
        last[name] = (float(out[i]), now)
    return out
