"""Trials: an entry's own tests, run as detection would: what it said, and why it kept silent."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from wheeltapper.detect import catalogue
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.prepare import prepare
from wheeltapper.detect.process import process, start
from wheeltapper.detect.trial import LEARNING, Trial
from wheeltapper.engines.local.versions import meant
from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.refine.unpack import unpacked

SECRET = bytes(16)
"""Tests keep nothing, so the key of their hash need not be secret."""
TOLD = 3
Records = Callable[[Sequence[Path], str], pa.Table]
"""`(files, source)`: native records as `ingest` and `enrich` would hand them over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one test of one entry ended."""

    detector: str
    it: str
    passed: bool
    expected: str
    """Of whom it should speak, in words."""
    happened: str
    """Of whom it spoke, or why it did not, in words; empty where it passed."""


def tried(detector: Detector, records: Records) -> list[Result]:
    """Run an entry's tests.

    Raises
    ------
    ConfigError   for a file of records that cannot be read.
    """
    return [_tried(detector, trial, records) for trial in detector.tests]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """One finding, as far as a test tells it."""

    entity: str
    time: datetime
    bits: float
    value: str | None

    def __str__(self) -> str:
        value = f", {self.value}" if self.value else ""
        return f"{self.entity} ({self.time:%a %-d %b %H:%M}, {self.bits:.1f} bits{value})"


def _tried(detector: Detector, trial: Trial, records: Records) -> Result:
    acts = _acts(detector, trial, records)
    spoken = _spoken(detector, acts)
    begins = trial.begins
    then = [s for s in spoken if begins is None or s.time >= begins]
    wrong = [s for s in then if s.entity not in trial.fires]
    silent = sorted(trial.fires - {s.entity for s in then})
    noise = _noise(trial, spoken, acts)
    problems = []
    if wrong:
        problems.append(f"it spoke of {_listed(wrong)}")
    if silent:
        problems.append(f"it was silent about {_why_silent(detector, acts, silent, begins)}")
    if noise:
        problems.append(f"it spoke of what is usual, too: {_listed(noise)}")
    return Result(
        detector=detector.name,
        it=trial.it,
        passed=not problems,
        expected=f"it speaks of {', '.join(sorted(trial.fires)) or 'nobody'}",
        happened="; ".join(problems),
    )


def _acts(detector: Detector, trial: Trial, records: Records) -> pa.Table:
    if not trial.records:
        return trial.activities()
    folder = Path(detector.file.rpartition(":")[0]).parent
    files = [folder / name for name in trial.records]
    for file in files:
        if not file.is_file():
            raise ConfigError(f"{detector.file}: {detector.name}.test: there is no file {file}")
    return records(files, trial.source)


def _spoken(detector: Detector, acts: pa.Table) -> list[_Spoken]:
    _, findings = process(start([detector]), acts, [detector], SECRET)
    rows = unpacked(findings).select("entity", "time", "bits", "value")
    return [_Spoken(*row) for row in rows.iter_rows()]


def _noise(trial: Trial, spoken: Sequence[_Spoken], acts: pa.Table) -> list[_Spoken]:
    """What was said of usual acts when two weeks of them were known."""
    if trial.begins is None or not len(acts):
        return []
    settled = acts["time"][0].as_py() + LEARNING
    return [s for s in spoken if settled <= s.time < trial.begins]


def _listed(spoken: Sequence[_Spoken]) -> str:
    said = ", ".join(str(s) for s in spoken[:TOLD])
    return f"{said} and {len(spoken) - TOLD} more times" if len(spoken) > TOLD else said


def _why_silent(
    detector: Detector, acts: pa.Table, silent: Sequence[str], begins: datetime | None
) -> str:
    """Names, each with what kept the detector from speaking of it."""
    prepared = prepare(acts, [detector], SECRET)
    seen = prepared.events.take(pa.array(prepared.rows[detector.filter]))
    times = seen["time"].to_pylist()
    who = seen[detector.entity].cast(pa.string()).to_pylist()
    looked_at = {w for w, t in zip(who, times, strict=True) if begins is None or t >= begins}
    louder = _most_bits(detector, acts, begins)
    said = []
    for name in silent:
        if name not in looked_at:
            why = "its filter let none of their acts through"
        elif name in louder:
            why = f"{louder[name]:.1f} bits, less than min_bits = {detector.settings.min_bits:g}"
        else:
            why = "nothing odd was seen"
        said.append(f"{name}: {why}")
    return ", ".join(said)


def _most_bits(detector: Detector, acts: pa.Table, begins: datetime | None) -> dict[str, float]:
    """What each entity would have been told with, were nothing too little to tell."""
    if not hasattr(detector.settings, "min_bits"):
        return {}
    lowered = dataclasses.replace(detector.settings, min_bits=0.0)
    eager = dataclasses.replace(detector, settings=lowered)
    most: dict[str, float] = {}
    for one in _spoken(eager, acts):
        if begins is None or one.time >= begins:
            most[one.entity] = max(one.bits, most.get(one.entity, 0.0))
    return most


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of trying entries: those that can be used, mistakes in others, tests."""

    detectors: tuple[Detector, ...]
    mistakes: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        return not self.mistakes and all(r.passed for r in self.results)


def tried_in(folders: Sequence[Path], chosen: Sequence[str], records: Records) -> Tried:
    """Check and try the entries of some folders: all, or those of the names and files `chosen`.

    A file that is chosen need not lie in any of the folders.

    Raises
    ------
    WheeltapperError   for a name that no entry has.
    """
    given = [Path(c) for c in chosen if c.endswith(".toml") or Path(c).is_file()]
    names = [c for c in chosen if Path(c) not in given]
    detectors: dict[str, Detector] = {}
    mistakes = []
    for file in given if given and not names else [*_files(folders), *given]:
        held, wrong = catalogue.checked(file)
        detectors |= {d.name: d for d in held}
        mistakes += [(file, str(m)) for m in wrong]
    mine = [n for n, d in detectors.items() if Path(d.file.rpartition(":")[0]) in given]
    wanted = [*names, *mine] if chosen else list(detectors)
    said = [m for file, m in mistakes if not chosen or file in given or _names_one(m, names)]
    for name in wanted:
        if name not in detectors and not any(_names_one(m, [name]) for m in said):
            raise WheeltapperError(f"there is no detector {name}{meant(name, detectors)}")
    usable = [detectors[n] for n in dict.fromkeys(wanted) if n in detectors]
    return Tried(
        detectors=tuple(usable),
        mistakes=tuple(said),
        results=tuple(r for d in usable for r in tried(d, records)),
    )


def _files(folders: Sequence[Path]) -> list[Path]:
    return [file for folder in folders for file in sorted(folder.glob("*.toml"))]


def _names_one(mistake: str, names: Sequence[str]) -> bool:
    """Whether a mistake is in the entry of one of these names."""
    return any(f": {name}{end}" in mistake for name in names for end in (".", ":"))
