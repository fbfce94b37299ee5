from math import exp, fsum, lgamma, log, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.tails import negative_binomial, student


def negative_binomial_bits(count, mean, variance):
    """-log2 of the sum of the masses from `count` on, largest first, in plain numbers."""
    variance = max(variance, mean * 1.000001 + 1e-12)
    size = mean * mean / (variance - mean)
    more, nothing = log(mean / (mean + size)), size * log1p(mean / size)
    at = lgamma(count + size) - lgamma(size) - lgamma(count + 1) - nothing + count * more
    terms, term = [], 1.0
    for k in range(count, count + 2_000_000):
        terms.append(term)
        term *= (k + size) / (k + 1) * exp(more)
        if term < 1e-18 * terms[0] and term < 1e-18 * max(terms[-50:]) + 1e-300:
            break
    return -(at + log(fsum(terms))) / log(2)


@pytest.mark.parametrize("mean", [0.01, 0.5, 4.0, 60.0, 900.0])
@pytest.mark.parametrize("wider", [1.0, 1.5, 20.0, 400.0])
@pytest.mark.parametrize("times", [0.5, 1.1, 3.0, 12.0])
def test_the_tail_is_the_sum_of_its_masses(mean, wider, times):
    count = max(1, round(mean * times))
    bits, _ = negative_binomial(float(count), mean, mean * wider)
    assert bits == pytest.approx(
        negative_binomial_bits(count, mean, mean * wider), rel=1e-6, abs=1e-6
    )


@given(st.floats(1e-3, 1e6), st.floats(0.5, 1e6), st.integers(1, 10**7), st.integers(0, 10**6))
def test_more_is_never_less_surprising_and_never_more_so_than_promised(mean, wider, count, more):
    bits, step = negative_binomial(float(count), mean, mean * wider)
    after, _ = negative_binomial(float(count + more), mean, mean * wider)
    assert 0 <= bits <= after + 1e-6 * (1 + bits)
    assert after <= bits + more * step + 1e-6 * (1 + after)
    assert after < float("inf")


def student_bits(t, freedom):
    """-log2 of the integral of the density from `t` on, by Simpson's rule in log(x)."""

    def density(x):
        return exp(
            lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(freedom * 3.141592653589793)
            - (freedom + 1) / 2 * log1p(x * x / freedom)
        )  # fmt: skip

    steps, top = 40_000, log(1e12 / t)
    width = top / steps
    terms = [t * exp(i * width) * density(t * exp(i * width)) for i in range(steps + 1)]
    weights = [1 if i in (0, steps) else 4 if i % 2 else 2 for i in range(steps + 1)]
    return -log(fsum(w * x for w, x in zip(weights, terms, strict=True)) * width / 3) / log(2)


@pytest.mark.parametrize("freedom", [2.0, 4.0, 30.0, 700.0])
@pytest.mark.parametrize("t", [0.01, 0.6, 1.7, 1.8, 5.0, 30.0])
def test_students_tail_is_the_integral_of_its_density(t, freedom):
    assert student(t, freedom) == pytest.approx(student_bits(t, freedom), rel=1e-6)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0.1, 1e9))
def test_further_out_is_never_less_surprising(t, more, freedom):
    assert 1 <= student(t, freedom) <= student(t + more, freedom) * (1 + 1e-9) < float("inf")


@given(st.floats(0.1, 40), st.floats(1, 1e6), st.floats(1, 1e6))
def test_with_more_freedom_the_tail_is_lighter(t, freedom, more):
    # Of the centre it says no more than half.
    assert student(t, freedom) <= student(t, freedom + more) * (1 + 1e-9)


def test_the_middle_is_one_bit():
    assert student(0.0, 5.0) == student(-3.0, 5.0) == 1.0
