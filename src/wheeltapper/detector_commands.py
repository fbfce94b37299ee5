"""The commands of whoever writes detectors: `detectors list|show|test` and `backtest`."""

import dataclasses
from datetime import datetime
from pathlib import Path

import click

from wheeltapper import detector_pages, terminal
from wheeltapper.command import (
    console,
    form_option,
    open_workspace,
    progress_bar,
    reader_zone,
    say,
    since_until,
)

# Rooms are loaded where they are used: help must not wait for Numba.


@click.group()
def detectors() -> None:
    """The catalogue of statistical detectors, and a workspace's own."""


@detectors.command("list")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def detectors_list(ctx: click.Context, form: str) -> None:
    """List the detectors that run: what they ask, and of whom."""
    rows: list[dict[str, object]] = [
        {"detector": d.name, "family": d.family, "entity": d.entity, "about": d.about}
        for d in open_workspace(ctx).detectors()
    ]
    if form == "table":
        detector_pages.print_list(console(), rows)
    else:
        terminal.print_rows(rows, form)


@detectors.command("show")
@click.argument("name")
@form_option("table", "json")
@click.pass_context
def detectors_show(ctx: click.Context, name: str, form: str) -> None:
    """Explain one detector: what it asks, of whom, and what it has said here.

    \b
        wheeltapper detectors show any.country
    """
    from wheeltapper.engines.local.entry import as_dict

    ws = open_workspace(ctx)
    entry = ws.detector(name)
    if form == "json":
        terminal.print_rows([as_dict(entry)], "ndjson")
    else:
        detector_pages.print_entry(console(), entry, reader_zone(ws))


@detectors.command("test")
@click.argument("chosen", nargs=-1, metavar="[NAME|FILE]…")
@form_option("table", "json", "ndjson")
@click.pass_context
def detectors_test(ctx: click.Context, chosen: tuple[str, ...], form: str) -> None:
    """Check entries, and run the tests that stand beside them.

    Without a name or file: the packaged catalogue and the workspace's own. The exit code is 1
    where an entry cannot be used or a test fails.

    \b
        wheeltapper detectors test payroll.folder
        wheeltapper detectors test drafts/payroll.toml
    """
    ws = open_workspace(ctx)
    done = ws.try_detectors(*chosen)
    if form == "table":
        detector_pages.print_tried(console(), done)
        say(detector_pages.summed_up(done))
    else:
        failed = [{"mistake": m, "passed": False} for m in done.mistakes]
        terminal.print_rows([*failed, *map(dataclasses.asdict, done.results)], form)
    if not done.passed:
        raise SystemExit(1)


@click.command()
@click.option("--detector", help="Its name: any.country, rule.NAME or model.NAME.")
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="The last so many days of the lake.",
)
@since_until
@click.option("--entry", type=click.Path(path_type=Path), help="A file with a draft to test.")
@click.option(
    "--examples",
    default=5,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="How many findings to tell in words, of each kind of change.",
)
@click.option("--thresholds", is_flag=True, help="Say what other settings of min_bits would.")
@form_option("table", "json")
@click.pass_context
def backtest(
    ctx: click.Context, detector: str | None, days: int, since: datetime | None,
    until: datetime | None, entry: Path | None, examples: int, thresholds: bool, form: str,
) -> None:  # fmt: skip
    """Say what a detector would have raised, when and about whom; nothing is kept.

    It learns from all of the lake and reports the window. A draft is compared with the version in
    the workspace, and that with the packaged one it replaces: what is added, what is gone.

    \b
        wheeltapper backtest --detector any.country --days 30
        wheeltapper backtest --detector any.country --entry draft.toml --format json
    """
    if detector is None and entry is None:
        raise click.UsageError("name a --detector, or an --entry file with a draft")
    ws = open_workspace(ctx)
    with progress_bar("judging") as show:
        judged = 0

        def progress(acts: int) -> None:
            nonlocal judged
            judged += acts
            show(judged, 0, f"{judged:,} acts")

        found = ws.backtest(
            detector, days=days, since=since, until=until, entry=entry, examples=examples,
            thresholds=thresholds, progress=progress,
        )  # fmt: skip
    if form == "json":
        terminal.print_rows([found.to_dict()], "ndjson")
    else:
        detector_pages.print_backtest(console(), found)
