"""Scenario: what is planted, as a TOML file says it: who by rule, and acts like those of the lake.

    name = "stolen-session"
    about = "A session is taken over: another country, another client, in the middle of the day"
    attack = ["T1539"]

    [who.owner]
    rule = "actor_type = 'human' and days_30 >= 10 and sessions > 0"

    [[step]]
    like = "category = 'data_access'"
    place = "abroad"
    client = "new"
    session = "own"
    times = 8

The packaged files lie in `scenarios/`, a user's own in the workspace under `drills/`. Whatever is
wrong is said with file and line. What each field means: docs/drill.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa

from wheeltapper import activity
from wheeltapper.detect import hint
from wheeltapper.detect.lines import Lines
from wheeltapper.engines.local.drill.past import LIKE, PROFILE
from wheeltapper.errors import ConfigError

PACKAGED = Path(__file__).parent / "scenarios"
WHOSE = ("own", "peers", "others", "anybody")
"""Of whom acts are copied: besides, a member of the cast."""
CROWD = "crowd"
"""Everybody who acted in the last thirty days, as the one who does a step."""
FIXED = {"event_id", "native_id", "time", "began", "received", "late", "source", "raw", "actor",
         "hour_of_week", "workday"}  # fmt: skip
"""Columns that `set` cannot give: they follow from who, when and what."""
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_WORD = re.compile(r"\{(\w+)\}")
Mistake = Callable[..., ConfigError]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of the cast: found among the lake's actors by a rule, or made up."""

    rule: str = ""
    """SQL condition on what is known of an actor (`past.PROFILE`); `lead` is the first member."""
    new: str = ""
    """The name of an account that did not exist."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acts like some that the lake holds, done one after the other."""

    like: str
    """SQL condition on Activity columns, and on `past.LIKE`: what is copied."""
    whose: str = "own"
    """`WHOSE`, or a member."""
    by: str = ""
    """Who does it: a member (the first), or `CROWD`."""
    times: int = 1
    different: int = 0
    """So many acts are copied, over and over; 0: another one each time, while there are."""
    fold: float = 0.0
    """So many times what the actor does of it on a day, `times` at least."""
    share: float = 1.0
    """Of the crowd."""
    whole: bool = False
    """Copy whole sessions: everything that was done in one of such an act."""
    day: int | None = None
    """Days after the first; left out, the step follows the one before."""
    for_days: int = 1
    hour: float | Literal["own", "copied"] | None = None
    """Of the actor's local day; `own` among their own acts, `copied` when the copied act was."""
    after_s: float = 20.0
    """Since the step before, in seconds."""
    every_s: float = 45.0
    rhythm: Literal["human", "regular"] = "human"
    place: Literal["own", "copied", "abroad", "hosting"] = "own"
    """From where."""
    client: Literal["own", "copied", "new"] = "own"
    """With which program."""
    session: Literal["new", "own"] = "new"
    """`own`: the one that the actor is in at that time."""
    set: dict[str, str | int | float | bool] = {}
    """Activity columns that are given; `{member}` becomes that member's name."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    name: str
    about: str
    attack: tuple[str, ...] = ()
    """ATT&CK ids."""
    on: Literal["work", "off", "any"] = "work"
    """The first day: one on which the first member acts, does not act, or any."""
    who: dict[str, Member]
    """The first one leads."""
    step: tuple[Step, ...]

    @property
    def lead(self) -> str:
        return next(iter(self.who))

    @property
    def length_days(self) -> int:
        return max((step.day or 0) + step.for_days for step in self.step)


def load(folders: Sequence[Path] = ()) -> list[Scenario]:
    """The packaged scenarios and those of `folders`, by name; a later one of a name replaces.

    Raises
    ------
    ConfigError   naming file, line and what to do.
    """
    found: dict[str, Scenario] = {}
    for folder in (PACKAGED, *folders):
        for file in sorted(folder.glob("*.toml")):
            one = read(file)
            found[one.name] = one
    return [found[name] for name in sorted(found)]


def chosen(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    """Those of these names; all, without any.

    Raises
    ------
    ConfigError   if there is none of a name.
    """
    known = {one.name: one for one in scenarios}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no scenario {name}; {hint.meant(name, known)}")
    return [one for one in scenarios if not names or one.name in names]


def read(file: Path) -> Scenario:
    """One scenario, checked whole.

    Raises
    ------
    ConfigError   naming file, line and what to do.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: not valid TOML: {error}; save it as UTF-8") from error
    lines = Lines(text)

    def mistake(what: str, *names: str) -> ConfigError:
        said = ".".join(names)
        return ConfigError(f"{file}:{lines.of(*names)}: {said}{': ' if said else ''}{what}")

    try:
        one = msgspec.toml.decode(text, type=Scenario)
    except msgspec.ValidationError as error:
        raise _explained(str(error), mistake) from error
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{file}:{lines.of_error(str(error))}: not valid TOML: {error}"
        ) from error
    _check(one, mistake)
    return one


