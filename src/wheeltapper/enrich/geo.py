"""Country, city and autonomous system of an address, from .mmdb files.

Without a file of the user's own the country comes from the one in `data/` (see SOURCES.md there):
the country that an address is registered or announced for, which is not always where it is used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import maxminddb

from wheeltapper.enrich.network import Address
from wheeltapper.errors import ConfigError

COUNTRY_FILE = Path(__file__).parent / "data" / "country.mmdb"
_COUNTRY = re.compile(r"[A-Z]{2}")
# Codes that name no country: reserved, "Europe", "Asia/Pacific".
_NOWHERE = frozenset({"ZZ", "EU", "AP"})


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of one address; None where it is not known."""

    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    as_org: str | None = None


NOWHERE = Place()


class Geo:
    """Looks addresses up in one file of places and one of autonomous systems."""

    def __init__(self, *, places: Path | None, systems: Path | None) -> None:
        """None: the country file that comes with the package; no autonomous systems.

        Raises
        ------
        ConfigError   for a file that is not there or is no .mmdb.
        """
        # A user's own file may well place the addresses inside the organisation; the one that
        # comes with us puts 192.168.0.0/16 and the documentation's networks into Australia.
        self._only_global = places is None
        self._places = _open(places or COUNTRY_FILE, "geo")
        self._systems = _open(systems, "asn") if systems is not None else None

    def find(self, ip: Address) -> Place:
        """What the files know of an address; all None where they do not know it."""
        skip = self._only_global and not ip.is_global
        place = {} if skip else _record(self._places, ip)
        # A file of places may tell the autonomous system, too.
        system = place if self._systems is None else _record(self._systems, ip)
        if not place and not system:
            return NOWHERE
        location = _inner(place, "location")
        return Place(
            country=_country(_inner(place, "country").get("iso_code") or _word(place, "country")),
            city=_text(_inner(_inner(place, "city"), "names").get("en") or place.get("city")),
            latitude=_number(location.get("latitude", place.get("latitude"))),
            longitude=_number(location.get("longitude", place.get("longitude"))),
            asn=_asn(system.get("autonomous_system_number", system.get("asn"))),
            as_org=_text(system.get("autonomous_system_organization", system.get("as_name"))),
        )


def _open(path: Path, setting: str) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file; correct enrich.{setting} in wheeltapper.toml, or leave it out"
        ) from error
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise ConfigError(f"{path}: not an .mmdb file: {error} (enrich.{setting})") from error


def _record(reader: maxminddb.Reader, ip: Address) -> Mapping[str, object]:
    if ip.version == 6 and reader.metadata().ip_version == 4:
        return {}
    found = reader.get(ip)
    return found if isinstance(found, dict) else {}


def _inner(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _word(record: Mapping[str, object], name: str) -> object:
    """`country_code`, or `country` where that is a code itself: files differ in the name."""
    return record.get(f"{name}_code") or record.get(name)


def _country(value: object) -> str | None:
    if isinstance(value, str) and _COUNTRY.fullmatch(value) and value not in _NOWHERE:
        return value
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _asn(value: object) -> int | None:
    """64512, or `AS64512` as some files write it."""
    digits = value.removeprefix("AS") if isinstance(value, str) else value
    number = _number(digits)
    return int(number) if number is not None else None
