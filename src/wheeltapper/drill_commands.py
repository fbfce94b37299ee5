"""The command `drill`: what would be found here of attacks that never happened."""

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.command import console, form_option, open_workspace, progress_bar, say
from wheeltapper.terminal import safe

if TYPE_CHECKING:
    from wheeltapper.engines.local.drill.drill import Drill
    from wheeltapper.engines.local.drill.outcome import Outcome

CARRIERS = 3
"""Detectors that are named in the table."""


@click.command()
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Plant only this one.")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 90),
    help="Plant into the last so many days.",
)  # fmt: skip
@click.option(
    "--repeat", default=1, show_default=True, type=click.IntRange(1, 100),
    help="Rounds; each casts other actors.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Other ones cast, and draw, otherwise.")
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="DIR",
    help="Keep the first round's workspace in DIR, to look at.",
)  # fmt: skip
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def drill(
    ctx: click.Context, scenarios: tuple[str, ...], days: int, repeat: int, seed: int,
    keep: Path | None, form: str,
) -> None:  # fmt: skip
    """Plant attacks into a view of your own history, and say which would have been found.

    They are cast on real accounts, by rule, and made of acts that your logs hold. The whole
    pipeline runs on a copy-on-write view; lake, casebook and verdicts are not touched.

    \b
        wheeltapper drill --repeat 3
        wheeltapper drill --scenario stolen-session --keep /tmp/drilled
    """
    ws = open_workspace(ctx)
    with progress_bar("drilling") as show:
        judged: dict[str, int] = {}

        def progress(what: str, acts: int) -> None:
            judged[what] = judged.get(what, 0) + acts
            show(0, 0, f"{what}, {judged[what]:,} acts" if judged[what] else what)

        done = ws.drill(
            *scenarios, days=days, repeat=repeat, seed=seed, keep=keep, progress=progress
        )
    if form == "json":
        terminal.print_rows([done.to_dict()], "ndjson")
    elif form != "table":
        terminal.print_rows(done.rows(), form)
    else:
        print_drill(console(), done)
    if done.kept:
        say(f"the drilled workspace is in {done.kept}; look at it with: "
            f"wheeltapper -w {done.kept} serve")  # fmt: skip


def print_drill(out: Console, done: "Drill") -> None:
    """The number first, then each scenario, then what is read besides, and what was left out."""
    zone = ZoneInfo(done.timezone)
    low, high = done.interval
    out.print(
        Text(
            f"{done.hits} of {len(done.outcomes)} found within {done.budget_cases_per_day:g} "
            f"cases a day: {done.recall:.0%} (95 %: {low:.0%} to {high:.0%})",
            style="bold",
        )
    )
    out.print(
        _dim(
            f"planted into {done.days[0]:%-d %b} to {done.days[-1]:%-d %b %Y}; "
            f"{done.background:.1f} other cases a day there; {done.seconds:.0f} s"
        )
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("scenario", no_wrap=True)
    table.add_column("found")
    for name in ("rank", "of day", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("carried by, or where it was lost", overflow="fold")
    for one in done.outcomes:
        table.add_row(*_row(one))
    out.print(table)
    for one in done.outcomes:
        out.print()
        _print_outcome(out, one, zone)
    if done.left_out:
        out.print()
    for left in done.left_out:
        out.print(_dim(f"left out: {safe(left.scenario)}: {safe(left.why)}"))


def _row(one: "Outcome") -> list[Text]:
    found = Text("yes" if one.told_first else "beside", style="green")
    if not one.found:
        found = Text(one.lost, style="red")
    parts = [f"{name} {share:.0%}" for name, share in one.carried[:CARRIERS]]
    more = len(one.carried) - CARRIERS
    said = one.why or (", ".join(parts) + (f", and {more} more" if more > 0 else ""))
    return [
        Text(safe(one.scenario)),
        found,
        Text("" if one.rank is None else f"{one.rank:,}"),
        Text("" if one.rank_in_day is None else f"{one.rank_in_day:,}"),
        Text(_after(one.hours_to_find)),
        Text(safe(said), style="" if one.found else "dim"),
    ]


def _print_outcome(out: Console, one: "Outcome", zone: ZoneInfo) -> None:
    who = ", ".join(f"{safe(name)} {safe(actor)}" for name, actor in one.cast.items())
    when = terminal.span(one.first, one.last, zone)
    again = f" (round {one.round})" if one.round > 1 else ""
    out.print(Text(f"{safe(one.scenario)}{again}: {one.acts:,} acts, {when}; {who}", style="bold"))
    out.print(_dim(f"  {safe(one.about)}"))
    if one.headline:
        said = (
            "the case says" if one.told_first else "it lies in a case that is about something else"
        )
        out.print(Text(f"  {said}: {safe(one.headline)}"))


def _after(hours: float | None) -> str:
    """`12 min`, `3.5 h`, `2.1 days`; `at once`."""
    if hours is None:
        return ""
    if hours * 60 < 1:
        return "at once"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _dim(text: str) -> Text:
    return Text(text, style="dim")
