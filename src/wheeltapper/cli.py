"""The command `wheeltapper`: one verb a step, the same names as in Python."""

import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from wheeltapper import finding, terminal, workspace
from wheeltapper.errors import WheeltapperError
from wheeltapper.workspace import Workspace

if TYPE_CHECKING:
    from wheeltapper.engines.local.ingest import Ingested
    from wheeltapper.ingest import Progress as Reading

_C = TypeVar("_C", bound=Callable[..., Any])  # click's decorators take any command function
FORMATS = ("table", "json", "ndjson", "csv")


class Group(click.Group):
    """Commands in the order of the work, and errors that a user can mend without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:  # click's own type
        try:
            return super().invoke(ctx)
        except WheeltapperError as error:
            if ctx.params.get("debug"):
                raise
            raise click.ClickException(terminal.safe_lines(error)) from error
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(0) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w", "--workspace", "folder", type=click.Path(path_type=Path), default=Path(),
    help="The workspace (default: the current directory).",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="wheeltapper")
@click.pass_context
def main(ctx: click.Context, folder: Path, debug: bool) -> None:
    r"""Find unusual user activity in logs, and say why it is unusual.

    \b
        wheeltapper init work
        wheeltapper -w work run logs/
        wheeltapper -w work cases
        wheeltapper -w work serve
    """
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, format="%(message)s")
    ctx.obj = folder


def _open(ctx: click.Context) -> Workspace:
    return workspace.open(ctx.obj)


def _console() -> Console:
    wide = None if sys.stdout.isatty() else 110
    return Console(width=wide, highlight=False, soft_wrap=False)


def _say(text: str) -> None:
    """Counts and progress go to standard error: standard output is for results."""
    click.echo(terminal.safe(text), err=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[float, float, str], None]]:
    """`(done, of, note)`, drawn on a terminal and nowhere else."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(), console=Console(stderr=True), transient=True,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=None, note="")
        yield lambda done, of, note: bar.update(task, completed=done, total=of or None, note=note)


def _since_until(command: _C) -> _C:
    command = click.option("--until", callback=_moment, help="Before this time (ISO 8601).")(
        command
    )
    return click.option("--since", callback=_moment, help="From this time (ISO 8601).")(command)


def _moment(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write 2026-11-24 or 2026-11-24T09:30+01:00", param=parameter
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _form(*forms: str) -> Callable[[_C], _C]:
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True,
        help="For people, or for programs.",
    )  # fmt: skip


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    r"""Make a workspace in FOLDER, with a commented settings file.

    \b
        wheeltapper init work
    """
    made = workspace.init(folder)
    _say(f"{made.root} is a workspace; next: wheeltapper -w {made.root} run LOGS")


_PATHS = click.argument("paths", nargs=-1, required=True)
_SOURCE = click.option("--source", help="The log kind, where it is not to be detected.")


@main.command()
@_PATHS
@_SOURCE
@_form("table", "json")
@click.pass_context
def ingest(ctx: click.Context, paths: tuple[str, ...], source: str | None, form: str) -> None:
    r"""Read log files, folders, globs or a git repository into the lake.

    \b
        wheeltapper ingest logs/ --source aws_cloudtrail
    """
    ws = _open(ctx)
    with _progress("reading") as show:
        done = ws.ingest(*paths, source=source, reading=_reading(show))
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
            _say(f"  took it for {source}: {acts:,} acts")
    known = f", {done.known:,} known already" if done.known else ""
    _say(f"{done.records:,} records from {done.files:,} files: {done.added:,} acts added{known}")
    if done.late:
        _say(
            f"{done.late:,} acts are older than what has been judged: rules judge them; to take "
            "them in their place: wheeltapper detect --replay --include-late"
        )
    if done.rejected:
        _say(f"{done.rejected:,} rejected, each with file, line and reason in {ws.rejects}/")


@main.command()
@click.option("--replay", is_flag=True, help="Judge everything again from the beginning.")
@click.option("--include-late", is_flag=True, help="With --replay: late acts in their place.")
@click.pass_context
def detect(ctx: click.Context, replay: bool, include_late: bool) -> None:
    r"""Judge what came since the last time, and make cases of it.

    \b
        wheeltapper detect --replay
    """
    if include_late and not replay:
        raise click.UsageError("--include-late needs --replay")
    ws = _open(ctx)
    _detect(ws, replay=replay, include_late=include_late)


