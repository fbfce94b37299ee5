"""Places: how far apart two countries are at least, where only countries are known.

An address database of countries tells no coordinates, and a country's middle is where nobody lives.
What can be said honestly is how far it is between the two nearest cities: from the Netherlands to
Nigeria at least 4,000 km, from the United States to Russia (Anchorage to Kamchatka) 3,100. Cities
count from 100,000 people; of a country with fewer than three such, its three largest.

`python -m wheeltapper.detect.places CITIES.json` writes the table anew (see data/SOURCES.md).
"""

import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LETTERS = 26
NUMBERS = LETTERS * LETTERS
FILE = Path(__file__).parent / "data" / "countries.npz"
LARGE = 100_000
"""People in a city that counts."""
AT_LEAST = 3
"""Cities of a country that count, however small."""
STEP_KM = 100.0
EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""
UNKNOWN = -1


class Countries(NamedTuple):
    """Least distances between countries, by the number of their two letters."""

    row: npt.NDArray[np.int16]
    """(676,): the country's row in `steps`; -1 for letters that are no country here."""
    steps: npt.NDArray[np.uint8]
    """(n, n): whole hundreds of kilometres between the nearest cities of two countries."""


def number_of(code: str) -> int:
    """`AA` is 0, `ZZ` is 675: `26 * ascii(country) + ascii(substr(country, 2)) - 1755` in SQL."""
    if len(code) == 2 and code.isascii() and code.isalpha() and code.isupper():
        return LETTERS * (ord(code[0]) - ord("A")) + ord(code[1]) - ord("A")
    return UNKNOWN


@cache
def countries() -> Countries:
    """The table that travels with the package."""
    with np.load(FILE, allow_pickle=False) as kept:
        codes, steps = kept["codes"], kept["steps"]
    row = np.full(NUMBERS, UNKNOWN, np.int16)
    row[codes] = np.arange(codes.size, dtype=np.int16)
    return Countries(row, steps)


def least_distances(
    cities: Iterable[Mapping[str, object]],
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Numbers of countries, and the steps between them, from GeoNames' cities.

    `cities` have `countrycode`, `population`, `latitude` and `longitude` (degrees).
    """
    by_country: dict[int, list[tuple[int, float, float]]] = {}
    for city in cities:
        number = number_of(str(city["countrycode"]))
        if number != UNKNOWN:
            place = (float(str(city["latitude"])), float(str(city["longitude"])))
            by_country.setdefault(number, []).append((int(str(city["population"])), *place))
    codes = sorted(by_country)
    points = [_points(by_country[number]) for number in codes]
    steps = np.zeros((len(codes), len(codes)), np.uint8)
    for i, one in enumerate(points):
        for j, other in enumerate(points[:i]):
            nearest = np.arccos(np.clip((one @ other.T).max(), -1.0, 1.0)) * EARTH_KM
            steps[i, j] = steps[j, i] = int(nearest // STEP_KM)
    return np.array(codes, np.int16), steps


def _points(cities: list[tuple[int, float, float]]) -> npt.NDArray[np.float64]:
    """Unit vectors (n, 3) of the cities that count."""
    largest = sorted(cities, reverse=True)
    counted = [c for i, c in enumerate(largest) if i < AT_LEAST or c[0] >= LARGE]
    latitude, longitude = np.radians([c[1:] for c in counted]).T
    return np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    codes, steps = least_distances(given.values() if isinstance(given, dict) else given)
    np.savez_compressed(FILE, codes=codes, steps=steps)
