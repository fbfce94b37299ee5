"""Values that somebody warned about: addresses, domains, user agents and file hashes.

One CSV file: value, kind (ip, domain, user_agent, hash), name. An `ip` may be a network; a
`domain` stands for those below it, too; a `user_agent` must be the whole text, case aside.
"""

import re
from collections.abc import Callable
from pathlib import Path

from wheeltapper.enrich import listfile
from wheeltapper.enrich.network import Address, Network, Networks, network
from wheeltapper.errors import ConfigError

IP, DOMAIN, USER_AGENT, HASH = "ip", "domain", "user_agent", "hash"
KINDS = (IP, DOMAIN, USER_AGENT, HASH)
# Lengths of MD5, SHA-1 and SHA-256 in hex.
_HASH = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b")
_HOST = re.compile(r"(?:^|//|@|\s|[\"'(=])([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)")
# What is longer is searched in its first part only: a command line can be megabytes.
_MAX_CHARS = 100_000
_MAX_HOST_CHARS = 253  # RFC 1035


class Intel:
    """The list, ready to be asked about one value at a time."""

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigError with `file:line` for an entry that cannot be understood."""
        self._exact: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
        networks: list[tuple[Network, str]] = []
        columns = ("value", "kind", "name")
        for at, row in listfile.rows(path, needed=columns, known=columns) if path else ():
            value, kind = row["value"], row["kind"]
            if kind not in KINDS:
                raise ConfigError(f"{at}: kind {kind!r} must be one of {', '.join(KINDS)}")
            if not value:
                raise ConfigError(f"{at}: value is empty")
            name = row["name"] or value
            if kind == IP:
                try:
                    networks.append((network(value), name))
                except ValueError as error:
                    raise ConfigError(f"{at}: {value!r} is no address or network") from error
            elif kind == HASH and not _HASH.fullmatch(value.lower()):
                raise ConfigError(f"{at}: {value!r} is no MD5, SHA-1 or SHA-256 in hex")
            else:
                self._exact[kind].setdefault(value.lower().strip("."), name)
        self._networks = Networks(networks)
        self._has_networks = bool(networks)

    def __bool__(self) -> bool:
        return self._has_networks or any(self._exact.values())

    @property
    def searches_text(self) -> bool:
        """Is there anything that `text` could find?"""
        return bool(self._exact[DOMAIN] or self._exact[HASH])

    def ip(self, address: Address | None) -> str | None:
        """Name of the smallest network on the list that holds the address."""
        return self._networks.find(address) if address is not None else None

    def user_agent(self, text: str) -> str | None:
        return self._exact[USER_AGENT].get(text.strip().lower().strip("."))

    def text(self, text: str) -> str | None:
        """Name of the first domain or hash on the list that stands in a target or command line."""
        lower = text[:_MAX_CHARS].lower()
        searches: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
            (DOMAIN, _HOST, self._domain),
            (HASH, _HASH, self._exact[HASH].get),
        )
        for kind, pattern, look_up in searches:
            if self._exact[kind]:
                for found in pattern.finditer(lower):
                    if name := look_up(found[found.lastindex or 0]):
                        return name
        return None

    def _domain(self, host: str) -> str | None:
        if len(host) > _MAX_HOST_CHARS:
            return None
        labels = host.split(".")
        for start in range(len(labels) - 1):
            if name := self._exact[DOMAIN].get(".".join(labels[start:])):
                return name
        return None