def _detect(ws: Workspace, *, replay: bool = False, include_late: bool = False) -> None:
    with _progress("judging") as show:
        judged = 0

        def progress(acts: int) -> None:
            nonlocal judged
            judged += acts
            show(judged, 0, f"{judged:,} acts")

        done = ws.detect(replay=replay, include_late=include_late, progress=progress)
    if done.anew:
        _say(
            f"{len(done.anew)} detectors are new or changed and have learned from history: "
            f"{', '.join(done.anew[:5])}; what one would have said of it: wheeltapper backtest "
            f"--detector {done.anew[0]}"
        )
    with _progress("refining"):
        cases = ws.refine()
    _say(f"{done.acts:,} acts judged, {done.findings:,} findings, {cases:,} cases in all")


@main.command()
@_PATHS
@_SOURCE
@click.pass_context
def run(ctx: click.Context, paths: tuple[str, ...], source: str | None) -> None:
    r"""Ingest, detect and refine: everything, once.

    \b
        wheeltapper -w work run logs/
    """
    ws = _open(ctx)
    with _progress("reading") as show:
        done = ws.ingest(*paths, source=source, reading=_reading(show))
    _tell_ingested(ws, done)
    _detect(ws)


@main.command()
@_since_until
@click.option("--status", type=click.Choice(["open", "closed"]), help="Only these.")
@click.option("--entity", help="Only those about this account or address.")
@click.option("--limit", type=click.IntRange(1), help="At most so many [default: 20 in a table].")
@_form(*FORMATS)
@click.pass_context
def cases(
    ctx: click.Context, since: datetime | None, until: datetime | None, status: str | None,
    entity: str | None, limit: int | None, form: str,
) -> None:  # fmt: skip
    r"""List the cases, the most unusual first.

    \b
        wheeltapper cases --since 2026-11-01 --format json
    """
    ws = _open(ctx)
    most = limit or (20 if form == "table" else None)
    found = ws.cases(since=since, until=until, status=status, entity=entity, limit=most)
    if form != "table":
        terminal.print_rows((case.to_dict() for case in found), form)
        return
    if not found:
        _, _, acts = ws.lake.span()
        _say(
            f"no case: {acts:,} acts looked at, {len(ws.lake.findings()):,} findings below the bar"
        )
        return
    terminal.print_cases(_console(), found, ZoneInfo(ws.config.timezone))


@main.command()
@click.argument("case")
@_form("table", "json")
@click.pass_context
def show(ctx: click.Context, case: str, form: str) -> None:
    r"""Tell one CASE, by its rank or id.

    \b
        wheeltapper show 1
    """
    ws = _open(ctx)
    found = ws.case(case)
    if form == "json":
        terminal.print_rows([found.to_dict()], "ndjson")
        return
    terminal.print_case(_console(), found, ZoneInfo(ws.config.timezone))


@main.command()
@_since_until
@click.option("--detector", help="Only this detector's.")
@click.option("--entity", help="Only those about this account or address.")
@_form(*FORMATS)
@click.pass_context
def findings(
    ctx: click.Context, since: datetime | None, until: datetime | None, detector: str | None,
    entity: str | None, form: str,
) -> None:  # fmt: skip
    r"""List what the detectors said, in order of time.

    \b
        wheeltapper findings --format ndjson
    """
    ws = _open(ctx)
    table = ws.lake.findings(since=since, until=until, detector=detector, entity=entity)
    rows = (f.to_dict() for f in finding.from_table(table))
    if form != "table":
        terminal.print_rows(rows, form)
        return
    console = _console()
    for row in rows:
        console.print(
            f"{row['time']}  {float(str(row['bits'])):5.1f} bits  {row['detector']}  "
            f"{terminal.safe(row['entity'])}",
            markup=False,
        )


@main.command()
@click.argument("case")
@click.argument(
    "verdict",
    type=click.Choice(
        ["malicious", "policy_violation", "benign_expected", "benign_unusual", "wrong_data"]
    ),
)
@click.option("--by", required=True, help="Who says so.")
@click.option("--reason", default="", help="Shown to the next reader.")
@click.pass_context
def judge(ctx: click.Context, case: str, verdict: str, by: str, reason: str) -> None:
    r"""Give a VERDICT on a CASE.

    \b
        wheeltapper judge 1 malicious --by ana --reason "keys were stolen"
    """
    ws = _open(ctx)
    try:
        found = ws.judge(case, verdict, by=by, reason=reason)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    _say(f"{found.headline}: {verdict} by {by}")


