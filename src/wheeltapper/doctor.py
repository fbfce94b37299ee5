"""Doctor: what is wrong with this workspace or machine, and what to do about it."""

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wheeltapper import config, workspace
from wheeltapper.engines.local import kafka, lock, tail
from wheeltapper.engines.local.broker import Away, Broker
from wheeltapper.engines.local.checkpoint import MANIFEST
from wheeltapper.engines.local.spool import DAMAGED, FOLDER, Spool
from wheeltapper.errors import WheeltapperError
from wheeltapper.workspace import Workspace

if TYPE_CHECKING:
    from wheeltapper.engines.local.judges import Judges

GOOD, WARNING, BROKEN = "good", "warning", "broken"
LITTLE_DISK_GIB = 2.0
BEHIND_MINUTES = 60.0
"""Beyond the lateness; more than this is no longer a pass that takes its time."""
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    what: str
    state: str
    """good, warning or broken."""
    says: str
    """What was found, and what to do where it is not good."""


def examine(root: Path) -> list[Check]:
    """Look at everything; a check that fails stops none of the others."""
    try:
        ws = workspace.open(root)
    except WheeltapperError as error:
        return [Check("settings", BROKEN, str(error))]
    checks = [Check("settings", GOOD, str(root / config.FILE))]
    for what, look in (
        ("log kinds", _sources),
        ("detectors", _detectors),
        ("rules", _rules),
        ("models", _models),
        ("enrichment", _enrichment),
        ("lake", _lake),
        ("state", _state),
        ("judged", _judged),
        ("writer", _writer),
        ("spool", _spool),
        ("followed", _followed),
        ("kafka", _kafka),
        ("casebook", _casebook),
        ("rejects", _rejects),
        ("page", _page),
        ("disk", _disk),
        ("clock", _clock),
        ("engines", _engines),
    ):
        checks += _checked(what, look, ws)
    return checks


def _checked(
    what: str, look: Callable[[Workspace], Iterator[tuple[str, str]]], ws: Workspace
) -> list[Check]:
    try:
        return [Check(what, state, says) for state, says in look(ws)]
    except Exception as error:  # whatever a broken workspace throws is what is to be told
        return [Check(what, BROKEN, f"{type(error).__name__}: {error}")]


def _sources(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.sources().mappings)} kinds are known"


def _detectors(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.detectors())} in the catalogue"


@lru_cache(maxsize=1)  # rules take half a second to read
def _judges(ws: Workspace) -> "Judges":
    return ws.judges()


def _rules(ws: Workspace) -> Iterator[tuple[str, str]]:
    ruleset = _judges(ws).rules
    yield GOOD, f"{len(ruleset.rules)} run"
    if ruleset.unsupported:
        yield (
            WARNING,
            (f"{len(ruleset.unsupported)} cannot be run; see why: wheeltapper rules list"),
        )


def _models(ws: Workspace) -> Iterator[tuple[str, str]]:
    names = _judges(ws).models.names
    yield GOOD, ", ".join(names) or "none trained; train one with: wheeltapper train"


def _enrichment(ws: Workspace) -> Iterator[tuple[str, str]]:
    settings = ws.config.enrich
    for name in ("directory", "geo", "asn", "tor", "hosting", "intel"):
        value = getattr(settings, name)
        if value and not (ws.root / value).exists():
            yield BROKEN, f"enrich.{name}: {ws.root / value} is not there"
    if not settings.directory:
        yield (
            WARNING,
            (
                "no directory file: accounts have no peer groups and are compared with everybody; "
                "name one under [enrich] directory"
            ),
        )


