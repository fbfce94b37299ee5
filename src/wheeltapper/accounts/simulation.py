"""Accounts of nobody: an application with honest accounts and seven kinds of campaign, as tables.

The same seed writes the same files. Honest life has what fools a detector: households and offices
that share addresses and cards, traders who write the same to many, sales at which a crowd acts
within the hour, people who are reported for nothing. What is found here says nothing about another
place: who wrote the campaigns wrote the detector, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
DAYS = 120
BEFORE = 300
"""Days before the start on which the oldest accounts were made."""
_DAY, _HOUR = 86_400, 3_600
_CIRCLE = 30
_SELLERS = 0.02
_KNOWN_AFTER = 3 * _DAY
"""A campaign is known so long after its end."""
_VOCABULARY = (
    "river market paper garden winter silver coffee table music letter window yellow bridge "
    "morning summer island travel kitchen bottle forest dinner camera orange school office pocket "
    "planet engine ticket castle hammer violin basket mirror candle harbour meadow copper velvet "
    "thunder"
)
_WORDS = _VOCABULARY.split()
MAPPING = """\
# Simulated accounts, by `wheeltapper accounts simulate`.
[accounts]
file = "accounts.csv"
id = "user"
created = "signed_up"
numbers = ["photos", "profile_words"]
[[acts]]
file = "messages.parquet"
kind = "message"
account = "sender"
target = "receiver"
time = "sent"
text = "body"
[[acts]]
file = "payments.csv"
kind = "payment"
account = "payer"
target = "payee"
time = "paid"
amount = "amount"
[[acts]]
file = "reviews.csv"
kind = "review"
account = "author"
target = "about"
time = "written"
text = "body"
[[shared]]
file = "logins.parquet"
account = "user"
time = "at"
values = { address = "address", device = "device" }
[[shared]]
file = "payments.csv"
account = "payer"
time = "paid"
values = { card = "card" }
[reports]
file = "reports.ndjson"
account = "user"
time = "at"
[labels]
file = "labels.csv"
account = "user"
fraud = "fraud"
time = "known"
kind = "campaign"
"""


@dataclass
class World:
    """Accounts and what they did, as it grows."""

    rng: np.random.Generator
    created: list[int] = field(default_factory=list)
    photos: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    home: list[tuple[str, str, str]] = field(default_factory=list)
    """Address, device and card of each account."""
    campaign: list[str] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    messages: list[tuple[int, int, int, str]] = field(default_factory=list)
    payments: list[tuple[int, int, int, float, str]] = field(default_factory=list)
    reviews: list[tuple[int, int, int, str]] = field(default_factory=list)
    logins: list[tuple[int, int, str, str]] = field(default_factory=list)
    reports: list[tuple[int, int]] = field(default_factory=list)
    honest: int = 0
    sellers: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def join(self, created: int, home: tuple[str, str, str], campaign: str = "") -> int:
        """A new account's number."""
        self.created.append(created)
        self.photos.append(int(self.rng.poisson(3 if campaign else 4)))
        self.words.append(int(self.rng.poisson(18 if campaign else 20)))
        self.home.append(home)
        self.campaign.append(campaign)
        self.known.append(0)
        return len(self.created) - 1

    def say(self, length: int = 0) -> str:
        """Some words that nobody else says in this order."""
        n = length or int(self.rng.integers(4, 14))
        return " ".join(self.rng.choice(_WORDS, n))

    def write(self, who: int, whom: int, at: int, text: str) -> None:
        """A message, and the login that it takes."""
        self.messages.append((who, whom, at, text))
        self.login(who, at)

    def login(self, who: int, at: int, home: tuple[str, str, str] | None = None) -> None:
        address, device, _ = home or self.home[who]
        self.logins.append((who, at - 60, address, device))

    def pay(self, who: int, whom: int, at: int, amount: float, card: str = "") -> None:
        self.payments.append((who, whom, at, round(amount, 2), card or self.home[who][2]))

    def review(self, who: int, whom: int, at: int) -> None:
        self.reviews.append((who, whom, at, self.say()))

    def day(self, low: float = 0, high: float = DAYS) -> int:
        """A second between two days of the simulation."""
        return START + int(self.rng.uniform(low, high) * _DAY)

    def stranger(self) -> int:
        return int(self.rng.integers(self.honest))

    def end(self, members: list[int], at: int) -> None:
        """The campaign is known from then on; some victims have reported it before."""
        for one in members:
            self.known[one] = at + _KNOWN_AFTER
            if self.rng.random() < 0.35:
                self.reports.append((one, at - int(self.rng.integers(_DAY))))


