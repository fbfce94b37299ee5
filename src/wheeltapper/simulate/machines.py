"""Machines: the user agents of laptops, phones and tools, and how their versions move on.

A version comes out on some day and reaches each machine after a wait of its own; some wait weeks.
"""

from dataclasses import dataclass

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.people import Person

# (days between releases, versions in order); the first is already out when the story begins.
_CHROME = (28, ("146.0.0.0", "147.0.0.0", "148.0.0.0", "149.0.0.0"))
_FIREFOX = (28, ("148.0", "149.0", "150.0", "151.0"))
_SAFARI = (45, ("19.3", "19.4", "19.5"))
_PHONE = {"iphone": (40, ("19_3", "19_3_1", "19_4")), "android": (60, ("16", "16", "17"))}
_CLI = (30, ("2.34.6", "2.34.21", "2.35.4"))
_BOTO = (40, ("1.42.61", "1.42.90", "1.43.8"))
_TERRAFORM = (35, ("1.14.5", "1.14.6", "1.15.0"))
_PROVIDER = {"1.14.5": "6.33.0", "1.14.6": "6.36.0", "1.15.0": "6.41.0"}
_KERNEL = (31, ("6.8.0-101-generic", "6.8.0-106-generic", "6.8.0-110-generic"))

_OS = {
    "mac": ("Mac OS X", "Macintosh; Intel Mac OS X 10_15_7"),
    "windows": ("Windows 10", "Windows NT 10.0; Win64; x64"),
    "linux": ("Linux", "X11; Linux x86_64"),
}


@dataclass(frozen=True, slots=True)
class Agent:
    """What a client says about itself, and how Okta reads it."""

    raw: str
    os: str
    browser: str
    device: str


class Machines:
    """One person's laptop and phone."""

    def __init__(self, person: Person, seed: int) -> None:
        self.person = person
        chance = Chance(seed, "machines", person.number)
        self._lag = {name: chance.wait(5.0) for name in ("browser", "phone", "cli", "sdk", "tf")}
        self._phase = {name: chance.between(0, 25) for name in ("browser", "phone", "sdk", "tf")}
        self._python = chance.pick(("3.11.9", "3.12.10", "3.12.8", "3.13.2"))

    def _version(self, name: str, table: tuple[int, tuple[str, ...]], day: int) -> str:
        gap, versions = table
        lag = self._lag[name]
        at = max(0, int((day - lag + 14) // gap))
        return versions[min(at, len(versions) - 1)]

    def browser(self, day: int) -> Agent:
        kind = self.person.browser
        os, system = _OS[self.person.laptop]
        if kind == "Firefox":
            v = self._version("browser", _FIREFOX, day)
            raw = f"Mozilla/5.0 ({system}; rv:{v}) Gecko/20100101 Firefox/{v}"
        elif kind == "Safari":
            v = self._version("browser", _SAFARI, day)
            raw = (
                f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                f"Version/{v} Safari/605.1.15"
            )
        else:
            v = self._version("browser", _CHROME, day)
            raw = (
                f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
                f"Chrome/{v} Safari/537.36"
            )
            if kind == "Edge":
                raw += f" Edg/{v}"
        return Agent(raw, os, {"Edge": "EDGE"}.get(kind, kind.upper()), "Computer")

    def phone(self, day: int) -> Agent:
        v = self._version("phone", _PHONE[self.person.phone], day)
        if self.person.phone == "iphone":
            raw = (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS {v} like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/19.3 Mobile/15E148 Safari/604.1"
            )
            return Agent(raw, "iOS (iPhone)", "SAFARI", "Mobile")
        chrome = self._version("browser", _CHROME, day)
        raw = (
            f"Mozilla/5.0 (Linux; Android {v}; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{chrome} Mobile Safari/537.36"
        )
        return Agent(raw, f"Android {v}", "CHROME", "Mobile")

    def cli(self, day: int, command: str) -> str:
        version = self._version("cli", _CLI, day)
        os = {"mac": "macos/25.3.0 md/arch#arm64", "windows": "windows/11 md/arch#amd64"}.get(
            self.person.laptop, f"linux/{self._version('tf', _KERNEL, day)} md/arch#x86_64"
        )
        return (
            f"aws-cli/{version} md/awscrt#0.31.2 ua/2.1 os/{os} lang/python#3.13.11 "
            f"md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/command#{command}"
        )

    def script(self, day: int) -> str:
        v = self._version("sdk", _BOTO, day)
        os = {"mac": "macos#25.3.0 md/arch#arm64", "windows": "windows#11 md/arch#amd64"}.get(
            self.person.laptop, f"linux#{self._version('tf', _KERNEL, day)} md/arch#x86_64"
        )
        return (
            f"Boto3/{v} md/Botocore#{v} ua/2.1 os/{os} lang/python#{self._python} "
            f"md/pyimpl#CPython cfg/retry-mode#legacy Botocore/{v}"
        )

    def terraform(self, day: int, service: str) -> str:
        v = self._version("tf", _TERRAFORM, day)
        os = {"mac": "macos lang/go#1.25.7 md/GOARCH#arm64"}.get(
            self.person.laptop, "linux lang/go#1.25.7 md/GOARCH#amd64"
        )
        return (
            f"APN/1.0 HashiCorp/1.0 Terraform/{v} (+https://www.terraform.io) "
            f"terraform-provider-aws/{_PROVIDER[v]} (+https://registry.terraform.io/providers/"
            f"hashicorp/aws) aws-sdk-go-v2/1.41.2 ua/2.1 os/{os} api/{service}#1.288.0"
        )