def _lake(ws: Workspace) -> Iterator[tuple[str, str]]:
    first, last, rows = ws.lake.span()
    if not rows:
        yield WARNING, "empty; fill it with: wheeltapper run LOGS"
    else:
        yield GOOD, f"{rows:,} acts from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _state(ws: Workspace) -> Iterator[tuple[str, str]]:
    manifest = ws.checkpoint.manifest()
    sound = ws.checkpoint.sound().manifest
    if sound != manifest:
        yield WARNING, f"the newest snapshot is damaged; detection goes on from step {sound.step}"
        return
    if not manifest.step:
        yield GOOD, "nothing judged yet"
        return
    says = f"step {manifest.step}, snapshot whole"
    try:
        before = ws.checkpoint.before()
    except WheeltapperError as error:
        yield (
            WARNING,
            f"{says}, but not the one before it ({error}): there is none to go back to until the "
            "next step is done. Look after the disk",
        )
        return
    yield GOOD, f"{says}, and that of step {before.step} before it" if before.step else says


def _judged(ws: Workspace) -> Iterator[tuple[str, str]]:
    us, newest = ws.checkpoint.manifest().watermark_us, ws.lake.span()[1]
    if us is None or newest is None:
        yield GOOD, "nothing yet"
        return
    until = datetime.fromtimestamp(us / 1e6, UTC)
    behind = max(timedelta(), newest - until)
    minutes = behind.total_seconds() / 60
    says = f"up to {until:%Y-%m-%d %H:%M} UTC, {minutes:,.0f} minutes before the newest act"
    allowed = timedelta(minutes=ws.config.detect.lateness_minutes + BEHIND_MINUTES)
    if not lock.holder(_lock(ws)).startswith("following"):
        yield GOOD, says if not behind else f"{says}; judge the rest with: wheeltapper detect"
    elif behind > allowed:
        yield (
            WARNING,
            f"{says}: detection falls behind. Look at what it says of its passes, and at "
            "wheeltapper_stage_seconds; a machine with more cores, or fewer detectors, helps",
        )
    else:
        yield GOOD, says


