"""What commands share: how a workspace is opened, options that mean the same everywhere, errors."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from wheeltapper import terminal, workspace
from wheeltapper.errors import WheeltapperError, disk_is_full
from wheeltapper.workspace import Workspace

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
        except Exception as error:  # each library has an error of its own for this
            if ctx.params.get("debug") or not disk_is_full(error):
                raise
            raise click.ClickException(terminal.safe_lines(no_room(ctx.obj or Path()))) from error


def no_room(folder: Path) -> str:
    """What to do where a disk takes no more."""
    free = f"{shutil.disk_usage(folder).free / 2**20:,.1f} MiB free" if folder.exists() else "full"
    return (
        f"{folder}: the disk is full ({free}): make room, and run the same again; nothing is lost, "
        "and what was done is not done twice"
    )


def open_workspace(ctx: click.Context) -> Workspace:
    return workspace.open(ctx.obj)


def console() -> Console:
    wide = None if sys.stdout.isatty() else 110
    return Console(width=wide, highlight=False, soft_wrap=False)


def reader_zone(ws: Workspace) -> ZoneInfo:
    """The zone of whoever sits at the terminal: `TZ` where it names one, else the workspace's."""
    try:
        return ZoneInfo(os.environ.get("TZ", "").removeprefix(":"))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not set, a rule such as CET-1, a folder
        return ZoneInfo(ws.config.timezone)


def say(text: str) -> None:
    """Counts and progress go to standard error: standard output is for results."""
    click.echo(terminal.safe(text), err=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float, float, str], None]]:
    """`(done, of, note)`, drawn on a terminal and nowhere else."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(), console=Console(stderr=True), transient=True,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=None, note="")
        yield lambda done, of, note: bar.update(task, completed=done, total=of or None, note=note)


def since_until(command: _C) -> _C:
    command = click.option("--until", callback=moment, help="Before this time (ISO 8601).")(command)
    return click.option("--since", callback=moment, help="From this time (ISO 8601).")(command)


def moment(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write 2026-11-24 or 2026-11-24T09:30+01:00", param=parameter
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def form_option(*forms: str) -> Callable[[_C], _C]:
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True,
        help="For people, or for programs.",
    )  # fmt: skip


def print_rows(rows: list[dict[str, object]], form: str) -> None:
    if form != "table":
        terminal.print_rows(rows, form)
        return
    out = console()
    for row in rows:
        out.print("  ".join(terminal.safe(v) for v in row.values() if v != ""), markup=False)
