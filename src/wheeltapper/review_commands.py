"""The command `review`: what people do about accounts that a model put before them."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.command import Group, console, form_option, open_workspace, say
from wheeltapper.referral import OPEN, OPINIONS, STATES, Decision, Opinion, Referral


@click.group(cls=Group)
def review() -> None:
    """Look at accounts that may be fraudulent, say what they are, and see how well it goes."""


@review.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those [default: that wait].")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def list_(ctx: click.Context, state: str | None, limit: int, form: str) -> None:
    """List accounts in the order in which people look at them.

    \b
        wheeltapper accounts score --data tables/ --model fraud/ --queue
        wheeltapper review list
    """
    with open_workspace(ctx).casebook() as book:
        found = book.referrals.all([state] if state else OPEN, limit)
        waiting = book.referrals.waiting()
    if form != "table":
        terminal.print_rows([_row(one) for one in found], form)
        return
    for one in found:
        print_referral(one)
    say(f"{waiting:,} accounts wait for people; on the page: wheeltapper serve, then /review")


@review.command()
@click.argument("account")
@click.argument("opinion", type=click.Choice(OPINIONS))
@click.option("--by", required=True, help="Who says so.")
@click.option("--reason", default="", help="Why, for whoever looks next.")
@form_option("table", "json")
@click.pass_context
def answer(
    ctx: click.Context, account: str, opinion: str, by: str, reason: str, form: str
) -> None:  # fmt: skip
    """Say what an ACCOUNT is; the newest answer of a reviewer counts.

    \b
        wheeltapper review answer u000123 fraud --by mila --reason "forty cards in an hour"
    """
    from wheeltapper.review.ruling import settle

    said = Opinion(account=account, opinion=opinion, by=by, reason=reason, at=datetime.now(UTC))
    with open_workspace(ctx).casebook() as book:
        found, decided = book.referrals.answer(said, settle)
    _told(found, decided, form)


@review.command()
@click.argument("account")
@click.option("--words", default="", help="What whoever appeals says.")
@form_option("table", "json")
@click.pass_context
def appeal(ctx: click.Context, account: str, words: str, form: str) -> None:
    """Let somebody look again who has not judged the ACCOUNT before.

    \b
        wheeltapper review appeal u000123 --words "I am real"
    """
    with open_workspace(ctx).casebook() as book:
        found = book.referrals.appeal(account, words, at=datetime.now(UTC))
    _told(found, [], form)


@review.command()
@click.argument("account")
@click.argument("outcome", type=click.Choice(["passed", "failed", "lapsed"]))
@form_option("table", "json")
@click.pass_context
def verified(ctx: click.Context, account: str, outcome: str, form: str) -> None:
    """Say what came of the verification that an ACCOUNT was asked for.

    \b
        wheeltapper review verified u000123 failed
    """
    with open_workspace(ctx).casebook() as book:
        found, decided = book.referrals.challenged(account, outcome, at=datetime.now(UTC))
    _told(found, decided, form)


@review.command()
@form_option("table", "json")
@click.pass_context
def retrain(ctx: click.Context, form: str) -> None:
    """Learn from what people settled, measured on answers held out, and renew the queue.

    \b
        wheeltapper review retrain
    """
    from wheeltapper.engines.local.relearning import relearn

    ws = open_workspace(ctx)
    with ws.casebook() as book:
        done = relearn(book, ws.root, ws.config.accounts, now=datetime.now(UTC))
    if form == "json":
        told = {
            "settled": done.settled, "trained": done.trained, "adopted": done.adopted,
            "compared": asdict(done.compared) if done.compared else None,
            "changed": done.changed, "waiting": done.filled.waiting,
        }  # fmt: skip
        terminal.print_rows([told], "ndjson")
        return
    click.echo(f"learned from {done.trained:,} accounts, {done.settled:,} settled by reviewers")
    if done.compared:
        before, after = done.compared.before, done.compared.after
        click.echo(
            f"on {after.answers:,} answers held out: log loss {before.log_loss:.3f} before, "
            f"{after.log_loss:.3f} after (difference {done.compared.low:+.3f} to "
            f"{done.compared.high:+.3f})"
        )
    if not done.adopted:
        click.echo("worse beyond chance: the model before stays")
    for change, count in done.changed.items():
        click.echo(f"  {count:,} accounts: {change}")


@review.command()
@form_option("table", "json")
@click.pass_context
def stats(ctx: click.Context, form: str) -> None:
    """Say how much fraud there is, how well it is found, how reviewers agree, what has drifted.

    \b
        wheeltapper review stats --format json
    """
    from wheeltapper.engines.local.reviewed import figures

    with open_workspace(ctx).casebook() as book:
        told = figures(book, now=datetime.now(UTC))
    if form == "json":
        terminal.print_rows([told], "ndjson")
        return
    for line in told_stats(told):
        click.echo(terminal.safe(line))


@review.command()
@click.option("--after", default=0, type=click.IntRange(0), help="Only later than this number.")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def decisions(ctx: click.Context, after: int, form: str) -> None:
    """List what was decided, in the order it was decided.

    \b
        wheeltapper review decisions --format ndjson
    """
    with open_workspace(ctx).casebook() as book:
        rows = [_decision(one) for one in book.referrals.decisions(after=after)]
    if form != "table":
        terminal.print_rows(rows, form)
        return
    for row in rows:
        line = f"{row['number']:>6}  {row['account']}  {row['was']} → {row['step']}  {row['why']}"
        console().print(Text(terminal.safe(line)))


@review.command()
@click.pass_context
def deliver(ctx: click.Context) -> None:
    """Hand decisions that wait to the webhook of the settings, each until it was taken once.

    \b
        wheeltapper review deliver
    """
    from wheeltapper.engines.local.delivering import deliver as hand_over
    from wheeltapper.errors import WheeltapperError

    ws = open_workspace(ctx)
    with ws.casebook() as book:
        done = hand_over(book, ws.config.accounts)
    say(f"{done.taken:,} taken, {done.waiting:,} wait")
    if done.problem:
        raise WheeltapperError(f"{ws.config.accounts.webhook}: {done.problem}; they wait")


def print_referral(one: Referral) -> None:
    """An account with why it is there and what speaks against it."""
    evidence = json.loads(one.evidence)
    why = ", ".join(part for part in (one.state, one.via, one.step) if part)
    console().print(Text(f"{terminal.safe(one.account)}  {one.score:.1%}  {why}", "bold"))
    for line in (*evidence.get("groups", ()), *evidence.get("facts", ())):
        console().print(Text(f"  {terminal.safe(line)}"))


# Any: `engines.local.reviewed.figures` names each figure.
def told_stats(told: dict[str, Any]) -> list[str]:
    """The figures in sentences."""
    lines = [f"{told['waiting']:,} accounts wait, {told['settled']:,} were settled"]
    for name in ("prevalence", "precision", "recall"):
        one = told[name]
        said = f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%})" if one else "not known"
        lines.append(f"{name}: {said}")
    lines.append(f"random sample: {told['drawn_settled']:,} of {told['drawn']:,} settled")
    kappa = told["kappa"]
    if kappa:
        lines.append(
            f"Cohen's kappa {kappa['value']:.2f} ({kappa['low']:.2f} to {kappa['high']:.2f}), "
            f"{kappa['pairs']:,} accounts judged twice"
        )
    lines += [
        f"{one['name']}: {one['opinions']:,} answers, {one['gold_right']} of {one['gold']} "
        f"checks right, {one['seconds']:.0f} s each"
        for one in told["reviewers"]
    ]
    drifted = [d["name"] for d in told["drift"] if d["word"] == "drifted"]
    lines.append(f"drifted: {', '.join(drifted)}" if drifted else "nothing has drifted")
    lines.append(f"{told['decisions']:,} decisions, {told['undelivered']:,} not delivered")
    return lines


def _told(found: Referral, decided: list[Decision], form: str) -> None:
    if form == "json":
        row = _row(found) | {"decisions": [_decision(one) for one in decided]}
        terminal.print_rows([row], "ndjson")
        return
    click.echo(f"{terminal.safe(found.account)} is {found.state}; what is done: {found.step}")


def _row(one: Referral) -> dict[str, object]:
    evidence = json.loads(one.evidence)
    return {
        "account": one.account, "score": round(one.score, 4), "state": one.state,
        "step": one.step, "proposed": one.proposed, "via": one.via, "round": one.round,
        "double": one.double, "assigned": one.assigned, "challenge": one.challenge,
        "groups": evidence.get("groups", []), "facts": evidence.get("facts", []),
        "reasons": evidence.get("reasons", []),
    }  # fmt: skip


def _decision(one: Decision) -> dict[str, object]:
    row = asdict(one)
    row["at"] = one.at.isoformat()
    row["delivered"] = one.delivered.isoformat() if one.delivered else None
    return row