def _writer(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, lock.holder(_lock(ws)) or "nobody is at work here now"


def _spool(ws: Workspace) -> Iterator[tuple[str, str]]:
    if not (ws.root / FOLDER).is_dir():
        yield GOOD, "nothing waits"
        return
    aside = len(list((ws.root / FOLDER).glob(f"{DAMAGED}*")))
    if aside:
        yield (
            WARNING,
            f"{aside:,} entries in {ws.root / FOLDER}/{DAMAGED}* do not say where they come from "
            "and were not ingested: see what they hold, ingest it, and remove them",
        )
    found = Spool(ws.root / FOLDER, int(ws.config.intake.max_spool_mib * (1 << 20)))
    says = f"{found.files:,} entries, {found.waiting_bytes / 2**20:,.0f} MiB, wait to be ingested"
    if found.full:
        yield (
            WARNING,
            f"{says}: it is full, and nothing more is taken. Raise [intake] max_spool_mib, or see "
            "why ingesting does not keep up",
        )
    elif found.files and not lock.holder(_lock(ws)):
        yield WARNING, f"{says}, and nobody does it; start: wheeltapper run LOGS --follow"
    else:
        yield GOOD, says if found.files else "nothing waits"


def _followed(ws: Workspace) -> Iterator[tuple[str, str]]:
    path = ws.root / "state" / tail.FILE
    if not path.exists():
        yield GOOD, "nothing"
        return
    try:
        known = tail.load(path, strict=True)
    except ValueError as error:
        yield WARNING, f"{path} cannot be read ({error}); files will be read again, which is all"
        return
    rest = sum(one.size > one.read_bytes for one in known.values())
    says = f"{len(known):,} files"
    yield GOOD, f"{says}, {rest:,} of them with a rest that is not finished" if rest else says


def _kafka(ws: Workspace) -> Iterator[tuple[str, str]]:
    settings = ws.config.kafka
    told = {settings.findings, settings.cases} - {""}
    if not settings.topics and not told:
        yield GOOD, "no topics are followed or told"
        return
    broker = Broker(settings)
    for kind in {*settings.topics.values()} - {""}:
        ws.sources().named(kind)
    try:
        topics, missing = broker.topics({*settings.topics, *told})
        read_from = [topic for topic in topics if topic.name in settings.topics]
        ends = broker.ends([(topic.name, n) for topic in read_from for n in topic.partitions])
    except Away as error:
        yield (
            BROKEN,
            f"{settings.servers}: {error}. Look whether it runs and can be reached from here, and "
            "at [kafka.client]; until then judging waits, and nothing is lost",
        )
        return
    for name, why in missing.items():
        yield BROKEN, f"topic {name}: {why}; make it, or give this client the right to it"
    read, _ = kafka.load(ws.root / "state" / kafka.FILE)
    behind = sum(max(0, end - read[key].offset) for key, end in ends.items() if key in read)
    new = sum(key not in read for key in ends)
    yield (
        GOOD,
        f"{len(read_from)} topics, {len(ends)} partitions, {behind:,} messages not read yet"
        + (f"; {new} partitions were never read" if new else ""),
    )


def _lock(ws: Workspace) -> Path:
    return ws.root / "state" / lock.WRITING


def _casebook(ws: Workspace) -> Iterator[tuple[str, str]]:
    yield GOOD, f"{len(ws.cases()):,} cases"


def _rejects(ws: Workspace) -> Iterator[tuple[str, str]]:
    lines = sum(path.read_bytes().count(b"\n") for path in ws.rejects.glob("*.ndjson"))
    if lines:
        yield WARNING, f"{lines:,} records in {ws.rejects}/, each with its reason"
    else:
        yield GOOD, "none"


def _page(_: Workspace) -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec("wheeltapper.server")
    static = Path(spec.origin).parent / "static" / "index.html" if spec and spec.origin else None
    if static and static.exists():
        yield GOOD, "built"
    else:
        yield WARNING, "the timeline is not built; build it with: make ui"


def _disk(ws: Workspace) -> Iterator[tuple[str, str]]:
    free = shutil.disk_usage(ws.root).free / 2**30
    state = sum(file.stat().st_size for file in ws.checkpoint.folder.glob("*.arrow")) / 2**30
    # A step writes its snapshots beside the last two.
    if free > LITTLE_DISK_GIB + state:
        yield GOOD, f"{free:,.0f} GiB free"
    else:
        yield WARNING, f"{free:,.1f} GiB free: make room, or passes will fail and wait"


def _clock(ws: Workspace) -> Iterator[tuple[str, str]]:
    now, newest = datetime.now(UTC), ws.lake.span()[1]
    manifest = ws.checkpoint.folder / MANIFEST
    judged = datetime.fromtimestamp(manifest.stat().st_mtime, UTC) if manifest.exists() else now
    if judged > now + CLOCKS_DIFFER:
        yield (
            WARNING,
            f"it is {now:%Y-%m-%d %H:%M} UTC here, and {judged:%Y-%m-%d %H:%M} when the state was "
            "last written: one of the two was wrong. No finding depends on it; set the clock (NTP)",
        )
    elif newest and newest > now + CLOCKS_DIFFER:
        yield (
            WARNING,
            f"the newest act is of {newest:%Y-%m-%d %H:%M} UTC, and here it is "
            f"{now:%Y-%m-%d %H:%M}: the source's clock is wrong, or this one. A process that "
            "follows judges it when its time comes",
        )
    else:
        yield GOOD, f"{now:%Y-%m-%d %H:%M} UTC"


def _engines(_: Workspace) -> Iterator[tuple[str, str]]:
    if importlib.util.find_spec("pyspark") is None:
        yield GOOD, "local; for --engine spark: pip install 'wheeltapper[spark]', and Java 17"
    elif not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        yield WARNING, "local; PySpark is here, but no Java: install 17 or later, or set JAVA_HOME"
    else:
        yield GOOD, "local and spark"
