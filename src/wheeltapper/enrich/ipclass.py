"""What kind of network an address belongs to: private, hosting, tor or unknown.

`residential` is never said: no list that may be shipped tells it, and "not hosting" is no proof.
"""

from collections.abc import Iterator
from pathlib import Path

from wheeltapper.enrich import listfile
from wheeltapper.enrich.network import Address, Network, Networks, network
from wheeltapper.errors import ConfigError

PRIVATE, HOSTING, TOR, UNKNOWN = "private", "hosting", "tor", "unknown"
# Networks that are not on the Internet (RFC 1918, 6598, 3927, 1122, 4193, 4291). Addresses for
# documentation are not among them: in a log they stand for one somewhere else.
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
# Autonomous systems from which companies rent out machines, and few people browse.
_HOSTING_ASNS = frozenset(
    {
        14061,  # DigitalOcean
        14618,  # Amazon
        16276,  # OVH
        16509,  # Amazon
        20473,  # Vultr
        24940,  # Hetzner
        31898,  # Oracle Cloud
        45102,  # Alibaba Cloud
        51167,  # Contabo
        60781,  # LeaseWeb
        63949,  # Linode
        132203,  # Tencent Cloud
        396982,  # Google Cloud
    }
)


class Classes:
    """Address classes by the lists a user gives and by what is known of private networks."""

    def __init__(self, *, tor: Path | None, hosting: Path | None) -> None:
        """Raises ConfigError with `file:line` for an entry that is no address or network."""
        self._lists = (
            (PRIVATE, Networks((network(text), PRIVATE) for text in _PRIVATE)),
            (TOR, Networks(_entries(tor, TOR))),
            (HOSTING, Networks(_entries(hosting, HOSTING))),
        )

    def find(self, ip: Address, asn: int | None) -> str:
        for name, networks in self._lists:
            if networks.find(ip):
                return name
        return HOSTING if asn in _HOSTING_ASNS else UNKNOWN


def _entries(path: Path | None, word: str) -> Iterator[tuple[Network, str]]:
    if path is None:
        return
    for at, entry in listfile.entries(path):
        try:
            yield network(entry), word
        except ValueError as error:
            raise ConfigError(
                f"{at}: {entry!r} is no address or network; write 192.0.2.7 or 192.0.2.0/24"
            ) from error
