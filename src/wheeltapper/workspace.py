"""A workspace in Python: the same things under the same names as the command.

    import wheeltapper as wt
    ws = wt.init("dir")            # or wt.open("dir")
    ws.run("logs/")                # ingest, detect, refine
    ws.cases(); ws.case(1); ws.findings(); ws.activities("actor = 'kim'")

Frames are Polars. This module joins the rooms, as `cli` and `server` do.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Unpack
from zoneinfo import ZoneInfo

from wheeltapper import config
from wheeltapper.case import Case
from wheeltapper.config import Config
from wheeltapper.engines.local import lock
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.errors import WheeltapperError
from wheeltapper.suppression import DAYS, Suppression

# Rooms are loaded where they are used: listing cases must not wait for Numba's second.
if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from wheeltapper.detect.catalogue import Detector
    from wheeltapper.detect.models.card import Card
    from wheeltapper.engines.engine import Judging, Where
    from wheeltapper.engines.local.asking import Asked
    from wheeltapper.engines.local.backtest import Backtest
    from wheeltapper.engines.local.detect import Detection
    from wheeltapper.engines.local.drill.drill import Drill, How
    from wheeltapper.engines.local.entry import Entry
    from wheeltapper.engines.local.ingest import Ingested
    from wheeltapper.engines.local.judges import Judges
    from wheeltapper.engines.local.memory import Memory
    from wheeltapper.engines.local.telling import Surroundings
    from wheeltapper.engines.local.trials import Tried
    from wheeltapper.enrich import Enricher
    from wheeltapper.ingest import Progress, Sources
    from wheeltapper.question import Question
    from wheeltapper.refine.feedback import Feedback
    from wheeltapper.refine.letter import Letter
    from wheeltapper.refine.preview import Preview
    from wheeltapper.refine.route import Routing
    from wheeltapper.refine.weights import Weights
    from wheeltapper.refine.words import Vocabulary
    from wheeltapper.store.casebook import Casebook
    from wheeltapper.store.lake import Lake

RANK = re.compile(r"[1-9][0-9]{0,8}")
TEMPLATES = tuple(Path(__file__).with_name(name) for name in (config.FILE, config.OWNERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did."""

    ingested: "Ingested"
    detected: "Detection"
    cases: int


