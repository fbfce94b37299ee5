"""What is known about actors and addresses is appended to activities.

Each distinct actor, address and user agent of a batch is looked up once. Everything is optional:
what no file tells stays null. The same record gets the same values in whatever batch it comes.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity
from wheeltapper.config import Enrich
from wheeltapper.enrich import agent, clock, peers
from wheeltapper.enrich.directory import Directory, Person
from wheeltapper.enrich.distinct import Distinct
from wheeltapper.enrich.geo import NOWHERE, Geo, Place
from wheeltapper.enrich.intel import Intel
from wheeltapper.enrich.ipclass import Classes
from wheeltapper.enrich.network import address

_Columns = dict[str, pa.Array]
_TYPES = {field.name: field.type for field in activity.SCHEMA}


@dataclass(frozen=True, slots=True)
class _Origin:
    """All that is known of one address."""

    place: Place
    kind: str | None
    intel: str | None


_NOT_AN_ADDRESS = _Origin(NOWHERE, None, None)
# Addresses that are remembered between batches, about 300 bytes each.
_REMEMBERED = 500_000


class Enricher:
    """Appends attributes to activities, from files that are read once."""

    def __init__(self, settings: Enrich, *, root: Path, timezone: str) -> None:
        """Open the files that `settings` names, relative to `root`.

        `timezone` is that of actors whose directory entry and whose records tell none.

        Raises
        ------
        ConfigError   with `file:line` for a file that is not there or cannot be understood.
        """

        def file(name: str) -> Path | None:
            return root / name if name else None

        directory = file(settings.directory)
        self.directory = Directory.load(directory) if directory else Directory({})
        self._geo = Geo(places=file(settings.geo), systems=file(settings.asn))
        self._classes = Classes(tor=file(settings.tor), hosting=file(settings.hosting))
        self._intel = Intel(file(settings.intel))
        self._holidays = settings.holidays.upper() or None
        self._timezone = timezone
        self._origin = lru_cache(maxsize=_REMEMBERED)(self._look_up)

    def enrich(self, table: pa.Table) -> pa.Table:
        """Activities (activity.NATIVE_SCHEMA) with all columns of activity.SCHEMA, row for row.

        The directory also rewrites two columns: `actor` from an alias to the account's own name,
        and `actor_type` where the entry tells it.
        """
        table = table.select(activity.NATIVE_SCHEMA.names)
        actors = Distinct.of(table["actor"])
        people = [self.directory.find(name) for name in actors.texts]
        columns = self._who(table, actors, people)
        columns |= self._when(table, actors, people)
        ips = Distinct.of(table["src_ip"])
        origins = [self._origin(text) for text in ips.texts]
        for name in ("country", "city", "latitude", "longitude", "asn", "as_org"):
            values = [getattr(origin.place, name) for origin in origins]
            columns[name] = ips.spread(values, _TYPES[name])
        columns["ip_class"] = ips.spread([origin.kind for origin in origins], pa.string())
        agents = Distinct.of(table["user_agent"])
        described = [agent.describe(text) for text in agents.texts]
        for name in ("os", "client", "kind"):
            values = [getattr(one, name) for one in described]
            columns[f"ua_{name}"] = agents.spread(values, pa.string())
        columns["intel"] = self._warned(
            table,
            ips.spread([origin.intel for origin in origins], pa.string()),
            agents.spread([self._intel.user_agent(text) for text in agents.texts], pa.string()),
        )
        return pa.table(
            [columns.get(name, table[name] if name in table.column_names else None)
             for name in activity.SCHEMA.names],
            schema=activity.SCHEMA,
        )  # fmt: skip

    def _look_up(self, src_ip: str) -> _Origin:
        ip = address(src_ip)
        if ip is None:
            return _NOT_AN_ADDRESS
        place = self._geo.find(ip)
        return _Origin(place, self._classes.find(ip, place.asn), self._intel.ip(ip))

    def _who(self, table: pa.Table, actors: Distinct, people: list[Person | None]) -> _Columns:
        columns = {
            name: actors.spread([getattr(p, name) if p else None for p in people], _TYPES[name])
            for name in ("department", "role", "privileged")
        }
        groups = [peers.group(p.peer_group, p.department, p.role) if p else None for p in people]
        columns["peer_group"] = actors.spread(groups, pa.string())
        if any(people):
            names = [p.actor if p else n for n, p in zip(actors.texts, people, strict=True)]
            columns["actor"] = actors.spread(names, pa.string())
            told = actors.spread([p.actor_type if p else None for p in people], pa.string())
            columns["actor_type"] = _first(told, table["actor_type"])
        return columns

    def _when(self, table: pa.Table, actors: Distinct, people: list[Person | None]) -> _Columns:
        zones = sorted({p.timezone for p in people if p and p.timezone})
        countries = sorted(
            {p.country for p in people if p and p.country}
            | ({self._holidays} if self._holidays else set())
        )
        fallback = countries.index(self._holidays) if self._holidays else -1
        rows = clock.Rows(
            time_us=table["time"].cast(pa.int64()).fill_null(0).to_numpy(),
            zone=actors.numbers(
                [zones.index(p.timezone) if p and p.timezone else -1 for p in people], -1
            ),
            offset_minutes=table["utc_offset"]
            .cast(pa.int64())
            .fill_null(clock.NO_OFFSET)
            .to_numpy(),
        )
        country = actors.numbers(
            [countries.index(p.country) if p and p.country else fallback for p in people], fallback
        )
        local = clock.local_us(rows, zones, self._timezone)
        untold = table["time"].is_null().to_numpy()
        return {
            "hour_of_week": pa.array(clock.hour_of_week(local), mask=untold),
            "workday": pa.array(clock.workday(local, country, countries), mask=untold),
        }

    def _warned(self, table: pa.Table, *found: pa.Array) -> pa.Array:
        """The first match of: address, user agent, target, command line."""
        if not self._intel:
            return pa.nulls(table.num_rows, pa.string())
        matches = list(found)
        if self._intel.searches_text:
            for name in ("target", "command_line"):
                texts = Distinct.of(table[name])
                values = [self._intel.text(text) for text in texts.texts]
                matches.append(texts.spread(values, pa.string()))
        return _first(*matches)


def _first(*columns: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.coalesce(*columns)