def _explained(error: str, mistake: Mistake) -> ConfigError:
    """A decoder's message, with the place and the names that were meant."""
    place = _PLACE.search(error)
    path = place[1] if place else ""
    names = [
        f"{name}#{int(number) + 1}" if number else name
        for name, number in re.findall(r"(\w+|\[\.\.\.\])(?:\[(\d+)\])?", path)
    ]
    said = _PLACE.sub("", error)
    if unknown := _UNKNOWN.search(error):
        kind: type[msgspec.Struct] = Scenario
        if names:
            kind = Step if names[0].startswith("step") else Member
        fields = [f.encode_name for f in msgspec.structs.fields(kind)]
        return mistake(f"is no field; {hint.meant(unknown[1], fields)}", *names, unknown[1])
    if said.startswith("Invalid enum value") and names:
        kind = Step if names[0].startswith("step") else Scenario
        (field,) = (f for f in msgspec.structs.fields(kind) if f.encode_name == names[-1])
        words = re.findall(r"'(\w+)'", str(field.type))
        return mistake(f"{said}; there are: {', '.join(words)}", *names)
    return mistake(f"{said[:1].lower()}{said[1:]}; docs/drill.md lists the fields", *names)


def _check(one: Scenario, mistake: Mistake) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", one.name):
        raise mistake("must be of small letters, digits and -", "name")
    if not one.who:
        raise mistake("needs somebody who acts, such as [who.owner]", "who")
    if not one.step:
        raise mistake("needs at least one [[step]]", "step")
    for name, member in one.who.items():
        if bool(member.rule) == bool(member.new):
            raise mistake("needs a rule, or the name of a new account: one of the two",
                          "who", name)  # fmt: skip
        if member.new and name == one.lead:
            raise mistake("the first member leads: it must be found by a rule", "who", name)
        columns = PROFILE
        if name != one.lead:
            columns = columns.append(pa.field("lead", pa.struct(list(PROFILE))))
        if member.rule and (said := hint.sql_mistake(member.rule, "condition", columns)):
            raise mistake(said, "who", name, "rule")
    for number, step in enumerate(one.step, start=1):
        _check_step(one, step, f"step#{number}", mistake)


def _check_step(one: Scenario, step: Step, at: str, mistake: Mistake) -> None:
    columns = pa.schema([*activity.SCHEMA, *LIKE])
    if said := hint.sql_mistake(step.like, "condition", columns):
        raise mistake(said, at, "like")
    known = [*WHOSE, *(name for name, member in one.who.items() if not member.new)]
    if step.whose not in known:
        raise mistake(f"there is no {step.whose!r}; {hint.meant(step.whose, known)}", at, "whose")
    if step.by and step.by not in (CROWD, *one.who):
        who = [CROWD, *one.who]
        raise mistake(f"there is no {step.by!r}; {hint.meant(step.by, who)}", at, "by")
    if step.whose == "own" and (step.by == CROWD or (step.by and one.who[step.by].new)):
        raise mistake(
            "has no acts of its own that could be copied; say whose = 'anybody'", at, "by"
        )
    for name, low, high in (
        ("times", 1, 5_000), ("different", 0, 5_000), ("fold", 0, 10_000), ("share", 0, 1),
        ("for_days", 1, 60), ("after_s", 0, 86_400), ("every_s", 0, 86_400),
    ):  # fmt: skip
        if not low <= getattr(step, name) <= high:
            raise mistake(f"must be from {low:,} to {high:,}", at, name)
    if step.day is not None and not 0 <= step.day <= 60:
        raise mistake("must be from 0 to 60", at, "day")
    if isinstance(step.hour, float | int) and not 0 <= step.hour < 24:
        raise mistake("must be an hour of the day, from 0 to 23.99", at, "hour")
    for name, value in step.set.items():
        _check_given(one, name, value, at, mistake)


def _check_given(one: Scenario, name: str, value: object, at: str, mistake: Mistake) -> None:
    free = [column for column in activity.SCHEMA.names if column not in FIXED]
    if name in FIXED:
        raise mistake("follows from who, when and what; it cannot be given", at, "set", name)
    if name not in free:
        raise mistake(f"is no column; {hint.meant(name, free, hint.COLUMNS)}", at, "set", name)
    kind = activity.SCHEMA.field(name).type
    wanted: Mapping[type, bool] = {
        str: pa.types.is_string(kind), bool: pa.types.is_boolean(kind),
        int: pa.types.is_integer(kind) or pa.types.is_floating(kind),
        float: pa.types.is_floating(kind),
    }  # fmt: skip
    if not wanted[type(value)]:
        raise mistake(f"must be of type {kind}, got {value!r}", at, "set", name)
    if name in hint.CODES and value not in hint.CODES[name]:
        raise mistake(f"is one of {', '.join(hint.CODES[name])}", at, "set", name)
    for word in _WORD.findall(str(value)):
        if word not in one.who:
            raise mistake(f"there is nobody called {{{word}}}; {hint.meant(word, one.who)}",
                          at, "set", name)  # fmt: skip


def filled(value: object, names: Mapping[str, str]) -> object:
    """A value of `set` with the names of the cast in it."""
    if not isinstance(value, str):
        return value
    return _WORD.sub(lambda found: names[found[1]], value)
