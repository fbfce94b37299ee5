"""Surprise in bits, worked out in plain Python."""

from math import lgamma, log, log2

LEAST = 2.0**-60


def bits_of(chance: float) -> float:
    return -log2(min(1.0, max(chance, LEAST)))


def tail_bits(count: float, mean: float, variance: float) -> float:
    """-log2 of a negative binomial's tail, its masses summed until they no longer matter."""
    variance = max(variance, mean * 1.000001)
    size = mean * mean / (variance - mean)
    more = mean / (mean + size)
    at = lgamma(count + size) - lgamma(size) - lgamma(count + 1) + size * log(1 - more)
    at += count * log(more)
    total, term, k = 1.0, 1.0, count
    while term > 1e-9 * total and k < count + 500:
        term *= (k + size) / (k + 1) * more
        total += term
        k += 1
    return -min(0.0, at + log(total)) / log(2)