def simulate(folder: Path, *, accounts: int = 3000, seed: int = 1) -> dict[str, int]:
    """Write the tables, their `accounts.toml` and what they are into a folder; counts by kind."""
    world = World(np.random.default_rng(seed), honest=accounts)
    _settle(world)
    _live(world)
    each = max(3, accounts // 1000)
    for kind, plan in KINDS.items():
        for number in range(each):
            begin = START + int((DAYS - 15) * _DAY * (number + world.rng.random()) / each)
            plan(world, f"{kind} {number}", begin)
    _save(world, folder)
    counts = {kind: sum(c.startswith(f"{kind} ") for c in world.campaign) for kind in KINDS}
    return {"honest": world.campaign.count(""), **counts}


def _settle(world: World) -> None:
    """Honest accounts: households and offices share addresses, some families a card."""
    rng = world.rng
    for one in range(world.honest):
        circle, house = one // _CIRCLE, one // 3 if rng.random() < 0.3 else world.honest + one
        address = f"office-{circle}" if rng.random() < 0.3 else f"home-{house}"
        if rng.random() < 0.15:
            address = f"carrier-{rng.integers(world.honest // 20)}"
        card = f"card-{house}" if rng.random() < 0.3 else f"card-own-{one}"
        device = f"device-{house}" if rng.random() < 0.3 else f"device-own-{one}"
        if rng.random() < 0.05:  # a firm's card, a library's computer
            card, device = f"card-firm-{circle}", f"device-hall-{circle}"
        created = START + int(rng.uniform(-BEFORE, DAYS - 2) * _DAY)
        world.join(created, (address, device, card))
    world.sellers = rng.choice(world.honest, max(5, int(world.honest * _SELLERS)), replace=False)


def _live(world: World) -> None:
    rng = world.rng
    sales = [(int(rng.choice(world.sellers)), world.day()) for _ in range(DAYS // 4)]
    for one in range(world.honest):
        start = max(0.0, (world.created[one] - START) / _DAY)
        circle = one // _CIRCLE * _CIRCLE
        friends = circle + rng.choice(_CIRCLE, int(rng.integers(2, 9)), replace=False)
        friends = friends[(friends < world.honest) & (friends != one)]
        busy = float(rng.gamma(1.2, 0.25)) * (DAYS - start)
        # One in eight looks for strangers: recruiters, collectors, those who are new in town.
        social = 0.85 if rng.random() < 0.88 else 0.15
        for at in (world.day(start) for _ in range(rng.poisson(busy))):
            whom = int(rng.choice(friends)) if len(friends) and rng.random() < social else 0
            whom = whom or world.stranger()
            if whom == one or world.created[whom] > at:
                continue
            world.write(one, whom, at, world.say())
            if rng.random() < (0.6 if whom // _CIRCLE == one // _CIRCLE else 0.2):
                world.write(whom, one, at + int(rng.integers(60, _DAY)), world.say())
        for at in (world.day(start) for _ in range(rng.poisson(busy / 6))):
            _shop(world, one, int(rng.choice(world.sellers)), at)
        for seller, at in sales:
            if rng.random() < 0.01 and at > world.created[one]:
                _shop(world, one, seller, at + int(rng.integers(2 * _HOUR)))
        if rng.random() < 0.02:
            world.reports.append((one, world.day(start)))
    for seller in world.sellers:
        if rng.random() < 0.6:
            offer = world.say(10)
            for _ in range(int(rng.integers(20, 120))):
                whom, at = (
                    world.stranger(),
                    world.day(max(0, (world.created[seller] - START) / _DAY)),
                )
                if whom != seller and world.created[whom] < at:
                    world.write(int(seller), whom, at, f"{offer} {world.say(2)}")


def _shop(world: World, one: int, seller: int, at: int) -> None:
    if one != seller and world.created[seller] < at:
        world.login(one, at)
        world.pay(one, seller, at, float(world.rng.lognormal(3, 1)))
        if world.rng.random() < 0.4:
            world.review(one, seller, at + int(world.rng.integers(_HOUR, 9 * _DAY)))


def _members(world: World, name: str, low: int, high: int, made: Callable[[], int]) -> list[int]:
    """Accounts of one hand: some addresses and devices in common, a card of their own each."""
    rng, count = world.rng, int(world.rng.integers(low, high))
    carriers = world.honest // 20
    made_of = []
    for k in range(count):
        address = f"{name}-a{rng.integers(count)}"
        if rng.random() < 0.5:  # from the same networks as everybody
            address = f"carrier-{rng.integers(carriers)}"
        device = f"{name}-d{rng.integers(count)}" if rng.random() < 0.4 else f"{name}-own-{k}"
        made_of.append(world.join(made(), (address, device, f"{name}-c{k}"), name))
    return made_of


def _pester(
    world: World, one: int, begin: int, span: int, count: int, text: Callable[[], str]
) -> None:
    for _ in range(count):
        whom, at = world.stranger(), begin + int(world.rng.integers(span))
        world.write(one, whom, at, text())
        if world.rng.random() < 0.12:
            world.write(whom, one, at + int(world.rng.integers(60, _DAY)), world.say())


def _blend_in(world: World, members: list[int], begin: int, span: int, each: float) -> None:
    """Some ordinary life of its own: talk among themselves, a purchase now and then."""
    for one in members:
        for _ in range(world.rng.poisson(each)):
            at = begin + int(world.rng.integers(span))
            if world.rng.random() < 0.7:
                world.write(one, int(world.rng.choice(members)), at, world.say())
            else:
                _shop(world, one, int(world.rng.choice(world.sellers)), at)


def _fast(world: World, name: str, begin: int) -> None:
    members = _members(world, name, 6, 20, lambda: begin - int(world.rng.integers(2 * _DAY)))
    for one in members:
        _pester(world, one, begin, _DAY, int(world.rng.integers(12, 60)), world.say)
    world.end(members, begin + _DAY)


def _aged(world: World, name: str, begin: int) -> None:
    age = 100 * _DAY
    members = _members(world, name, 8, 20, lambda: begin - age - int(world.rng.integers(60 * _DAY)))
    _blend_in(world, members, max(START, begin - 60 * _DAY), 60 * _DAY, 12)
    for one in members:
        _pester(world, one, begin, 4 * _DAY, int(world.rng.integers(8, 25)), world.say)
    world.end(members, begin + 4 * _DAY)


def _bought(world: World, name: str, begin: int) -> None:
    """Real accounts change hands: all history is honest, and then new devices and strangers."""
    free = [i for i in range(world.honest) if not world.campaign[i] and world.created[i] < begin]
    if len(free) < 20:
        return
    members = [
        int(i) for i in world.rng.choice(free, int(world.rng.integers(6, 14)), replace=False)
    ]
    for one in members:
        world.campaign[one] = name
        world.home[one] = (f"{name}-a{one % 3}", f"{name}-d{one % 5}", world.home[one][2])
        _pester(world, one, begin, 5 * _DAY, int(world.rng.integers(8, 25)), world.say)
    world.end(members, begin + 5 * _DAY)


def _drip(world: World, name: str, begin: int) -> None:
    members = _members(world, name, 8, 18, lambda: begin - int(world.rng.integers(20 * _DAY)))
    span = max(_DAY, min(25 * _DAY, START + DAYS * _DAY - begin))
    _blend_in(world, members, begin, span, 8)
    for one in members:
        _pester(world, one, begin, span, int(world.rng.integers(5, 15)), world.say)
    world.end(members, begin + span)


def _card(world: World, name: str, begin: int) -> None:
    members = _members(world, name, 10, 40, lambda: begin - int(world.rng.integers(10 * _DAY)))
    for one in members:
        seller = int(world.rng.choice(world.sellers))
        for _ in range(int(world.rng.integers(1, 4))):
            at = begin + int(world.rng.integers(2 * _HOUR))
            world.login(one, at)
            world.pay(one, seller, at, float(world.rng.lognormal(4, 0.5)), f"{name}-card")
    world.end(members, begin + _DAY)


def _template(world: World, name: str, begin: int) -> None:
    members = _members(world, name, 8, 25, lambda: begin - int(world.rng.integers(15 * _DAY)))
    said = world.say(12).split()

    def vary() -> str:
        words = list(said)
        words[int(world.rng.integers(len(words)))] = str(world.rng.choice(_WORDS))
        return " ".join(words)

    for one in members:
        _pester(world, one, begin, 6 * _DAY, int(world.rng.integers(4, 14)), vary)
    world.end(members, begin + 6 * _DAY)


def _ring(world: World, name: str, begin: int) -> None:
    members = _members(world, name, 10, 25, lambda: begin - int(world.rng.integers(40 * _DAY)))
    _blend_in(world, members, max(START, begin - 10 * _DAY), 18 * _DAY, 5)
    for target in world.rng.choice(world.sellers, int(world.rng.integers(3, 6)), replace=False):
        at = begin + int(world.rng.integers(8 * _DAY))
        for one in members:
            if world.rng.random() < 0.8:
                world.login(one, at)
                world.review(one, int(target), at + int(world.rng.integers(2 * _HOUR)))
    world.end(members, begin + 9 * _DAY)


KINDS: dict[str, Callable[[World, str, int], None]] = {
    "fast": _fast, "aged": _aged, "bought": _bought, "drip": _drip, "card": _card,
    "template": _template, "ring": _ring,
}  # fmt: skip
"""Name: who does it how."""


def _save(world: World, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count = len(world.created)
    ids = np.array([f"u{n:06d}" for n in world.rng.permutation(count)])
    last = START + DAYS * _DAY

    def iso(times: list[int]) -> list[str]:
        return [datetime.fromtimestamp(t, UTC).isoformat() if t else "" for t in times]

    def table(
        rows: Sequence[tuple[object, ...]], names: list[str], who: int, when: str
    ) -> pl.DataFrame:
        kept = [row for row in rows if row[names.index(when)] < last]  # type: ignore[operator]
        columns = {n: list(c) for n, c in zip(names, zip(*kept, strict=True), strict=True)}
        for name in names[:who]:
            columns[name] = ids[np.array(columns[name])].tolist()
        made = pl.DataFrame(columns).sort(when, names[0], maintain_order=True)
        return made.with_columns(pl.from_epoch(when, "s").dt.replace_time_zone("UTC"))

    order = np.argsort(ids)
    pl.DataFrame(
        {"user": ids[order], "signed_up": np.array(iso(world.created))[order],
         "photos": np.array(world.photos)[order], "profile_words": np.array(world.words)[order]}
    ).write_csv(folder / "accounts.csv")  # fmt: skip
    table(world.messages, ["sender", "receiver", "sent", "body"], 2, "sent").write_parquet(
        folder / "messages.parquet"
    )
    table(world.payments, ["payer", "payee", "paid", "amount", "card"], 2, "paid").write_csv(
        folder / "payments.csv"
    )
    table(world.reviews, ["author", "about", "written", "body"], 2, "written").write_csv(
        folder / "reviews.csv"
    )
    table(world.logins, ["user", "at", "address", "device"], 1, "at").write_parquet(
        folder / "logins.parquet"
    )
    table(world.reports, ["user", "at"], 1, "at").with_columns(
        pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    ).write_ndjson(folder / "reports.ndjson")
    pl.DataFrame(
        {"user": ids[order], "fraud": [int(bool(world.campaign[i])) for i in order],
         "known": np.array(iso(world.known))[order],
         "campaign": [world.campaign[i].split(" ")[0] for i in order]}
    ).write_csv(folder / "labels.csv")  # fmt: skip
    (folder / "accounts.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "SIMULATED").write_text(
        "Nothing here is of real people; made by `wheeltapper accounts simulate`.\n",
        encoding="utf-8",
    )
