"""Words: what an act is called in a sentence, as a colleague would tell it.

In: the source, application and action of an Activity. Out: "read 60 secrets", "reading secrets",
and how much harm such acts can do. The words are data: `vocabulary/SOURCE.toml`, and the user's own
files of the same form beside them; an action that no file names is put in words by its verb.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from wheeltapper.errors import ConfigError
from wheeltapper.refine import values
from wheeltapper.refine.guess import Verbs
from wheeltapper.refine.phrase import DENIED, FAILURE, SUCCESS, Phrase, parse

FOLDER = Path(__file__).parent / "vocabulary"
ANY_APP = "*"
HIGHEST_SEVERITY = 6.0
_VERSION = re.compile(r"20\d{6}(v\d+)?$")
_DENIAL = re.compile(
    r"denied|denies|not\W?authori[sz]ed|unauthori[sz]ed|forbidden|not\W?allowed|no permission|"
    r"insufficient\w*\W?(permission|privilege)|missing\w*\W?permission|blocked",
    re.I,
)
_Acts = Mapping[str, Mapping[str, Phrase]]


class Vocabulary:
    """The words of one workspace. Every answer is one line of text that can be shown."""

    def __init__(
        self, sources: Mapping[str, _Acts], apps: Mapping[tuple[str, str], str], zone: ZoneInfo
    ) -> None:
        """`sources`: phrases by source, application and action; `apps`: how those applications are
        written, by source and application; names of applications as `_plain` gives them.
        """
        self._sources = sources
        self._apps = apps
        self._zone = zone
        self._verbs = Verbs.load()
        self._codes = values.Codes.load()
        self._phrase = lru_cache(maxsize=8192)(self._look_up)  # names come from logs: bounded

    @classmethod
    def load(cls, extra: Path | None = None, timezone: str = "UTC") -> "Vocabulary":
        """Read the packaged vocabulary, and that of the folder `extra` over it.

        A user's entry takes the place of the packaged one for the same source, application and
        action; a file with a new name is a new source.

        Raises
        ------
        ConfigError   with `file:line` for an entry that cannot be used.
        """
        sources: dict[str, dict[str, dict[str, Phrase]]] = {}
        apps: dict[tuple[str, str], str] = {}
        for folder in (FOLDER, extra):
            if folder is None or not folder.is_dir():
                continue
            for path in sorted(folder.glob("*.toml")):
                source = sources.setdefault(path.stem, {})
                for heading, acts in _read(path).items():
                    written, *names = (name.strip() for name in heading.split("|"))
                    for name in (written, *names):
                        source.setdefault(_plain(name), {}).update(acts)
                        apps[path.stem, _plain(name)] = written
        return cls(sources, apps, ZoneInfo(timezone))

    def act(
        self,
        source: str,
        app: str,
        action: str,
        count: int = 1,
        target: str | None = None,
        outcome: str = SUCCESS,
        reason: str | None = None,
    ) -> str:
        """Tell an act in the past tense, without its subject: `read the secret prod/db`.

        `count` acts are told together: `read 60 secrets`. With `outcome` failure it was tried:
        `was denied reading a secret` where `reason` (the Activity's) says that it was refused,
        `failed to read a secret` where it may have failed otherwise.
        """
        if outcome != FAILURE:
            outcome = SUCCESS  # an outcome that was not told is not called a failure
        elif reason and _DENIAL.search(reason[:500]):
            outcome = DENIED
        phrase = self._phrase(source, app, action)
        if outcome == DENIED and phrase.verb in ("sign", "prove", "answer"):
            outcome = FAILURE  # nobody is "denied signing in": they fail to
        return phrase.told(
            self._verbs.forms,
            count=max(count, 1),
            target=values.name(target or ""),
            app=self.app(source, app),
            outcome=outcome,
        )

    def noun(self, source: str, app: str, action: str) -> str:
        """Tell an act as a thing in general: `reading secrets`."""
        phrase = self._phrase(source, app, action)
        return phrase.doing(self._verbs.forms, app=self.app(source, app))

    def severity(self, source: str, app: str, action: str) -> float:
        """Harm that acts of this kind can do, in bits from 0 (looking around) to 6 (a new
        administrator, the end of an audit trail).

        Expert judgement, for ranking among equally unusual acts.
        """
        return self._phrase(source, app, action).severity

    def app(self, source: str, app: str) -> str:
        """Say an application: `Secrets Manager` of `secretsmanager.amazonaws.com`."""
        written = self._apps.get((source, _plain(app)), "") if app != ANY_APP else ""
        return written or values.clean(app) or "the application"

    @property
    def zone(self) -> ZoneInfo:
        """Of those who read the words."""
        return self._zone

    def value(self, column: str, value: object) -> str:
        """Say the value of an Activity column: `Nigeria`, `Monday 03:00–04:00`, `9.3 GB`."""
        return self._codes.value(column, value, self._zone)

    def category(self, category: str) -> str:
        """Say a group of acts: `account changes`."""
        return self._codes.value("category", category, self._zone)

    def knows(self, source: str, app: str, action: str) -> bool:
        """Whether a vocabulary file names the action, so that it is not put in words by guess."""
        return self._find(source, app, action) is not None

    def _look_up(self, source: str, app: str, action: str) -> Phrase:
        found = self._find(source, app, action)
        if found:
            return found
        shown = values.clean(action, 80)
        return self._verbs.phrase(shown) if shown else Phrase("do", (" something unnamed",))

    def _find(self, source: str, app: str, action: str) -> Phrase | None:
        apps = self._sources.get(source)
        if apps is None:
            return None
        # An application that the file does not name may go by another name there.
        ours = [apps[name] for name in (_plain(app), ANY_APP) if name in apps]
        places = ours if _plain(app) in apps else [*ours, *apps.values()]
        for key in _keys(action):
            for acts in places:
                if key in acts:
                    return acts[key]
        return None


def _keys(action: str) -> list[str]:
    """Names under which an action may stand: its own, without version, without its prefixes."""
    key = action.strip().rstrip(".").casefold()
    keys = [key, _VERSION.sub("", key)]
    for mark in (".", ":"):
        parts = key.split(mark)[:12]  # a hostile name may have a million
        keys += [mark.join(parts[i:]) for i in range(1, len(parts))]
    return list(dict.fromkeys(keys))


def _plain(app: str) -> str:
    """`Secrets Manager` and `secretsmanager.amazonaws.com` are one application."""
    if app == ANY_APP:
        return app
    return re.sub(r"[\W_]", "", app.casefold().removesuffix(".amazonaws.com"))


def _read(path: Path) -> dict[str, dict[str, Phrase]]:
    try:
        text = path.read_text(encoding="utf-8")
        apps = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    read: dict[str, dict[str, Phrase]] = {}
    for app, acts in apps.items():
        if not isinstance(acts, dict):
            raise ConfigError(
                f"{path}:{_line(text, app)}: {app} stands under no application; "
                f'put it under ["Application"], or under ["{ANY_APP}"] for any'
            )
        phrases = read.setdefault(app, {})
        for action, entry in acts.items():
            try:
                phrases[action.strip().rstrip(".").casefold()] = _entry(entry)
            except ValueError as error:
                raise ConfigError(f"{path}:{_line(text, action)}: {action}: {error}") from error
    return read


def _entry(entry: object) -> Phrase:
    if isinstance(entry, str):
        return parse(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("act"), str):
        raise ValueError('write it like { act = "read {a secret}", severity = 4 }')
    severity = entry.get("severity", 0)
    unknown = set(entry) - {"act", "severity"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} is not known; there are act and severity")
    if isinstance(severity, bool) or not isinstance(severity, int | float):
        raise ValueError(f"severity must be a number, got {severity!r}")
    if not 0 <= severity <= HIGHEST_SEVERITY:
        raise ValueError(f"severity must be from 0 to {HIGHEST_SEVERITY:.0f} bits, got {severity}")
    return parse(entry["act"], float(severity))


def _line(text: str, key: str) -> int:
    found = re.search(rf"^\s*\[?[\"']?{re.escape(key)}[\"']?\s*[\]=.]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1
