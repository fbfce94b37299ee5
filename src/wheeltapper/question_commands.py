"""The commands that ask actors: `ask` and `questions list|new-key`."""

import re
from datetime import UTC, datetime, timedelta

import click

from wheeltapper import terminal
from wheeltapper.command import console, form_option, open_workspace, reader_zone, say

_LASTS = re.compile(r"([1-9][0-9]{0,5})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def lasting(_ctx: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """`48h`, `30m`, `7d` as a span of time."""
    found = _LASTS.fullmatch(value)
    if not found:
        raise click.BadParameter(f"{value!r} is no span; write 48h, 30m or 7d", param=parameter)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.command()
@click.argument("case")
@click.option("--by", required=True, help="Who asks.")
@click.option("--actor", default="", help="Which of the case's accounts [default: its own].")
@click.option("--ttl", callback=lasting, default="48h", show_default=True,
              help="How long the link works.")  # fmt: skip
@form_option("table", "json")
@click.pass_context
def ask(
    ctx: click.Context, case: str, by: str, actor: str, ttl: timedelta, form: str
) -> None:  # fmt: skip
    """Ask the one under whose name a CASE was done whether it was them.

    Prints what to send, with a link that works once. Send it by another way than the account in
    question: whoever has the account would answer too.

    \b
        wheeltapper ask 1 --by ana --ttl 48h
    """
    ws = open_workspace(ctx)
    asked = ws.ask(case, by=by, actor=actor, ttl=ttl)
    if form == "json":
        row = {
            **asked.question.to_dict(),
            "link": asked.link,
            "subject": asked.letter.subject,
            "text": asked.letter.text,
        }
        terminal.print_rows([row], "ndjson")
        return
    terminal.print_letter(console(), asked.letter.subject, asked.letter.text)
    say(
        f"send this to {asked.question.actor} by another way than the account in question; what "
        f"they say will stand in: wheeltapper show {asked.question.case_id}"
    )


@click.group()
def questions() -> None:
    """What actors were asked about cases, and said."""


@questions.command("list")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def questions_list(ctx: click.Context, form: str) -> None:
    """List all questions, the first asked first."""
    ws = open_workspace(ctx)
    asked = ws.questions()
    if form != "table":
        terminal.print_rows((q.to_dict() for q in asked), form)
        return
    zone, now, out = reader_zone(ws), datetime.now(UTC), console()
    for q in asked:
        out.print(f"{q.case_id}  {terminal.safe(q.told(zone, now))}", markup=False)
    if not asked:
        say("nobody was asked; ask with: wheeltapper ask CASE --by NAME")


@questions.command("new-key")
@click.option("--void", is_flag=True, help="Links that were sent before stop working.")
@click.pass_context
def new_key(ctx: click.Context, void: bool) -> None:
    """Sign links with a new key from now on.

    Links that are signed with the key before work until they expire, unless they are made void.
    """
    from wheeltapper.review import keys

    ws = open_workspace(ctx)
    keys.change(ws.root / keys.FILE, keep=not void)
    before = "no link sent before works" if void else "links that the last one signed still work"
    say(f"a new key signs; {before}")
