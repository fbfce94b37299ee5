"""Places: offices and travel destinations, and the addresses that people there are seen from."""

import ipaddress
from dataclasses import dataclass, replace
from functools import cache

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.tables import table


@dataclass(frozen=True, slots=True)
class City:
    """A city, as Okta describes it."""

    city: str
    country: str
    """ISO 3166-1 alpha-2."""
    name: str
    """The country's English name."""
    state: str
    postal: str
    zone: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Address:
    """An address on the Internet and whose it is."""

    ip: str
    city: City
    asn: int
    org: str
    domain: str
    proxy: bool = False
    """Known to pass on other people's traffic."""


@dataclass(frozen=True, slots=True)
class Network:
    """A range that a provider gives its customers in one country."""

    first: int
    size: int
    asn: int
    org: str
    domain: str

    def address(self, position: int, city: City) -> Address:
        """Of the customer at this position; never the first or last of a /24."""
        position = position % self.size
        last = 1 + position % 254
        ip = self.first + (position & ~255) + last
        return Address(str(ipaddress.ip_address(ip)), city, self.asn, self.org, self.domain)


@cache
def cities(of: str = "places") -> dict[str, City]:
    """Cities of a table: those where people work and travel, or those of `outside`."""
    return {
        city: City(
            city, v["country"], v["name"], v["state"], v["postal"], v["zone"], v["lat"], v["lon"]
        )
        for city, v in table(of)["city"].items()
    }


@cache
def offices() -> list[tuple[City, float]]:
    return [(cities()[o["city"]], float(o["weight"])) for o in table("places")["office"]]


@cache
def networks(country: str) -> list[Network]:
    return [_network(entry) for entry in table("places")["networks"][country]]


@cache
def mobile(country: str) -> Network:
    return _network(table("places")["mobile"][country])


@cache
def egress(name: str) -> Address:
    """End of the VPN tunnel of a region."""
    e = table("places")["egress"][name]
    return Address(e["ip"], cities()[e["city"]], e["asn"], e["org"], e["domain"])


def destinations(office: str) -> list[City]:
    return [cities()[name] for name in table("places")["trips"][office]]


def anywhere(city: City, chance: Chance) -> Address:
    """Some customer's address in the city's country: a home, a hotel, a fair."""
    network = chance.pick(networks(city.country))
    return network.address(chance.below(network.size), city)


def outside(name: str, chance: Chance) -> Address:
    """Some customer's address in a network of outside.toml: of one who does not work here."""
    entry = table("outside")["network"][name]
    city = (cities("outside") | cities())[entry["city"]]
    network = _network(entry)
    return replace(network.address(chance.below(network.size), city),
                   proxy=bool(entry.get("proxy")))  # fmt: skip


def _network(entry: dict[str, object]) -> Network:
    net = ipaddress.ip_network(str(entry["net"]))
    return Network(
        int(net.network_address),
        net.num_addresses,
        int(str(entry["asn"])),
        str(entry["org"]),
        str(entry["domain"]),
    )
