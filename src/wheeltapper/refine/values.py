"""Values: numbers, times, places and codes of an Activity as a reader would say them.

Text comes from logs, which anybody may have written into: `clean` takes out what could change how
the rest of a line is shown, and cuts what is long. Escaping for HTML or a terminal is the page's.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo

FILE = Path(__file__).parent / "values.toml"
LONGEST = 40
"""Characters of a name that a sentence carries."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_RESERVED = re.compile(r"(?:^|/)AWSReservedSSO_(.+)_[0-9a-f]{16}$")
_SIZES = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_DURATIONS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def clean(text: str, longest: int = LONGEST) -> str:
    """One line without control, bidirectional or invisible characters, shortened in the middle."""
    text = text[:4096]  # nobody sees more, and log text may be megabytes
    seen = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text)
    seen = " ".join(seen.split())
    if len(seen) <= longest:
        return seen
    head = longest // 2
    tail = len(seen) - (longest - 1 - head)
    return f"{seen[:head].rstrip()}…{seen[tail:].lstrip()}"


def name(target: str, longest: int = LONGEST) -> str:
    """What people call a thing: of an Amazon resource name the last part, of others all."""
    text = clean(target, 4096)
    if text.startswith("arn:") and text.count(":") >= 5:
        kind, _, rest = text.split(":", 5)[5].partition("/")
        text = rest or kind.split(":", 1)[-1] or text
        if kind and rest and ":" in kind:
            text = f"{kind.split(':', 1)[1]}/{rest}"
        # A permission set is given to people as a role with a name of its own.
        reserved = _RESERVED.search(text)
        text = reserved[1] if reserved else text
    return clean(text, longest)


def number(value: float) -> str:
    """`1,203`, `0.5`, `2.4`: as many digits as say something."""
    if not isfinite(value):
        return "unknown"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value:.2g}"


def size(count_bytes: float) -> str:
    """`640 bytes`, `40 MB`, `9.3 GB`: decimal units."""
    if not isfinite(count_bytes):
        return "unknown"
    amount, unit = float(count_bytes), 0
    while abs(amount) >= 999.5 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    if unit == 0:
        return f"{amount:.0f} {'byte' if amount == 1 else 'bytes'}"
    return f"{amount:.1f} {_SIZES[unit]}" if abs(amount) < 10 else f"{amount:.0f} {_SIZES[unit]}"


def duration(seconds: float) -> str:
    """`20 minutes`, `3 hours`, `1 hour 40 minutes`, `143 days`."""
    if not isfinite(seconds):
        return "unknown"
    left = round(abs(seconds))
    if left < 1:
        return "less than a second"
    # From a day on, minutes say nothing; a second unit is told for short counts of the first.
    for i, (unit, length) in enumerate(_DURATIONS):
        if left < length:
            continue
        smaller = _DURATIONS[i + 1] if i + 1 < len(_DURATIONS) else None
        first, rest = divmod(left, length)
        if smaller is None or first >= 4:
            return _units(round(left / length), unit)
        second = round(rest / smaller[1])
        if second * smaller[1] == length:
            first, second = first + 1, 0
        return _units(first, unit) + (f" {_units(second, smaller[0])}" if second else "")
    raise AssertionError("a duration of a second or more has a unit")


def offset(minutes: int) -> str:
    """`+02:00` of 120 minutes east of UTC."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


def hour_of_week(hour: int) -> str:
    """`Monday 03:00–04:00` of 3; of 171, which is a day off, `Monday 03:00–04:00, a day off`."""
    day, start = divmod(hour % 168, 24)
    off = ", a day off" if hour >= 168 else ""
    return f"{DAYS[day]} {start:02d}:00–{(start + 1) % 24:02d}:00{off}"


def moment(time: datetime, zone: ZoneInfo) -> str:
    """`Mon 10 Jul 2023, 11:54` in the reader's zone; a time without zone is UTC."""
    local = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


@dataclass(frozen=True, slots=True)
class Codes:
    """Words for columns whose values are codes."""

    words: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls) -> "Codes":
        words = tomllib.loads(FILE.read_text(encoding="utf-8"))
        table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab")
        rows = table.read_text(encoding="utf-8").splitlines()
        countries = dict(row.split("\t", 1) for row in rows if row and not row.startswith("#"))
        return cls(words | {"country": countries | words["country"]})

    def value(self, column: str, value: object, zone: ZoneInfo) -> str:
        """Say the value of an Activity column; never empty."""
        if isinstance(value, datetime):
            return moment(value, zone)
        if value is None or value == "":
            return "unknown"
        if isinstance(value, str) and column in ("utc_offset", "hour_of_week", "bytes"):
            value = int(value) if value.removeprefix("-").isdecimal() and len(value) < 16 else value
        if isinstance(value, bool):
            return _flag(column, value)
        if isinstance(value, int | float):
            return _quantity(column, value)
        text = str(value)
        words = self.words.get(column, {})
        known = words.get(text.upper() if column == "country" else text)
        return known or (name(text) or "(unreadable)")


def _flag(column: str, value: bool) -> str:
    if column == "workday":
        return "a working day" if value else "a day off"
    return "yes" if value else "no"


def _quantity(column: str, value: float) -> str:
    if not isfinite(value):
        return "unknown"
    if column == "utc_offset":
        return offset(int(value))
    if column == "hour_of_week":
        return hour_of_week(int(value))
    if column == "bytes":
        return size(value)
    if column in ("duration", "seconds"):
        return duration(value)
    if column == "asn":
        return f"AS{int(value)}"  # a name: no thousands separator
    return number(value)


def _units(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