class Workspace:
    """One directory: settings, lake, state, casebook, models, rejects."""

    def __init__(self, root: Path, settings: Config) -> None:
        self.root = root
        self.config = settings

    def __repr__(self) -> str:
        return f"<wheeltapper workspace {str(self.root)!r}>"

    # Rooms of this workspace

    @property
    def lake(self) -> "Lake":
        from wheeltapper.store.lake import Lake

        return Lake(self.config.lake_path(self.root))

    @contextmanager
    def casebook(self) -> "Iterator[Casebook]":
        from wheeltapper.store.casebook import Casebook

        with Casebook(self.config.casebook_url(self.root)) as book:
            yield book

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.root / "state")

    @property
    def memory(self) -> "Memory":
        from wheeltapper.engines.local.memory import Memory

        return Memory(self.root / "state" / "refine")

    @property
    def rejects(self) -> Path:
        return self.root / "rejects"

    def vocabulary(self) -> "Vocabulary":
        from wheeltapper.refine.words import Vocabulary

        return Vocabulary.load(self.root / "vocabulary", self.config.timezone)

    def sources(self) -> "Sources":
        from wheeltapper.ingest import Sources

        folder = self.root / "sources"
        return Sources.load(folder if folder.is_dir() else None)

    def detectors(self) -> "list[Detector]":
        from wheeltapper.detect import catalogue

        return catalogue.load([self.root / "detectors"], self.config.detect.off)

    def judges(self) -> "Judges":
        from wheeltapper.engines.local.judges import judges

        known = self.config.detect
        return judges(self.root, self.detectors(), known.off, powershell=known.powershell)

    def enricher(self) -> "Enricher":
        from wheeltapper.enrich import Enricher

        return Enricher(self.config.enrich, root=self.root, timezone=self.config.timezone)

    def routing(self) -> "Routing":
        """Who is asked about which case: the owners file, and the directory's names."""
        from wheeltapper.engines.local.routing import routing

        return routing(self.root, self.config)

    # The main job

    def ingest(
        self, *paths: str | Path, source: str | None = None,
        reading: "Callable[[Progress], None] | None" = None,
        progress: "Callable[[Ingested], None] | None" = None, **where: "Unpack[Where]",
    ) -> "Ingested":  # fmt: skip
        """Read files, folders, globs or a git repository into the lake.

        `source` names the log kind where it is not to be detected. Reading the same again adds
        nothing. What cannot be used is kept in `rejects/` with file, line and reason.

        WheeltapperError while another process writes into this workspace; so does `detect`.
        """
        from wheeltapper.engines.engine import ingest

        with lock.held(self.root / "state" / lock.WRITING, "ingesting"):
            return ingest(self, paths, source, reading=reading, progress=progress, **where)

    def detect(
        self, *, progress: Callable[[int], None] | None = None, **how: "Unpack[Judging]"
    ) -> "Detection":  # fmt: skip
        """Judge what came since the last time, or, with `replay`, everything (docs/engines.md)."""
        from wheeltapper.engines.engine import detect

        with lock.held(self.root / "state" / lock.WRITING, "detecting"):
            if how.get("replay"):
                self.memory.clear()
            judges = self.judges()
            return detect(self.root, self.config, self.lake, judges, progress=progress, **how)

    def refine(self, *, anew: bool = False) -> int:
        """Make cases of what was found since the last time; the number of cases in all.

        With `anew` of all that was ever found.
        """
        from wheeltapper.engines.local.refining import refine

        with lock.awaited(self.root / "state" / lock.REFINING), self.casebook() as book:
            return refine(
                self.lake, book, self.memory, self.judges(), step=self.checkpoint.manifest().step,
                words=self.vocabulary(), settings=self.config.refine, feedback=self._feedback(),
                routed=self.routing().routed, anew=anew,
            )  # fmt: skip

    def remade(self, drafts: Sequence[Suppression] = ()) -> list[Case]:
        """The cases of all findings, as they are with these suppressions too; nothing is kept."""
        from wheeltapper.engines.local.refining import remade

        said = self._feedback(drafts)
        return remade(self.lake, self.judges(), self.vocabulary(), self.config.refine, said)

    def run(
        self, *paths: str | Path, source: str | None = None,
        reading: "Callable[[Progress], None] | None" = None,
        progress: Callable[[int], None] | None = None, **where: "Unpack[Where]",
    ) -> Summary:  # fmt: skip
        """Ingest, detect, refine."""
        ingested = self.ingest(*paths, source=source, reading=reading, **where)
        detected = self.detect(progress=progress, **where)
        return Summary(ingested=ingested, detected=detected, cases=self.refine())

    def train(self, until: datetime | None = None) -> "Card":
        """Train the model of user-days on what the lake holds before `until` (default: all).

        It judges the days after; those it has learned from are no test of it.

        Raises
        ------
        WheeltapperError   if the extra [train] is not installed, or there is too little history.
        """
        from wheeltapper.detect.models.train import train  # needs the extra [train]

        last = until or self.lake.span()[1]
        if last is None:
            raise WheeltapperError("there is nothing to learn from; fill the lake with: ingest")
        return train(self.lake.scan(None, last), last, self.root / "models")

    def learn_weights(self, until: datetime | None = None) -> "Weights":
        """Learn what findings are worth from exchanges in the history before `until`.

        What is learned is kept in `models/weights.json`, and counts when cases are made again.

        Raises
        ------
        WheeltapperError   if there is too little history; the weights there were are kept.
        """
        from wheeltapper.engines.local import exchanges
        from wheeltapper.engines.local.judges import WEIGHTS

        judges = self.judges()
        acts = exchanges.history(self.lake, judges.detectors, until)
        learned = exchanges.learn(acts, judges.detectors, judges.secret)
        learned.save(self.root / "models" / WEIGHTS)
        return learned

    def backtest(
        self, detector: str | None = None, *, days: int = 90, since: datetime | None = None,
        until: datetime | None = None, entry: str | Path | None = None, examples: int = 5,
        thresholds: bool = False, progress: Callable[[int], None] | None = None,
    ) -> "Backtest":  # fmt: skip
        """What a detector, a rule or a model would have said of history; nothing is kept.

        Parameters
        ----------
        detector : `any.country`, `rule.NAME` or `model.NAME`; one that is switched off as well.
            May be left out where `entry` holds one alone.
        days, since, until : the last `days` days up to `until` (default: the lake's end), or from
            `since`. What lies before is learned from.
        entry : a file with a draft of the detector, which is tested instead of the workspace's
        examples : how many findings are told in words, of each kind of change
        thresholds : judge with other `min_bits` as well

        Raises
        ------
        WheeltapperError   for a name that is none, a draft that cannot be used, an empty lake.
        """
        from wheeltapper.engines.local import versions
        from wheeltapper.engines.local.backtest import backtest, period
        from wheeltapper.engines.local.judges import secret_of

        found = versions.find(self.root, detector, Path(entry) if entry else None)
        lake = self.lake
        begin, end = period(lake, days, since, until, ZoneInfo(self.config.timezone))
        return backtest(
            lake, found, since=begin, until=end,
            around=self.around(), secret=secret_of(self.root),
            step_rows=self.config.detect.step, threads=self.config.detect.threads,
            examples=examples, thresholds=thresholds, progress=progress,
        )  # fmt: skip

    def drill(self, *names: str, **how: "Unpack[How]") -> "Drill":
        """Plant scenarios into a view of history, and say what is found (docs/drill.md)."""
        from wheeltapper.engines.local.drill.drill import drill

        return drill(self, names, open, **how)

    def detector(self, name: str) -> "Entry":
        """A statistical detector explained, with what it has said here; switched off or on.

        Raises
        ------
        WheeltapperError   if there is none of that name.
        """
        from wheeltapper.detect import catalogue
        from wheeltapper.engines.local import versions
        from wheeltapper.engines.local.entry import explained

        for one in catalogue.load([self.root / "detectors"]):
            if one.name == name:
                off = catalogue.switched_off(name, self.config.detect.off)
                return explained(one, self.lake, self.around(), off=off)
        raise versions.unknown(name, self.root)

    def try_detectors(self, *chosen: str | Path) -> "Tried":
        """Check entries and run the tests that stand beside them; nothing is kept.

        `chosen` are names and files; without any, everything packaged and the workspace's own.
        """
        from wheeltapper.detect import catalogue
        from wheeltapper.engines.local.ingest import acts_of
        from wheeltapper.engines.local.trials import tried_in

        def records(files: Sequence[Path], source: str) -> "pa.Table":
            return acts_of(
                files, source=source or None, sources=self.sources(), settings=self.config.ingest,
                enricher=self.enricher(), timezone=self.config.timezone, now=datetime.now(UTC),
            )  # fmt: skip

        folders = [catalogue.PACKAGED, self.root / "detectors"]
        return tried_in(folders, [str(c) for c in chosen], records)

    def sentences(self, findings: "pl.DataFrame") -> list[str | None]:
        """What findings (the columns of `finding.SCHEMA`) say in words, one by one."""
        from wheeltapper import finding
        from wheeltapper.engines.local.telling import sentences

        lake, around = self.lake, self.around()
        if lake.span()[0] is None:
            return [None] * len(findings)
        table = findings.select(finding.SCHEMA.names).to_arrow().cast(finding.SCHEMA)
        return sentences(table, lake, around, around.wordings)

    def around(self) -> "Surroundings":
        """What refinement has to know of this workspace."""
        from wheeltapper.detect import catalogue
        from wheeltapper.engines.local.judges import wordings_of
        from wheeltapper.engines.local.telling import Surroundings

        return Surroundings(
            wordings=wordings_of(self.root, catalogue.load([self.root / "detectors"])),
            words=self.vocabulary(), settings=self.config.refine, feedback=self._feedback(),
            timezone=self.config.timezone,
        )  # fmt: skip

    def _feedback(self, drafts: Sequence[Suppression] = ()) -> "Feedback":
        """What people have said, with `drafts`; nothing where no casebook was made yet."""
        from wheeltapper.refine.feedback import NONE, Feedback

        url = self.config.casebook_url(self.root)
        if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
            return NONE
        with self.casebook() as book:
            answers, hidden = book.questions.all(), [*book.suppressions(), *drafts]
            return Feedback(judged=book.judged(), suppressions=hidden, answers=answers)

    # What came of it

    def cases(
        self, *, since: datetime | None = None, until: datetime | None = None,
        status: str | None = None, entity: str | None = None, limit: int | None = None,
    ) -> list[Case]:  # fmt: skip
        """Cases whose span overlaps `since`..`until`, ranked anew among themselves."""
        with self.casebook() as book:
            return book.cases(status=status, since=since, until=until, entity=entity, limit=limit)

    def case(self, which: int | str) -> Case:
        """A case by its rank or its id.

        Raises
        ------
        WheeltapperError   if there is none.
        """
        with self.casebook() as book:
            # An id may consist of digits alone, so ids are tried first.
            found = book.case(which) if isinstance(which, str) else None
            if found is None and RANK.fullmatch(str(which)):
                ranked = book.cases(limit=int(which))
                found = ranked[-1] if len(ranked) == int(which) else None
        if found is None:
            raise WheeltapperError(f"there is no case {which}; list them with: wheeltapper cases")
        return found

    def letter(self, case: Case, reader: str = "owner") -> "Letter":
        """A case as its `owner` or its `actor` can read it: a subject and plain text."""
        from wheeltapper.refine.letter import written

        return written(case, reader, self.routing(), datetime.now(UTC))

    def ask(
        self, which: int | str, *, by: str, actor: str = "", ttl: timedelta = timedelta(hours=48)
    ) -> "Asked":
        """Ask a case's account whether it was them: a question, its link, and what to send."""
        from wheeltapper.engines.local.asking import ask

        case, now = self.case(which), datetime.now(UTC)
        with self.casebook() as book:
            return ask(self.root, self.config, book, case, by=by, now=now, lasts=ttl, actor=actor)

    def questions(self) -> "list[Question]":
        """All that actors were asked, the first asked first."""
        with self.casebook() as book:
            return book.questions.all()

    def judge(self, which: int | str, verdict: str, *, by: str, reason: str = "") -> Case:
        """Give a verdict on a case; it stays when cases are made anew."""
        case = self.case(which)
        with self.casebook() as book:
            book.judge(case.id, verdict, by=by, reason=reason, at=datetime.now(UTC))
        return self.case(case.id)

    def suppress(
        self, *, by: str, days: int = DAYS, reason: str = "", case: int | str | None = None,
        keep: "bool | Callable[[Preview], bool]" = True, **scope: str,
    ) -> "Preview":  # fmt: skip
        """Hide findings of a scope (`detector=`, `value=`, `peer_group=`, `app=`, `entity=`).

        With `case` the scopes are those of its findings. First it is found out what they would
        have hidden; `keep` decides, or is asked. WheeltapperError for a scope that is too wide.
        """
        from wheeltapper.engines.local import suppressing

        of, now = self.case(case) if case is not None else scope, datetime.now(UTC)
        made = suppressing.drafts(of, self.lake, by=by, at=now, days=days, reason=reason)
        with self.casebook() as book:
            seen = suppressing.foreseen(made, self.lake, book, self.remade)
            if keep is True or (keep and keep(seen)):
                book.suppress(made)
                self.refine(anew=True)
        return seen

    def suppressions(self) -> list[Suppression]:
        """All suppressions that were ever made, the first first."""
        with self.casebook() as book:
            return book.suppressions()

    def expire(self, *suppression_ids: str, by: str) -> list[Suppression]:
        """End suppressions: what they hid counts again. They stay on the list."""
        with self.casebook() as book:
            ended = book.expire(suppression_ids, by=by, at=datetime.now(UTC))
        self.refine(anew=True)
        return ended

    def findings(
        self, *, since: datetime | None = None, until: datetime | None = None,
        detector: str | None = None, entity: str | None = None,
    ) -> "pl.DataFrame":  # fmt: skip
        """Findings as a frame with the columns of `finding.SCHEMA`."""
        from wheeltapper.refine.unpack import frame_of

        lake = self.lake
        return frame_of(lake.findings(since=since, until=until, detector=detector, entity=entity))

    def activities(
        self, where: str | None = None, *, since: datetime | None = None,
        until: datetime | None = None, columns: Sequence[str] | None = None,
    ) -> "pl.DataFrame":  # fmt: skip
        """Activities that meet an SQL condition on their columns, by time."""
        from wheeltapper.refine.unpack import frame_of

        lake = self.lake
        return frame_of(lake.activities(since=since, until=until, where=where, columns=columns))


def init(root: str | Path) -> Workspace:
    """Make a workspace: a folder with a commented settings file.

    Raises
    ------
    WheeltapperError   if there is one already, or the folder cannot be made.
    """
    folder = Path(root)
    path = folder / config.FILE
    if path.exists():
        raise WheeltapperError(f"{path} is there already; open it, or choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for template in reversed(TEMPLATES):  # last the one that makes it a workspace
            if not (folder / template.name).exists():
                text = template.read_text(encoding="utf-8")
                (folder / template.name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WheeltapperError(f"{folder}: cannot be made a workspace: {error}") from error
    return open(folder)


def open(root: str | Path = ".") -> Workspace:
    """Open the workspace in a folder.

    Raises
    ------
    ConfigError   if it is none, or its settings cannot be used.
    """
    folder = Path(root)
    return Workspace(folder, config.load(folder / config.FILE))
