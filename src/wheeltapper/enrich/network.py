"""Addresses and networks, version 4 and 6, in a form that is quick to ask."""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> Address | None:
    """The address that a log names; None if it is none, such as `AWS Internal`.

    An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address; a zone is left out.
    """
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def network(text: str) -> Network:
    """A network, or an address as a network of one. Raises ValueError if it is neither."""
    return ipaddress.ip_network(text.strip(), strict=False)


class Networks:
    """Which network an address lies in: the smallest, where several hold it; logarithmic time."""

    def __init__(self, named: Iterable[tuple[Network, str]]) -> None:
        """Each network with the word it is to be answered by; of equal ones, the first counts."""
        self._starts: dict[int, list[int]] = {}
        self._words: dict[int, list[str | None]] = {}
        first: dict[Network, str] = {}
        for net, word in named:
            first.setdefault(net, word)
        for version in (4, 6):
            nets = [(net, word) for net, word in first.items() if net.version == version]
            self._flatten(version, nets)

    def _flatten(self, version: int, nets: list[tuple[Network, str]]) -> None:
        """Cut nested networks into a row of intervals, each with the innermost one's word."""
        bounds = sorted(
            (int(net.network_address), -int(net.broadcast_address), word) for net, word in nets
        )
        starts: list[int] = []
        words: list[str | None] = []

        def add(start: int, word: str | None) -> None:
            if starts and starts[-1] == start:
                words[-1] = word
            else:
                starts.append(start)
                words.append(word)

        inside: list[tuple[int, str]] = []  # ends and words of networks that are open
        for start, negative_end, word in bounds:
            while inside and inside[-1][0] < start:
                end, _ = inside.pop()
                add(end + 1, inside[-1][1] if inside else None)
            add(start, word)
            inside.append((-negative_end, word))
        while inside:
            end, _ = inside.pop()
            add(end + 1, inside[-1][1] if inside else None)
        self._starts[version], self._words[version] = starts, words

    def find(self, ip: Address) -> str | None:
        """The word of the smallest network that holds `ip`."""
        place = bisect_right(self._starts[ip.version], int(ip)) - 1
        return self._words[ip.version][place] if place >= 0 else None
