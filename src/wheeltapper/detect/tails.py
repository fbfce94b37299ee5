"""Tails: how improbable "so much or more" is, in bits, exact far out where probabilities underflow.

What several kernels share. Both tails are regularised incomplete beta functions, from their
continued fraction (DLMF 8.17.22) in logarithms: they cost the same for ten as for a million.
"""

from math import exp, lgamma, log, log1p, pi

from numba import njit

STEPS = 10_000
LOG2 = log(2.0)


@njit(cache=True)
def log_rising(size: float, count: float) -> float:
    """Log of gamma(size + count) / gamma(size), not as the difference of two large numbers."""
    if size < 1e4:
        return lgamma(size + count) - lgamma(size)
    # Stirling's series of both.
    return (
        count * log(size)
        + (size + count - 0.5) * log1p(count / size)
        - count
        + (1.0 / (size + count) - 1.0 / size) / 12.0
    )


@njit(cache=True)
def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, STEPS):
        for even in (True, False):
            if even:
                term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
            else:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            change = c * d
            value *= change
        if abs(change - 1.0) < 1e-15:
            break
    return value


@njit(cache=True)
def negative_binomial(count: float, mean: float, variance: float) -> tuple[float, float]:
    """Bits of seeing `count` or more, and how many bits one more could at most add.

    Both `count` and `mean` are above 0. Negative binomial with these moments (DLMF 8.17); Poisson
    where they are not wider.
    """
    variance = max(variance, mean * 1.000001 + 1e-12)
    size = mean * mean / (variance - mean)
    more = mean / (mean + size)  # chance of one more, and then one more
    limit = log1p(size / mean)  # -log(more)
    log_mass = (
        log_rising(size, count) - lgamma(count + 1.0) - size * log1p(mean / size) - count * limit
    )
    if more < (count + 1.0) / (count + size + 2.0):
        share = _fraction(count, size, more)  # tail / mass
        log_tail = log_mass + log(share)
    else:
        head = exp(log_mass) * count / size * _fraction(size, count, size / (mean + size))
        log_tail = log1p(-min(head, 1.0 - 1e-15))
        share = exp(log_tail - log_mass)
    # The hazard mass / tail falls or rises towards its limit, never beyond either.
    hazard = min(1.0 / share, 1.0 - 1e-15)
    return max(0.0, -log_tail / LOG2), max(limit, -log1p(-hazard)) / LOG2


@njit(cache=True)
def student(t: float, freedom: float) -> float:
    """Bits of Student's t with so many degrees of freedom being `t` or more; `t` at least 0."""
    if t < 1e-12:  # nothing that is told differs from the middle's, and squares stay above 0
        return 1.0
    a, b = 0.5 * freedom, 0.5
    square = t * t
    log_x, log_rest = -log1p(square / freedom), -log1p(freedom / square)
    # Log of x**a * (1 - x)**b / beta(a, b), for x = freedom / (freedom + t**2).
    log_front = a * log_x + b * log_rest + log_rising(a, b) - 0.5 * log(pi)
    if freedom / (freedom + square) < (a + 1.0) / (a + b + 2.0):
        x = freedom / (freedom + square)
        log_both = log_front + log(_fraction(a, b, x) / a)
    else:
        x = square / (freedom + square)
        log_both = log1p(-min(exp(log_front) * _fraction(b, a, x) / b, 1.0 - 1e-15))
    return max(1.0, 1.0 - log_both / LOG2)
