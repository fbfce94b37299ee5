"""Play: an attack written down act by act: the language of the files under scenarios/.

A file says who (`who`), about when (`when`) and, in phases of steps, what is done as whom, from
where, with what, how often and how far apart. `performance` performs it.
"""

from typing import Any, Literal

import msgspec

from wheeltapper.simulate.cast import STAFF, Member

WORK: Literal["work"] = "work"
OFF: Literal["off"] = "off"
ANY: Literal["any"] = "any"
Times = Literal["work", "off", "any"]


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which day it begins."""

    days_before_end: int
    """About so many in a story of 60 days, fewer in a shorter one: the nearest day that fits."""
    on: Times = ANY
    """A day on which the first of the cast works (and not on a trip), is free, or any."""
    hour: float | None = None
    """Local hour at which they have to be at work, with `on = "work"`."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same thing, once or many times."""

    source: Literal["okta", "cloud", "console", "drive", "ssh"]
    """Which log it leaves records in; `console` is the cloud's web page."""
    do: tuple[str, ...]
    """okta: event types, or `sso APPLICATION`; cloud: `SERVICE OPERATION/kind`; drive: event names,
    each time about the next of the team's documents; ssh: hosts."""
    by: str = ""
    """Of the cast; empty: the first. `staff`: everybody in turn, by `share`."""
    place: str = "own"
    """See `cast.address`; `place_of` names another member whose place it is."""
    place_of: str = ""
    agent: str = ""
    """See `cast.agent`; empty: what the source is usually talked to with."""
    agent_of: str = ""
    session: str = ""
    """Name of a session of this scenario; `theirs`: the one they are in at that moment."""
    after_s: tuple[float, float] = (3, 40)
    """Pause before it."""
    times: int = 1
    """How often all of `do` is done."""
    pick: int = 0
    """Only so many of `do` each time, drawn anew."""
    every_s: float = 20
    """From one time to the next."""
    gap_s: float = 4
    """Between the acts of one time."""
    rhythm: Literal["random", "jittered", "regular"] = "random"
    """Gaps: exponential; between half and one and a half; as a machine keeps them (1 %)."""
    share: float = 1.0
    """Of the staff."""
    result: str = "SUCCESS"
    reason: str | None = None
    factor: str | None = None
    """okta: outcome and second factor."""
    target: str = ""
    """okta: `self`, a member, or `group:`, `app:`, `policy:`, `token:` with a name; drive: an
    address outside that may open it from now on."""
    details: dict[str, str] = {}
    """okta: into the debug data."""
    about: str = ""
    """cloud: name of the thing; empty: one of the player's team."""
    params: dict[str, Any] | None = None  # Any: JSON
    answer: dict[str, Any] | None = None  # Any: JSON
    """cloud: what is asked and answered; `{words}` are filled in, see `_filled`."""
    error: str = ""
    """cloud: `denied`, `missing`, or a code of AWS's."""
    error_share: float = 1.0
    moved: int = 0
    """cloud: about so many bytes each time, for S3's data events."""
    hop: bool = False
    """ssh: through the bastion, as people do."""
    failures: int = 0
    """ssh: so many wrong passwords before."""
    method: Literal["publickey", "password"] = "publickey"
    minutes: float = 6


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps one after the other, on one day or on each of several."""

    day: int = 0
    """Days after the first."""
    for_days: int = 1
    only: Times = ANY
    """Left out on days on which the first of the cast does not work, or does."""
    hour: float | None = None
    """Local hour of the first of the cast (UTC for a service); empty: some time of their work."""
    spread_h: float = 0.2
    step: tuple[Step, ...]


class Play(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario."""

    name: str
    about: str
    attack: tuple[str, ...]
    """ATT&CK ids."""
    who: dict[str, Member]
    """The first is whose identity the story is about."""
    when: When
    phase: tuple[Phase, ...]
    only_when_asked: bool = False
    """Left out unless it is asked for by name."""

    def __post_init__(self) -> None:
        if not self.who or not self.phase:
            raise ValueError(f"scenario {self.name} needs somebody and something to do")
        known = set(self.who) | {STAFF, ""}
        for step in (s for p in self.phase for s in p.step):
            named = {step.by, step.place_of, step.agent_of}
            for name in (*named, *(m.of for m in self.who.values())):
                if name not in known:
                    raise ValueError(f"scenario {self.name}: {name} is not in its cast")

    @property
    def length_days(self) -> int:
        return max(p.day + p.for_days for p in self.phase)
