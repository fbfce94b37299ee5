"""Sigma rules over Activities: many rules, one pass.

In goes a table of Activities, out comes a Finding for every rule and activity that match. Judging
is pure: no clock, no state, the same findings in whatever batches the activities come.

How it stays cheap: from each rule's condition follow texts of which at least one must stand in the
record (`necessary`). Records with none of any rule are put aside all at once, without the
interpreter (`first_look`). All rules of a log kind put theirs into one RE2 set, so one scan of the
JSON text tells which rules are worth trying; most records are candidates of none and are never
decoded. Where rules are about some records of a kind only (Windows: channel and event id),
a record is decoded first and rules about the same records share a set. Rules from which nothing
follows are tried on every record that they are about.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import finding
from wheeltapper.detect.catalogue import switched_off
from wheeltapper.detect.rules.match import matched
from wheeltapper.detect.rules.record import Field, Record, path
from wheeltapper.detect.rules.rule import Program, Rule, Unrunnable, read
from wheeltapper.detect.rules.screen import Screen, first_look

BUILTIN = Path(__file__).with_name("builtin")
BITS = {"informational": 2.0, "low": 5.0, "medium": 9.0, "high": 13.0, "critical": 17.0}
_LONGEST_VALUE = 200
_ENTITIES = ("actor", "src_ip", "device", "target", "session", "app")
_MOST_KINDS = 10_000
"""Combinations of channel and event id kept; hostile logs could invent them without end."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules that run, and those that do not with the reason."""

    rules: tuple[Rule, ...]
    unsupported: list[tuple[Path, str, str]]
    """File, title, reason."""
    _kinds: Mapping[str, "_Kind"] = field(repr=False)

    @classmethod
    def load(cls, dirs: Sequence[Path], off: Sequence[str] = ()) -> "Ruleset":
        """Read every `*.yml` and `*.yaml` below the folders, but for rules switched `off`.

        A rule of a later folder takes the place of an earlier one with the same file name, so a
        workspace can have its own version of a packaged rule. Nothing raises: a file that is no
        Sigma rule is in `unsupported`, as is a rule that this program cannot run.
        """
        rules: dict[str, Rule] = {}
        unsupported: list[tuple[Path, str, str]] = []
        for folder in dirs:
            here: dict[str, Rule] = {}
            for file in sorted(p for p in folder.rglob("*") if p.suffix in (".yml", ".yaml")):
                for one in read(file):
                    if isinstance(one, Unrunnable):
                        unsupported.append((one.file, one.title, one.reason))
                    elif one.name in here:
                        reason = f"{here[one.name].file} has the same name; rename one of the files"
                        unsupported.append((file, one.title, reason))
                    else:
                        here[one.name] = one
            rules |= here
        kept = [r for n, r in rules.items() if not switched_off(f"rule.{n}", off)]
        return cls.of(kept, unsupported)

    @classmethod
    def of(
        cls, rules: Sequence[Rule], unsupported: Sequence[tuple[Path, str, str]] = ()
    ) -> "Ruleset":
        """A set of rules that have been read; no two of the same name."""
        kinds: dict[str, list[tuple[Rule, Program]]] = {}
        for rule in rules:
            for program in rule.programs:
                for source in program.place.sources:
                    kinds.setdefault(source, []).append((rule, program))
        return cls(
            tuple(rules),
            list(unsupported),
            {source: _Kind(programs) for source, programs in kinds.items()},
        )

    def judge(self, activities: pa.Table) -> pa.Table:
        """Findings of every rule, in the order of the activities and of rule names.

        Parameters
        ----------
        activities   table with the columns of `activity.SCHEMA`

        Returns
        -------
        table of `finding.SCHEMA`: one row an activity and rule that match
        """
        found: list[tuple[int, str, dict[str, object]]] = []
        if not self.rules:  # then nobody reads the columns that rules need
            return finding.SCHEMA.empty_table()
        about = activities.select(["event_id", "time", *_ENTITIES])
        for source in pc.unique(activities["source"]).to_pylist():
            kind = self._kinds.get(source)
            if kind is None:
                continue
            rows = pc.indices_nonzero(pc.equal(activities["source"], source))
            raws = activities["raw"].take(rows)
            if kind.first_look:
                seen = pc.match_substring_regex(raws, kind.first_look, ignore_case=True)
                worth = pc.indices_nonzero(seen)
                rows, raws = rows.take(worth), raws.take(worth)
            for row, raw in zip(rows.to_pylist(), raws.to_pylist(), strict=True):
                for rule, program, record in kind.hits(raw or ""):
                    (event,) = about.slice(row, 1).to_pylist()
                    found.append((row, rule.name, _finding(rule, program, record, event)))
        found.sort(key=lambda one: one[:2])
        return pa.Table.from_pylist([one for _, _, one in found], schema=finding.SCHEMA)


