from math import radians

import pytest

from wheeltapper.detect.places import (
    EARTH_KM,
    UNKNOWN,
    Countries,
    countries,
    least_distances,
    number_of,
)


@pytest.mark.parametrize(("code", "number"), [("AA", 0), ("ZZ", 675), ("NL", 349), ("BA", 26)])
def test_a_country_has_a_number(code, number):
    assert number_of(code) == number


@pytest.mark.parametrize("code", ["", "N", "nl", "NLD", "N1", "ÑG", "  "])
def test_what_is_no_country_has_none(code):
    assert number_of(code) == UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [("NL", "NG", 4000, 4500), ("NL", "BE", 0, 100), ("US", "RU", 2800, 3300),
     ("FR", "GF", 6000, 7100), ("US", "CA", 0, 100), ("IE", "GB", 0, 400), ("AU", "NL", 10_000,
     14_000)],
)  # fmt: skip
def test_the_table_has_known_distances(one, other, least, most):
    known = countries()
    a, b = known.row[number_of(one)], known.row[number_of(other)]
    assert least <= 100 * int(known.steps[a, b]) <= most


def test_the_table_is_one_of_distances():
    known: Countries = countries()
    assert (known.steps == known.steps.T).all()
    assert (known.steps.diagonal() == 0).all()
    assert known.steps.max() <= 200  # half the way round the Earth
    assert sorted(known.row[known.row >= 0]) == list(range(len(known.steps)))


def test_distances_are_made_from_the_cities_that_count():
    cities = [
        {"countrycode": "AA", "population": n, "latitude": 0, "longitude": x}
        for n, x in [(500_000, 0), (200_000, 1), (150_000, 2), (90_000, 30)]
    ]
    cities.append({"countrycode": "BB", "population": 10, "latitude": 0, "longitude": 32})
    cities.append({"countrycode": "??", "population": 10, "latitude": 0, "longitude": 32})
    codes, steps = least_distances(cities)
    assert codes.tolist() == [number_of("AA"), number_of("BB")]
    # Thirty degrees, not two: the fourth city is too small.
    assert int(steps[0, 1]) == int(30 * EARTH_KM * radians(1) // 100)
