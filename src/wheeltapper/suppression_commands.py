"""The commands of whoever hides what is known to be right: `suppressions list|add|expire`."""

import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.case import Case
from wheeltapper.command import (
    FORMATS,
    console,
    form_option,
    open_workspace,
    progress_bar,
    reader_zone,
    say,
)
from wheeltapper.refine.preview import Preview
from wheeltapper.suppression import DAYS, Suppression
from wheeltapper.workspace import Workspace

EXAMPLES = 5


def lasting(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Days from `30d`."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,4})d?", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no number of days; write 30d", param=parameter)
    return int(found[1])


@click.group()
def suppressions() -> None:
    """What is hidden for a while: by whom, why and until when."""


@suppressions.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@form_option(*FORMATS)
@click.pass_context
def suppressions_list(ctx: click.Context, everything: bool, form: str) -> None:
    """List what is hidden, and who said so.

    \b
        wheeltapper suppressions list --all
    """
    ws = open_workspace(ctx)
    now = datetime.now(UTC)
    known = [one for one in ws.suppressions() if everything or one.in_force(now)]
    if form != "table":
        rows = ({**one.to_dict(), "in_force": one.in_force(now)} for one in known)
        terminal.print_rows(rows, form)
        return
    if not known:
        say("nothing is hidden" + ("" if everything else "; what was: --all"))
    for one in known:
        _print_one(console(), one, now, reader_zone(ws))


def _print_one(out: Console, one: Suppression, now: datetime, zone: ZoneInfo) -> None:
    line = Text(f"{one.id}  ", style="dim")
    line.append(terminal.safe(one.scope), style="bold" if one.in_force(now) else "")
    until = f"until {_day(one.expires, zone)}"
    if one.ended:
        until = f"ended by {terminal.safe(one.ended_by)} on {_day(one.ended, zone)}"
    elif not one.in_force(now):
        until = f"over since {_day(one.expires, zone)}"
    said = f"{until} · {terminal.safe(one.by)}, {_day(one.created, zone)}"
    said += f" · case {terminal.safe(one.case_id)}" if one.case_id else ""
    said += f" · {terminal.safe(one.reason)}" if one.reason else ""
    line.append(f"\n            {said}", style="not bold dim")
    out.print(line)


def _day(time: datetime, zone: ZoneInfo) -> str:
    return f"{time.astimezone(zone):%-d %b %Y}"


@suppressions.command("add")
@click.option("--detector", default="", help="Its name, or any.* for all that begin so.")
@click.option("--value", default="", help="What was unusual, as the detector compares it.")
@click.option("--peer-group", default="", help="Whom the accounts are compared with.")
@click.option("--app", default="", help="The application.")
@click.option("--entity", default="", help="The account, address or machine.")
@click.option(
    "--for",
    "days",
    callback=lasting,
    default=f"{DAYS}d",
    show_default=True,
    help="How long it lasts; a year at most.",
)
@click.option("--by", required=True, help="Who says so.")
@click.option("--reason", default="", help="Shown to the next reader.")
@click.option("--dry-run", is_flag=True, help="Only say what it would have hidden.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@form_option("table", "json")
@click.pass_context
def suppressions_add(
    ctx: click.Context, detector: str, value: str, peer_group: str, app: str, entity: str,
    days: int, by: str, reason: str, dry_run: bool, yes: bool, form: str,
) -> None:  # fmt: skip
    """Hide findings of one kind for a while; first say what it would have hidden.

    A field that is left out takes any. Name a detector or an application, and two things in all.

    \b
        wheeltapper suppressions add --detector any.country --value NL --for 30d --by ana
    """
    ws = open_workspace(ctx)
    scope = {
        "detector": detector, "value": value, "peer_group": peer_group, "app": app,
        "entity": entity,
    }  # fmt: skip
    ask = not yes and sys.stdin.isatty()
    hide(ws, scope, by=by, days=days, reason=reason, form=form, ask=ask, dry_run=dry_run)


def hide(
    ws: Workspace, of: Case | Mapping[str, str], *, by: str, days: int, reason: str,
    form: str = "table", ask: bool = False, dry_run: bool = False,
) -> None:  # fmt: skip
    """Say what a scope, or a case's kinds of findings, would have hidden; then keep it."""

    def decide(seen: Preview) -> bool:
        if form == "json":
            terminal.print_rows([seen.to_dict()], "ndjson")
        else:
            print_preview(console(), seen, reader_zone(ws))
        return not dry_run and (not ask or click.confirm("Hide it?", err=True))

    case, scope = (of.id, {}) if isinstance(of, Case) else (None, of)
    seen = ws.suppress(by=by, days=days, reason=reason, case=case, keep=decide, **scope)
    ids = {one.id for one in seen.suppressions}
    if ids and ids <= {one.id for one in ws.suppressions()}:
        named = " ".join(sorted(ids))
        say(f"hidden; the cases are made anew. To end it: wheeltapper suppressions expire {named}")
    else:
        say("nothing is kept")


def print_preview(out: Console, seen: Preview, zone: ZoneInfo) -> None:
    """What would have been hidden, with examples, and what speaks against it."""
    for one in seen.suppressions:
        out.print(Text(f"{terminal.safe(one.scope)}, until {_day(one.expires, zone)}", "bold"))
    for name in seen.unknown:
        out.print(Text(f"no finding at all is of this kind: {terminal.safe(name)}", "yellow"))
    out.print(Text(f"would have hidden {_counted(seen.findings, 'finding')} of the past 90 days"))
    _print_cases(out, seen.gone, "would not have been raised", zone)
    _print_cases(out, seen.weaker, "would have lost evidence", zone)
    others = [case for case in seen.judged if case not in seen.warned]
    _print_cases(out, others, "with a verdict would have stayed as judged", zone)
    _print_cases(out, seen.warned, "of this kind was no false alarm", zone, style="bold red")


def _print_cases(
    out: Console, cases: Sequence[Case], what: str, zone: ZoneInfo, style: str = ""
) -> None:
    if not cases:
        return
    out.print(Text(f"{_counted(len(cases), 'case')} {what}:", style))
    for case in cases[:EXAMPLES]:
        said = f" · {case.verdict} by {terminal.safe(case.verdict_by)}" if case.verdict else ""
        when = terminal.span(case.start, case.end, zone)
        out.print(Text(f"  {terminal.safe(case.headline)}").append(f" · {when}{said}", "dim"))
    if len(cases) > EXAMPLES:
        out.print(Text(f"  … and {len(cases) - EXAMPLES:,} more", "dim"))


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


@suppressions.command("expire")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--by", required=True, help="Who ends it.")
@click.pass_context
def suppressions_expire(ctx: click.Context, ids: tuple[str, ...], by: str) -> None:
    """End suppressions by their ids: what they hid counts again. They stay on the list.

    \b
        wheeltapper suppressions expire 9f4c01d2ab --by ana
    """
    ws = open_workspace(ctx)
    with progress_bar("making cases without it"):
        ended = ws.expire(*ids, by=by)
    for one in ended:
        say(f"{one.scope}: ended by {one.ended_by}")
    say("the cases are made anew")
