"""The commands of the main job, `ingest`, `detect` and `run`: once, or for ever."""

import dataclasses
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Unpack

import click

from wheeltapper import logs, terminal
from wheeltapper.command import form_option, open_workspace, progress_bar, say
from wheeltapper.errors import WheeltapperError
from wheeltapper.workspace import Workspace

if TYPE_CHECKING:
    from wheeltapper.engines.engine import Judging, Where
    from wheeltapper.engines.local.follow import Followed
    from wheeltapper.engines.local.ingest import Ingested
    from wheeltapper.engines.local.kafka import Topics
    from wheeltapper.engines.local.meters import Meters
    from wheeltapper.engines.local.publish import Publisher
    from wheeltapper.engines.local.spool import Spool
    from wheeltapper.ingest import Progress as Reading

EVERY_S = 5.0
LAST_PORT = 65535
_SOURCE = click.option("--source", help="The log kind, where it is not to be detected.")
_ENGINE = click.option(
    "--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True
)
_MASTER = click.option(
    "--master", help="With --engine spark: where the cluster is [default: local[*]]."
)
_log = logging.getLogger(__name__)


def _address(
    _ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > LAST_PORT:
        raise click.BadParameter(
            f"{value!r} is no address; write 127.0.0.1:8643 or [::1]:8643", param=parameter
        )
    return host.strip("[]"), int(port)


@click.command()
@click.argument("paths", nargs=-1, required=True)
@_SOURCE
@_ENGINE
@_MASTER
@form_option("table", "json")
@click.pass_context
def ingest(
    ctx: click.Context, paths: tuple[str, ...], source: str | None, form: str,
    **where: "Unpack[Where]",
) -> None:  # fmt: skip
    """Read log files, folders, globs or a git repository into the lake.

    \b
        wheeltapper ingest logs/ --source aws_cloudtrail
        wheeltapper ingest /mnt/logs/ --engine spark --master local[4]
    """
    ws = open_workspace(ctx)
    with progress_bar("reading") as show:
        done = ws.ingest(*paths, source=source, reading=_reading(show), **where)
    if form == "json":
        terminal.print_rows([dataclasses.asdict(done)], "ndjson")
    _tell_ingested(ws, done)


def _reading(show: Callable[[float, float, str], None]) -> "Callable[[Reading], None]":
    def reading(at: "Reading") -> None:
        show(
            at.bytes_done, at.bytes, f"{at.records:,} records, {at.files_done} of {at.files} files"
        )

    return reading


def _tell_ingested(ws: Workspace, done: "Ingested") -> None:
    for source, acts in sorted(done.sources.items()):
        if source and acts:
            say(f"  took it for {source}: {acts:,} acts")
    known = f", {done.known:,} known already" if done.known else ""
    say(f"{done.records:,} records from {done.files:,} files: {done.added:,} acts added{known}")
    if done.late:
        say(
            f"{done.late:,} acts are older than what has been judged: rules judge them; to take "
            "them in their place: wheeltapper detect --replay --include-late"
        )
    if done.rejected:
        say(f"{done.rejected:,} rejected, each with file, line and reason in {ws.rejects}/")


@click.command()
@click.option("--replay", is_flag=True, help="Judge everything again from the beginning.")
@click.option("--include-late", is_flag=True, help="With --replay: late acts in their place.")
@click.option("--jobs", type=click.IntRange(1), help="Processes [default: from the settings, 1].")
@click.option(
    "--engine", type=click.Choice(["local", "spark", "flink"]), default="local", show_default=True
)
@_MASTER
@click.pass_context
def detect(ctx: click.Context, **how: "Unpack[Judging]") -> None:
    """Judge what came since the last time, and make cases of it.

    \b
        wheeltapper detect --replay
        wheeltapper detect --replay --jobs 4
        wheeltapper detect --replay --engine spark --master local[4]
        wheeltapper detect --replay --engine flink --jobs 2
    """
    if how["include_late"] and not how["replay"]:
        raise click.UsageError("--include-late needs --replay")
    _detect(open_workspace(ctx), **how)


def _detect(ws: Workspace, **how: "Unpack[Judging]") -> None:
    with progress_bar("judging") as show:
        judged = 0

        def progress(acts: int) -> None:
            nonlocal judged
            judged += acts
            show(judged, 0, f"{judged:,} acts")

        done = ws.detect(**how, progress=progress)
    if done.anew:
        say(
            f"{len(done.anew)} detectors are new or changed and have learned from history: "
            f"{', '.join(done.anew[:5])}; what one would have said of it: wheeltapper backtest "
            f"--detector {done.anew[0]}"
        )
    with progress_bar("refining"):
        cases = ws.refine()
    say(f"{done.acts:,} acts judged, {done.findings:,} findings, {cases:,} cases in all")
    _tell_shared(ws, done.shards, how)


def _tell_shared(ws: Workspace, shards: int, how: "Judging") -> None:
    """Say so where more processes were asked for than could have work."""
    local = how.get("engine", "local") == "local"
    wanted = how.get("jobs") or (ws.config.detect.jobs if local else 1)
    if wanted <= shards:
        return
    parts = "one part" if shards == 1 else f"{shards} parts"
    engine = "" if local else f" --engine {how['engine']}"
    say(
        f"{wanted} processes were asked for, but when detection began here, accounts were dealt to "
        f"{parts}, and each can be with one process only. To deal them anew, with the same "
        f"findings: wheeltapper detect --replay --jobs {wanted}{engine}"
    )


@click.command()
@click.argument("paths", nargs=-1)
@_SOURCE
@click.option(
    "--engine", type=click.Choice(["local", "spark", "flink"]), default="local", show_default=True
)
@_MASTER
@click.option("--follow", is_flag=True, help="Go on, and take in what comes, until stopped.")
@click.option(
    "--every", "every_s", type=click.FloatRange(0.01), default=EVERY_S, show_default=True,
    metavar="SECONDS", help="Look for news so often, with --follow.",
)  # fmt: skip
@click.option(
    "--listen", metavar="HOST:PORT", callback=_address, help="Follow, and take logs by HTTP, too."
)
@click.option(
    "--log", "form", type=click.Choice(logs.FORMS), default="text", show_default=True,
    help="How a run that follows tells of its work: for people, or a JSON object a line.",
)  # fmt: skip
@click.pass_context
def run(
    ctx: click.Context, paths: tuple[str, ...], source: str | None, follow: bool, every_s: float,
    listen: tuple[str, int] | None, form: str, **where: "Unpack[Where]",
) -> None:  # fmt: skip
    """Ingest, detect and refine: everything, once; or for ever, with --follow.

    \b
        wheeltapper -w work run logs/
        wheeltapper -w work run logs/ --follow
        wheeltapper -w work run /mnt/logs/ --follow --engine spark --master local[4]
        wheeltapper -w work run --listen 127.0.0.1:8643
        wheeltapper -w work run --follow          topics under [kafka]
        wheeltapper -w work run --follow --engine flink
    """
    ws = open_workspace(ctx)
    topics = follow and bool(ws.config.kafka.topics)
    if where["engine"] == "spark" and (listen or not (paths or topics)):
        raise click.UsageError("--engine spark reads and follows folders; name at least one")
    if where["engine"] == "flink" and (paths or listen or not topics):
        raise click.UsageError("--engine flink follows topics: --follow, and topics under [kafka]")
    if not paths and not listen and not topics:
        raise click.UsageError(
            "name files or folders, an address with --listen, or topics under [kafka] with --follow"
        )
    if follow or listen:
        logs.start(form)
        with _told(form):
            if where["engine"] == "spark":
                _follow_on_spark(ws, paths, source, every_s, where.get("master"))
            elif where["engine"] == "flink":
                _follow_on_flink(ws, every_s)
            else:
                _follow(ws, paths, source or "", every_s, listen)
        return
    with progress_bar("reading") as show:
        done = ws.ingest(*paths, source=source, reading=_reading(show), **where)
    _tell_ingested(ws, done)
    _detect(ws, **where)


@contextmanager
def _told(form: str) -> Iterator[None]:
    """What ends the process is a line of the log like any other, where programs read it."""
    try:
        yield
    except WheeltapperError as error:
        if form == "text":
            raise
        _log.error("%s", error)
        raise SystemExit(1) from error
    except Exception as error:  # a mistake of ours: whoever restarts the process wants to see it
        _log.exception("it ends, by what nobody expected")
        raise SystemExit(1) from error


def _follow(
    ws: Workspace, paths: tuple[str, ...], source: str, every_s: float,
    listen: tuple[str, int] | None,
) -> None:  # fmt: skip
    from wheeltapper.engines.local import heap, lock
    from wheeltapper.engines.local.follow import Follower
    from wheeltapper.engines.local.meters import Meters
    from wheeltapper.engines.local.spool import FOLDER, Spool

    heap.share()
    with stopping() as stop, lock.held(ws.root / "state" / lock.WRITING, "following"):
        spool = Spool(ws.root / FOLDER, int(ws.config.intake.max_spool_mib * (1 << 20)))
        meters = Meters(spool)
        with _topics(ws, spool, meters) as topics:
            publisher = _publisher(ws)
            follower = Follower(
                ws, paths, spool=spool, meters=meters, source=source, every_s=every_s,
                topics=topics, publisher=publisher,
            )  # fmt: skip
            with (
                _listening(ws, spool, meters, topics, publisher, listen)
                if listen
                else nullcontext()
            ):
                _log.info("following; stop with Ctrl-C or SIGTERM")
                follower.run(stop)
        _tell_followed(follower.done)


def _follow_on_spark(
    ws: Workspace, paths: tuple[str, ...], source: str | None, every_s: float, master: str | None
) -> None:
    from wheeltapper.engines.local import lock
    from wheeltapper.engines.spark.session import session
    from wheeltapper.engines.spark.stream import Stream

    with lock.held(ws.root / "state" / lock.WRITING, "following"):
        spark = session(master)  # sets signals of its own, so before ours
        with stopping() as stop:
            stream = Stream(
                ws, paths, spark, source=source, every_s=every_s, publisher=_publisher(ws),
                topics=ws.config.kafka if ws.config.kafka.topics else None,
            )  # fmt: skip
            _log.info("following with Spark; stop with Ctrl-C or SIGTERM")
            stream.run(stop)
            _tell_followed(stream.done)


def _follow_on_flink(ws: Workspace, every_s: float) -> None:
    from wheeltapper.engines.flink.stream import Stream
    from wheeltapper.engines.local import lock

    with stopping() as stop, lock.held(ws.root / "state" / lock.WRITING, "following"):
        stream = Stream(ws, ws.config.kafka, every_s=every_s, publisher=_publisher(ws))
        _log.info("following with Flink; stop with Ctrl-C or SIGTERM")
        stream.run(stop)
        _tell_followed(stream.done)


@contextmanager
def _topics(ws: Workspace, spool: "Spool", meters: "Meters") -> Iterator["Topics | None"]:
    """The topics that the settings name, where they name any."""
    if not ws.config.kafka.topics:
        yield None
        return
    from wheeltapper.engines.local.broker import Broker
    from wheeltapper.engines.local.kafka import Topics

    with closing(Topics(Broker(ws.config.kafka), ws.root / "state", spool, meters)) as topics:
        yield topics


def _publisher(ws: Workspace) -> "Publisher | None":
    """Who tells topics what was found, where the settings name any."""
    if not (ws.config.kafka.findings or ws.config.kafka.cases):
        return None
    from wheeltapper.engines.local.broker import Broker
    from wheeltapper.engines.local.judges import name_of
    from wheeltapper.engines.local.publish import publisher

    return publisher(
        Broker(ws.config.kafka), ws.root / "state", name_of(ws.root), ws.lake,
        lambda: ws.checkpoint.manifest().step, ws.cases,
    )  # fmt: skip


@contextmanager
def _listening(
    ws: Workspace, spool: "Spool", meters: "Meters", topics: "Topics | None",
    publisher: "Publisher | None",
    address: tuple[str, int],
) -> Iterator[None]:  # fmt: skip
    from wheeltapper.server import intake

    host, port = address
    token, where = intake.token_of(ws.root, ws.config.intake.token)

    def lake() -> str:
        ws.lake.days()
        return ""

    def casebook() -> str:
        with ws.casebook() as book:
            book.count()
        return ""

    desk = intake.Desk(
        spool=spool, meters=meters, token=token,
        sources=frozenset(m.name for m in ws.sources().mappings),
        max_body_bytes=int(ws.config.intake.max_body_mib * (1 << 20)),
        checks={
            "lake": lake, "casebook": casebook,
            "spool": lambda: "it is full" if spool.full else "",
            **({"kafka": topics.wrong} if topics else {}),
            **({"publishing": lambda: publisher.problem} if publisher else {}),
        },
    )  # fmt: skip
    with intake.listening(desk, host, port) as at:
        shown = f"[{host}]" if ":" in host else host
        _log.info(
            "logs are taken at http://%s:%d/ingest; the token is in %s", shown, at, where,
            extra={"fields": {"stage": "listening", "port": at}},
        )  # fmt: skip
        yield


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; a second one of them ends the process at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_followed(done: "Followed") -> None:
    _log.info(
        "stopped: %d acts added, %d judged, %d findings, %d cases in all",
        done.added, done.judged, done.findings, done.cases,
        extra={"fields": {"stage": "stopped", **dataclasses.asdict(done)}},
    )  # fmt: skip
