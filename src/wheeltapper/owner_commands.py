"""The commands about owners: `owners check|list|of`."""

import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
from rich.padding import Padding
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.case import Case
from wheeltapper.command import console, form_option, open_workspace, say
from wheeltapper.workspace import Workspace

LOOKED_BACK = timedelta(days=30)


@click.group()
def owners() -> None:
    """Who can recognise what was done in an application, and is asked."""


@owners.command("check")
@click.pass_context
def owners_check(ctx: click.Context) -> None:
    """Read the owners file, and compare it with what the lake holds."""
    from wheeltapper.refine.owners import is_glob

    ws = open_workspace(ctx)
    routing = ws.routing()
    found = routing.owners
    apps = _applications(ws)
    if not found.file.exists():
        say(f"there is no {found.file}: every case stays with the analyst; see docs/owners.md")
    claimed = {claim for app in apps if (claim := found.of_application(app))}
    for claim in found.applications:
        if claim not in claimed and apps:
            what = "fits no application" if is_glob(claim.what) else "is no application"
            _warn(f"{found.file.name}:{claim.line}: {claim.what!r} {what} of the lake")
    without = [app for app in apps if not found.of_application(app)]
    if without and found.applications:
        _warn(f"no owner of their own: {', '.join(without[:20])}"
              + (f" and {len(without) - 20} more" if len(without) > 20 else ""))  # fmt: skip
    if found.applications and not (found.escalation or found.default):
        _warn("no escalation and no default: where an owner is away, or is whom it is about, "
              "a case stays with the analyst")  # fmt: skip
    say(
        f"{len(found.applications)} lines about applications, {len(found.parties)} groups and "
        f"people; {len(apps) - len(without)} of {len(apps)} applications have an owner"
    )


def _warn(text: str) -> None:
    click.echo(f"warn {terminal.safe(text)}")


@owners.command("list")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def owners_list(ctx: click.Context, form: str) -> None:
    """List owners with their applications and how many cases the last thirty days brought them.

    \b
        wheeltapper owners list --format json
    """
    ws = open_workspace(ctx)
    rows = list(_rows(ws))
    if form != "table":
        terminal.print_rows(rows, form)
        return
    out = console()
    for row in rows:
        n = row["cases"]
        told = f"{n} {'case' if n == 1 else 'cases'} in {LOOKED_BACK.days} days"
        out.print(f"{terminal.safe(row['owner']) or 'nobody'}: {told}", markup=False, style="bold")
        apps = ", ".join(map(terminal.safe, typing.cast(list[str], row["applications"])))
        out.print(Padding(Text(apps or "no application of the lake", style="dim"), (0, 0, 0, 2)))


def _rows(ws: Workspace) -> Iterator[dict[str, object]]:
    """One row an owner, most cases first; last nobody."""
    routing = ws.routing()
    apps: dict[str, list[str]] = {}
    for app in _applications(ws):
        claim = routing.owners.of_application(app)
        apps.setdefault(claim.owner if claim else "", []).append(app)
    _, last, _ = ws.lake.span()
    recent = ws.cases(since=last - LOOKED_BACK) if last else []
    counts: dict[str, int] = {}
    for case in recent:
        route = routing.route(case, case.end)
        owner = route.owner or ("actor" if route.reader == "actor" else "")
        counts[owner] = counts.get(owner, 0) + 1
    names = {*apps, *counts, *routing.owners.parties} - {"analyst"}
    for name in sorted(names, key=lambda n: (not n, -counts.get(n, 0), n)):
        mine = apps.get(name, []) + (apps.get("analyst", []) if not name else [])
        yield {"owner": name, "cases": counts.get(name, 0), "applications": mine}


def _applications(ws: Workspace) -> list[str]:
    """Of the lake, those with most acts first."""
    if not ws.lake.span()[2]:
        return []
    table = ws.lake.sql(
        "select app, count(*) as n from activities where app is not null "
        "group by app order by n desc, app"
    )
    return [str(app) for app in table["app"].to_pylist()]


@owners.command("of")
@click.argument("case")
@form_option("table", "json")
@click.pass_context
def owners_of(ctx: click.Context, case: str, form: str) -> None:
    """Say who is asked about a CASE (its rank or id), why they, and from when on.

    \b
        wheeltapper owners of 1
    """
    ws = open_workspace(ctx)
    found = ws.case(case)
    now = datetime.now(UTC)
    route = ws.routing().route(found, now)
    zone = ZoneInfo(route.zone)
    if form == "json":
        terminal.print_rows(
            [
                {
                    "case": found.id,
                    "reader": route.reader,
                    "owner": route.owner,
                    "because": route.because,
                    "ask": list(route.ask),
                    "applications": list(route.apps),
                    "timezone": route.zone,
                    "deliver_after": route.deliver_after.isoformat(),
                }
            ],
            "ndjson",
        )
        return
    out = console()
    who = route.owner or {"actor": f"{found.entity}, who acted"}.get(route.reader, "the analyst")
    out.print(terminal.safe(who), markup=False, style="bold")
    out.print(f"because {terminal.safe(route.because)}", markup=False)
    if route.ask and route.ask != (route.owner,):
        out.print(f"to be asked: {terminal.safe(', '.join(route.ask))}", markup=False)
    waits = route.deliver_after > now
    at = f"from {route.deliver_after.astimezone(zone):%a %-d %b %Y %H:%M}" if waits else "now"
    out.print(f"when: {at} ({route.zone}){_why_now(found, waits)}", markup=False)


def _why_now(case: Case, waits: bool) -> str:
    return ", after their quiet hours" if waits else f", score {case.score:.1f}"
