"""The command `wheeltapper`: one verb a step, the same names as in Python."""

import dataclasses
import logging
import sys
from datetime import datetime
from pathlib import Path

import click

from wheeltapper import finding, terminal, workspace
from wheeltapper.account_commands import accounts
from wheeltapper.case import MALICIOUS, POLICY_VIOLATION, STATUSES
from wheeltapper.command import (
    FORMATS,
    Group,
    console,
    form_option,
    moment,
    open_workspace,
    print_rows,
    progress_bar,
    reader_zone,
    say,
    since_until,
)
from wheeltapper.detector_commands import backtest, detectors
from wheeltapper.drill_commands import drill
from wheeltapper.errors import WheeltapperError
from wheeltapper.owner_commands import owners
from wheeltapper.powershell_commands import powershell
from wheeltapper.question_commands import ask, questions
from wheeltapper.review_commands import review
from wheeltapper.run_commands import detect, ingest, run
from wheeltapper.suppression_commands import hide, lasting, suppressions
from wheeltapper.workspace import Workspace


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w", "--workspace", "folder", type=click.Path(path_type=Path), default=Path(),
    help="The workspace (default: the current directory).",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="wheeltapper")
@click.pass_context
def main(ctx: click.Context, folder: Path, debug: bool) -> None:
    """Find unusual user activity in logs, and say why it is unusual.

    \b
        wheeltapper init work
        wheeltapper -w work run logs/
        wheeltapper -w work cases
        wheeltapper -w work serve
    """
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, format="%(message)s")
    ctx.obj = folder


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a workspace in FOLDER, with a commented settings file.

    \b
        wheeltapper init work
    """
    made = workspace.init(folder)
    say(f"{made.root} is a workspace; next: wheeltapper -w {made.root} run LOGS")


main.add_command(ingest)
main.add_command(detect)
main.add_command(run)


@main.command()
@since_until
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--entity", help="Only those about this account or address.")
@click.option("--limit", type=click.IntRange(1), help="At most so many [default: 20 in a table].")
@form_option(*FORMATS)
@click.pass_context
def cases(
    ctx: click.Context, since: datetime | None, until: datetime | None, status: str | None,
    entity: str | None, limit: int | None, form: str,
) -> None:  # fmt: skip
    """List the cases, the most unusual first.

    \b
        wheeltapper cases --since 2026-11-01 --format json

    Of status open are those that were opened again, too.
    """
    ws = open_workspace(ctx)
    most = limit or (20 if form == "table" else None)
    found = ws.cases(since=since, until=until, status=status, entity=entity, limit=most)
    if form != "table":
        terminal.print_rows((case.to_dict() for case in found), form)
        return
    if not found:
        _, _, acts = ws.lake.span()
        say(f"no case: {acts:,} acts looked at, {len(ws.lake.findings()):,} findings below the bar")
        return
    terminal.print_cases(console(), found, reader_zone(ws))


@main.command()
@click.argument("case")
@click.option(
    "--for",
    "reader",
    type=click.Choice(["analyst", "owner", "actor"]),
    default="analyst",
    show_default=True,
    help="Write it for an application's owner, or for the one who acted.",
)
@form_option("table", "json")
@click.pass_context
def show(ctx: click.Context, case: str, reader: str, form: str) -> None:
    """Tell one CASE, by its rank or id.

    \b
        wheeltapper show 1
        wheeltapper show 1 --for owner
    """
    ws = open_workspace(ctx)
    found = ws.case(case)
    if case in found.formerly:
        say(f"case {case} was merged into case {found.id}")
    if reader != "analyst":
        letter = ws.letter(found, reader)
        if form == "json":
            terminal.print_rows([dataclasses.asdict(letter)], "ndjson")
        else:
            terminal.print_letter(console(), letter.subject, letter.text)
        return
    if form == "json":
        terminal.print_rows([found.to_dict()], "ndjson")
        return
    terminal.print_case(console(), found, reader_zone(ws))


@main.command()
@since_until
@click.option("--detector", help="Only this detector's.")
@click.option("--entity", help="Only those about this account or address.")
@form_option(*FORMATS)
@click.pass_context
def findings(
    ctx: click.Context, since: datetime | None, until: datetime | None, detector: str | None,
    entity: str | None, form: str,
) -> None:  # fmt: skip
    """List what the detectors said, in order of time.

    \b
        wheeltapper findings --format ndjson
    """
    ws = open_workspace(ctx)
    table = ws.lake.findings(since=since, until=until, detector=detector, entity=entity)
    said = finding.from_table(table)
    if form != "table":
        terminal.print_rows((f.to_dict() for f in said), form)
        return
    out, others = console(), 0
    for one in said:
        if one.bits + one.llr < 0:  # it speaks for the account: refinement weighs it against others
            others += 1
            continue
        out.print(
            f"{one.time.isoformat()}  {one.bits:5.1f} bits  {one.detector}  "
            f"{terminal.safe(one.entity)}",
            markup=False,
        )
    if others:
        say(f"{others:,} more speak for the account they are about; --format ndjson has them")


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
@click.option(
    "--suppress", "days", callback=lasting, help="And hide the like of it for so long, such as 90d."
)
@click.pass_context
def judge(
    ctx: click.Context, case: str, verdict: str, by: str, reason: str, days: int | None
) -> None:
    """Give a VERDICT on a CASE.

    \b
        wheeltapper judge 1 malicious --by ana --reason "keys were stolen"
        wheeltapper judge 2 benign_expected --by ana --suppress 90d
    """
    if days is not None and verdict in (MALICIOUS, POLICY_VIOLATION):
        raise click.UsageError(f"--suppress hides what is right to happen; {verdict} is not")
    ws = open_workspace(ctx)
    try:
        found = ws.judge(case, verdict, by=by, reason=reason)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    say(f"{found.headline}: {verdict} by {by}")
    if days is not None:
        why, ask = reason or f"judged {verdict}", sys.stdin.isatty()
        hide(ws, found, by=by, days=days, reason=why, ask=ask)


@main.command()
@click.option("--host", help="Address to listen on [default: from the settings, 127.0.0.1].")
@click.option("--port", type=int, help="[default: from the settings, 8642]")
@click.option("--token", help="Asked of every visitor; needed beyond this machine.")
@click.option("--open", "browse", is_flag=True, help="Open the page in a browser.")
@click.pass_context
def serve(
    ctx: click.Context, host: str | None, port: int | None, token: str | None, browse: bool
) -> None:
    """Serve the timeline.

    \b
        wheeltapper -w work serve --open
    """
    from wheeltapper import server  # the web server is not needed by any other command

    ws = open_workspace(ctx)
    settings = ws.config.server
    where, at = host or settings.host, port if port is not None else settings.port
    say(f"the timeline is at http://{where}:{at}/ ; stop with Ctrl-C")
    server.serve(
        ws.root, ws.config, host=where, port=at, token=token or settings.token,
        open_browser=browse, hiding=ws,
    )  # fmt: skip


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--people", default=120, show_default=True, type=click.IntRange(20))
@click.option("--days", default=60, show_default=True, type=click.IntRange(14))
@click.option("--seed", default=1, show_default=True)
@click.option("--attack/--no-attack", default=True, help="Plant attacks; told in truth.ndjson.")
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Plant only this one.")
def simulate(
    folder: Path, people: int, days: int, seed: int, attack: bool, scenarios: tuple[str, ...]
) -> None:
    """Write the logs of a simulated organisation to FOLDER, with attacks planted in them.

    One of them is real: an hour recorded in AWS, put under one employee's name.

    \b
        wheeltapper simulate sample --people 200 --days 60 --seed 1
    """
    from wheeltapper.simulate import simulate as write

    with progress_bar("simulating"):
        done = write(
            folder, people=people, days=days, seed=seed, attack=attack, scenarios=scenarios
        )
    counts = ", ".join(f"{n:,} {kind}" for kind, n in sorted(done.records.items()))
    say(f"{done.people} people, {done.start} to {done.end}: {counts} records in {done.logs}/")
    for reason in done.left_out:
        say(f"left out: {reason}")
    if done.truths:
        names = ", ".join(truth.scenario for truth in done.truths)
        say(f"planted, as {done.out / 'truth.ndjson'} tells: {names}")
    if done.real:
        say(f"{done.real:,} of them are real, the rest is simulated: {done.out / 'SOURCES.md'}")


@main.command()
@click.option("--until", callback=moment, help="Learn from what lies before this time.")
@click.option("--only", type=click.Choice(["model", "weights"]), help="One of the two alone.")
@click.pass_context
def train(ctx: click.Context, until: datetime | None, only: str | None) -> None:
    """Learn from the lake: the model of user-days, and what findings are worth as evidence.

    The model judges the days after. Weights are learned by putting sessions under other names in a
    copy of the history, and count when cases are made again.

    \b
        wheeltapper train --until 2026-10-01
    """
    ws = open_workspace(ctx)
    if only != "weights":
        with progress_bar("training"):
            made = ws.train(until)
        say(f"model.{made.name} is in {ws.root / 'models'}/; its card says how good it is")
    if only != "model":
        _learn_weights(ws, until, must=only == "weights")


def _learn_weights(ws: Workspace, until: datetime | None, *, must: bool) -> None:
    """Learn weights and say so; too little history is an error only where they `must` be."""
    try:
        with progress_bar("learning weights"):
            learned = ws.learn_weights(until)
    except WheeltapperError as error:
        if must:
            raise
        say(str(error))
        return
    before, now = (learned.average_precision[name] for name in ("prior", "learned"))
    told = f"average precision {now:.3f} on exchanged sessions, {before:.3f} with the catalogue's"
    if learned.curves:
        say(f"weights of {len(learned.curves)} detectors are in {ws.root / 'models'}/: {told}")
    else:
        say(f"the catalogue's weights are kept, they do as well: {told}")


@main.group()
def rules() -> None:
    """Sigma rules, packaged and the workspace's own."""


@rules.command("list")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def rules_list(ctx: click.Context, form: str) -> None:
    """List the rules, and those that cannot be run with the reason."""
    ruleset = open_workspace(ctx).judges().rules
    rows: list[dict[str, object]] = [
        {"rule": r.name, "level": r.level, "title": r.title, "runs": True, "reason": ""}
        for r in ruleset.rules
    ]
    rows += [
        {"rule": path.stem, "level": "", "title": title, "runs": False, "reason": reason}
        for path, title, reason in ruleset.unsupported
    ]
    print_rows(rows, form)


main.add_command(suppressions)
main.add_command(detectors)
main.add_command(backtest)
main.add_command(owners)
main.add_command(ask)
main.add_command(questions)
main.add_command(drill)
main.add_command(accounts)
main.add_command(review)
main.add_command(powershell)


@main.command("doctor")
@form_option("table", "json")
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