def _finding(
    rule: Rule, program: Program, record: Record, event: Mapping[str, object]
) -> dict[str, object]:
    kind = next((column for column in _ENTITIES if event[column]), "app")
    bits = BITS[rule.level]
    evidence = {
        "title": rule.title,
        "level": rule.level,
        "description": rule.description,
        "matched": {k: v[:_LONGEST_VALUE] for k, v in matched(program.node, record).items()},
        "falsepositives": rule.falsepositives,
    }
    return {
        "detector": f"rule.{rule.name}",
        "entity_type": kind,
        "entity": event[kind] or "unknown",
        "time": event["time"],
        "bits": bits,
        "llr": bits / 2,
        "observed": 1.0,
        "expected": 0.0,
        "baseline_n": 0,
        "event_ids": [event["event_id"]],
        "attack": rule.attack,
        "evidence": json.dumps(evidence, ensure_ascii=False),
    }


class _Kind:
    """The rules of one log kind."""

    def __init__(self, programs: Sequence[tuple[Rule, Program]]) -> None:
        self._programs = programs
        names = sorted({name for _, program in programs for name in program.place.where})
        self._where = [Field(name, (path(name),)) for name in names]
        self._groups: dict[tuple[int, ...], _Group] = {}
        self._group_of: dict[tuple[tuple[str, ...], ...], _Group] = {}
        self._everything = None if self._where else self._group(tuple(range(len(programs))))
        self.first_look = first_look([program.clauses for _, program in programs])

    def hits(self, raw: str) -> Iterator[tuple[Rule, Program, Record]]:
        """Rules that hold for a record; of one rule, the first place that matches."""
        # Where all records are alike, most are passed over before they are decoded.
        candidates = self._everything.candidates(raw) if self._everything else None
        if self._everything and not candidates:
            return
        try:
            native = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            _log.warning("a record cannot be decoded, so no rule was tried on it")
            return
        if not isinstance(native, dict):
            return
        record, held = Record(native), None
        for number in (
            self._about_such(record).candidates(raw) if candidates is None else candidates
        ):
            rule, program = self._programs[number]
            # Programs of one rule stand side by side.
            if rule is not held and program.node.holds(record):
                held = rule
                yield rule, program, record

    def _about_such(self, record: Record) -> "_Group":
        """Rules about records of this kind: Windows channel and event id decide there."""
        key = tuple(record.folded(field) for field in self._where)
        known = self._group_of.get(key)
        if known is None:
            says = {f.name: values for f, values in zip(self._where, key, strict=True)}
            known = self._group(
                tuple(
                    number
                    for number, (_, program) in enumerate(self._programs)
                    if all(
                        not values.isdisjoint(says[name])
                        for name, values in program.place.where.items()
                    )
                )
            )
            if len(self._group_of) >= _MOST_KINDS:
                self._group_of.clear()
            self._group_of[key] = known
        return known

    def _group(self, numbers: tuple[int, ...]) -> "_Group":
        known = self._groups.get(numbers)
        if known is None:
            screen = Screen([self._programs[number][1].clauses for number in numbers])
            known = self._groups[numbers] = _Group(numbers, screen)
        return known


@dataclass(frozen=True, slots=True)
class _Group:
    """The rules about records that are alike."""

    numbers: tuple[int, ...]
    screen: Screen

    def candidates(self, raw: str) -> list[int]:
        return sorted(self.numbers[one] for one in self.screen.candidates(raw))