@main.command()
@click.option("--host", help="Address to listen on [default: from the settings, 127.0.0.1].")
@click.option("--port", type=int, help="[default: from the settings, 8642]")
@click.option("--token", help="Asked of every visitor; needed beyond this machine.")
@click.option("--open", "browse", is_flag=True, help="Open the page in a browser.")
@click.pass_context
def serve(
    ctx: click.Context, host: str | None, port: int | None, token: str | None, browse: bool
) -> None:
    r"""Serve the timeline.

    \b
        wheeltapper -w work serve --open
    """
    from wheeltapper import server  # the web server is not needed by any other command

    ws = _open(ctx)
    settings = ws.config.server
    where, at = host or settings.host, port if port is not None else settings.port
    _say(f"the timeline is at http://{where}:{at}/ ; stop with Ctrl-C")
    server.serve(
        ws.root, ws.config, host=where, port=at, token=token or settings.token, open_browser=browse
    )


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--people", default=120, show_default=True, type=click.IntRange(20))
@click.option("--days", default=60, show_default=True, type=click.IntRange(14))
@click.option("--seed", default=1, show_default=True)
@click.option("--attack/--no-attack", default=True, help="Splice in the real hour of attack.")
def simulate(folder: Path, people: int, days: int, seed: int, attack: bool) -> None:
    r"""Write the logs of a simulated organisation to FOLDER.

    One hour in it is real: an attack recorded in AWS, put under one employee's name.

    \b
        wheeltapper simulate sample --people 120 --days 60 --seed 1
    """
    from wheeltapper.simulate import simulate as write

    with _progress("simulating"):
        done = write(folder, people=people, days=days, seed=seed, attack=attack)
    counts = ", ".join(f"{n:,} {kind}" for kind, n in sorted(done.records.items()))
    _say(f"{done.people} people, {done.start} to {done.end}: {counts} records in {done.logs}/")
    if done.real:
        _say(f"{done.real:,} of them are real, the rest is simulated: {done.out / 'SOURCES.md'}")


@main.command()
@click.option("--until", callback=_moment, help="Learn from what lies before this time.")
@click.pass_context
def train(ctx: click.Context, until: datetime | None) -> None:
    r"""Train the model of user-days on what the lake holds; it judges the days after.

    \b
        wheeltapper train --until 2026-10-01
    """
    ws = _open(ctx)
    with _progress("training"):
        made = ws.train(until)
    _say(f"model.{made.name} is in {ws.root / 'models'}/; its card says how good it is")


@main.group()
def rules() -> None:
    """Sigma rules, packaged and the workspace's own."""


@rules.command("list")
@_form("table", "json", "ndjson", "csv")
@click.pass_context
def rules_list(ctx: click.Context, form: str) -> None:
    """List the rules, and those that cannot be run with the reason."""
    ruleset = _open(ctx).judges().rules
    rows: list[dict[str, object]] = [
        {"rule": r.name, "level": r.level, "title": r.title, "runs": True, "reason": ""}
        for r in ruleset.rules
    ]
    rows += [
        {"rule": path.stem, "level": "", "title": title, "runs": False, "reason": reason}
        for path, title, reason in ruleset.unsupported
    ]
    _print_rows(rows, form)


@main.group()
def detectors() -> None:
    """The catalogue of statistical detectors."""


@detectors.command("list")
@_form("table", "json", "ndjson", "csv")
@click.pass_context
def detectors_list(ctx: click.Context, form: str) -> None:
    """List the detectors."""
    rows: list[dict[str, object]] = [
        {"detector": d.name, "family": d.family, "entity": d.entity, "about": d.about}
        for d in _open(ctx).detectors()
    ]
    _print_rows(rows, form)


@detectors.command("show")
@click.argument("name")
@click.pass_context
def detectors_show(ctx: click.Context, name: str) -> None:
    """Show one detector's entry."""
    found = [d for d in _open(ctx).detectors() if d.name == name]
    if not found:
        raise WheeltapperError(f"there is no detector {name}; see: wheeltapper detectors list")
    entry = dataclasses.asdict(found[0])
    click.echo(json.dumps(entry, indent=1, ensure_ascii=False))


def _print_rows(rows: list[dict[str, object]], form: str) -> None:
    if form != "table":
        terminal.print_rows(rows, form)
        return
    console = _console()
    for row in rows:
        console.print("  ".join(terminal.safe(v) for v in row.values() if v != ""), markup=False)


@main.command("doctor")
@_form("table", "json")
@click.pass_context
def doctor_(ctx: click.Context, form: str) -> None:
    """Check the workspace and the machine, and say what to do."""
    from wheeltapper import doctor  # it looks at every room

    checks = doctor.examine(ctx.obj)
    if form == "json":
        terminal.print_rows((dataclasses.asdict(c) for c in checks), "json")
    else:
        for check in checks:
            mark = {"good": "ok  ", "warning": "warn", "broken": "FAIL"}[check.state]
            click.echo(f"{mark} {check.what}: {terminal.safe(check.says)}")
    if any(check.state == "broken" for check in checks):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
