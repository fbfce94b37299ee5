"""The command `accounts`: fraudulent accounts, found by machines and people together."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.command import Group, console, form_option, open_workspace, progress_bar, say
from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import decision_id

if TYPE_CHECKING:
    from wheeltapper.accounts.evaluate import Evaluation


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(cls=Group)
def accounts() -> None:
    """Find accounts that are fraudulent: from what they do, and whom they are tied to."""


@accounts.command()
@click.option(
    "--data", required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH",
    help="A graph file (.npz), or a folder of tables with accounts.toml.",
)  # fmt: skip
@click.option("--splits", type=click.IntRange(1), help="Only the first so many.")
@form_option("table", "json")
def evaluate(data: Path, splits: int | None, form: str) -> None:
    """Say how well fraud is found by own features, neighbours, structure and labels.

    Settings are the same for all data; judged labels are only counted with. Tables are cut in
    time: trained as it was then, judged as it is at the end. Needs the extra `train`.

    \b
        wheeltapper accounts evaluate --data tolokers.npz
        wheeltapper accounts evaluate --data tables/
    """
    from wheeltapper.accounts import graphfile, overtime, tables
    from wheeltapper.accounts.evaluate import evaluate as evaluate_graph

    if data.is_dir() and splits:
        raise click.UsageError("--splits is for graph files")
    with progress_bar("evaluating") as show:
        if data.is_dir():
            read = tables.read(data)
            if read.left_out:
                say(f"{read.left_out:,} rows left out: of unknown accounts, or without a time")
            done = overtime.evaluate(read, show)
        else:
            done = evaluate_graph(graphfile.read(data), splits=splits, progress=show)
    if form == "json":
        terminal.print_rows([done.to_dict()], "ndjson")
    else:
        print_evaluation(console(), done)


@accounts.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--accounts", "count", default=3000, show_default=True, type=click.IntRange(300),
    help="Honest ones.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@form_option("table", "json")
def simulate(folder: Path, count: int, seed: int, form: str) -> None:
    """Write tables of accounts that nobody has into FOLDER: honest ones, and seven campaigns.

    \b
        wheeltapper accounts simulate tables/
        wheeltapper accounts evaluate --data tables/
    """
    from wheeltapper.accounts import simulation

    if folder.exists() and any(folder.iterdir()):
        raise WheeltapperError(f"{folder} is not empty; name a folder to be made")
    counts = simulation.simulate(folder, accounts=count, seed=seed)
    if form == "json":
        terminal.print_rows([counts], "ndjson")
    else:
        click.echo(", ".join(f"{kind} {count:,}" for kind, count in counts.items()))
    say(f"simulated; next: wheeltapper accounts evaluate --data {folder}")


@accounts.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--source", help="Only acts of this log kind.")
@form_option("table", "json")
@click.pass_context
def tables(ctx: click.Context, folder: Path, source: str | None, form: str) -> None:
    """Write the acts of the lake into FOLDER as tables of accounts.

    Who acted is an account; add labels, reports and profiles that you have to its accounts.toml.

    
        wheeltapper -w work accounts tables accounts/ --source okta
        wheeltapper -w work accounts train --data accounts/ --model fraud/
    """
    import polars as pl

    from wheeltapper.accounts import activities

    ws = open_workspace(ctx)
    if folder.exists() and any(folder.iterdir()):
        raise WheeltapperError(f"{folder} is not empty; name a folder to be made")
    if source:
        ws.sources().named(source)
    acts = ws.lake.activities(
        where="source = ?" if source else None, params=[source] if source else None,
        columns=activities.COLUMNS,
    )  # fmt: skip
    if not len(acts):
        raise WheeltapperError(f"{ws.root}: no acts{f' of {source}' if source else ''} in the lake")
    counts = activities.write(pl.DataFrame(acts), folder)
    if form == "json":
        terminal.print_rows([counts], "ndjson")
    else:
        click.echo(", ".join(f"{name} {count:,}" for name, count in counts.items()))
    say(f"written; next: add labels to {folder}/accounts.toml")


@accounts.command()
@click.option("--data", required=True, type=_FOLDER, metavar="DIR", help="Tables with labels.")
@click.option("--model", required=True, type=click.Path(path_type=Path), help="Folder to write.")
def train(data: Path, model: Path) -> None:
    """Learn from the labels that people gave, and from reports and lockstep before them.

    \b
        wheeltapper accounts train --data tables/ --model fraud/
    """
    import numpy as np

    from wheeltapper.accounts import judge, signals, tables
    from wheeltapper.engines.local import relearning, reviewing

    read = tables.read(data)
    judged = np.flatnonzero(read.fraud >= 0)
    now = signals.seen(read, tables.end(read))
    base = judge.view(now)
    try:
        made = judge.train(now, judged, read.fraud == 1, base=base)
    except ValueError as error:
        raise WheeltapperError(f"{data}: too few labels: {error}") from error
    relearning.keep(made, reviewing.Looked(read, now, tables.end(read), base), model)
    stages = (
        "two stages" if made.cheap else "one stage: a first did not help, or too few are reported"
    )
    say(f"learned from {len(judged):,} judged accounts, in {stages}; {model}")


@accounts.command()
@click.option("--data", required=True, type=_FOLDER, metavar="DIR", help="Tables.")
@click.option("--model", required=True, type=_FOLDER, help="What `train` wrote.")
@click.option("--top", default=20, show_default=True, type=click.IntRange(1), help="How many.")
@click.option(
    "--policy", "rules", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Costs (TOML), by which a response is proposed for each account.",
)  # fmt: skip
@click.option("--queue", is_flag=True, help="Put accounts before people, in the casebook.")
@form_option("table", "json", "ndjson", "csv")
@click.pass_context
def score(
    ctx: click.Context, data: Path, model: Path, top: int, rules: Path | None, queue: bool,
    form: str,
) -> None:  # fmt: skip
    """List the accounts most likely fraudulent, with the reasons and the groups they are in.

    With --queue they are put before people, in the workspace's casebook, with others from whom most
    is learned and a random sample. The same again adds nothing.

    \b
        wheeltapper accounts score --data tables/ --model fraud/ --top 50
    """
    if queue:
        _fill(ctx, data, model, rules)
    import numpy as np

    from wheeltapper.accounts import judge, policy, signals, tables
    from wheeltapper.accounts.sharing import Sharing

    ladder = policy.load(rules) if rules else None
    read, made = tables.read(data), judge.load(model)
    until = tables.end(read)
    base = judge.view(signals.seen(read, until))
    if not made.fits(base):
        raise WheeltapperError(
            f"{model}: learned from tables with other kinds of acts, things or numbers than "
            f"{data}; train it on tables like these"
        )
    chance = made.probability(base)
    columns, sharing = made.columns(base), Sharing(read, until)
    responses = ladder.respond(read.ids, chance) if ladder else [""] * read.accounts
    rows = [
        {
            "account": read.ids[i],
            "probability": round(float(chance[i]), 4),
            "response": responses[i],
            "response_id": decision_id(read.ids[i], responses[i]) if ladder else "",
            "reasons": judge.reasons(made, columns, int(i), whole=True),
            "groups": sharing.groups(int(i)),
        }
        for i in np.argsort(-chance, kind="stable")[:top]
    ]
    if form != "table":
        terminal.print_rows(rows, form)
        return
    for row in rows:
        console().print(
            Text(
                f"{terminal.safe(row['account'])}  {row['probability']:.1%}  "
                f"{row['response']}".rstrip(),
                "bold",
            )
        )
        for line in (*row["groups"], *row["reasons"]):
            console().print(Text(f"  {terminal.safe(line)}"))


def _fill(ctx: click.Context, data: Path, model: Path, rules: Path | None) -> None:
    from wheeltapper.engines.local import reviewing

    ws = open_workspace(ctx)
    own = ws.config.accounts
    settings = replace(
        own, data=str(data.resolve()), model=str(model.resolve()),
        policy=str(rules.resolve()) if rules else own.policy,
    )  # fmt: skip
    looked = reviewing.look(data)
    made = reviewing.fitting(model, looked)
    with ws.casebook() as book:
        done = reviewing.fill(book, looked, made, settings, ws.root, now=datetime.now(UTC))
    say(
        f"{done.waiting:,} accounts wait for people, {len(done.decisions):,} new decisions; "
        "next: wheeltapper review list"
    )
    for one in done.drift:
        if one.word == "drifted":
            say(f"drifted since the model learned (PSI {one.psi:.2f}): {one.name}")


def print_evaluation(out: Console, done: "Evaluation") -> None:
    """A row a step, figures with half of their interval, what ships in bold."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("step", no_wrap=True)
    for name in ("features", "AUC", "average precision", "recall at 0.9", "TPR at FPR 1e-2"):
        table.add_column(name, justify="right")
    for step in done.steps:
        cells = [f"{value:.3f} ± {half:.3f}" for value, half in step.figures().values()]
        style = "bold" if step.name == done.ships else ""
        table.add_row(*(Text(t, style=style) for t in (step.name, str(step.features), *cells)))
    out.print(table)
    made = "simulated accounts" if done.simulated else "accounts"
    out.print(
        Text(
            f"{done.accounts:,} {made}, {done.fraudulent:,} fraudulent, {done.ties:,} ties; "
            f"judged on {terminal.safe(done.judged)}, {done.splits} splits, 95 % intervals over "
            f"them; {done.ships} ships",
            style="dim",
        )
    )
    if not done.unseen:
        return
    unseen = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    unseen.add_column("campaign that was never seen")
    unseen.add_column("AUC", justify="right")
    unseen.add_column("TPR at FPR 1e-2", justify="right")
    for kind, figures in done.unseen.items():
        shown = (figures["auc"], figures["tpr_at_fpr_1e-2"])
        unseen.add_row(Text(terminal.safe(kind)), *(Text(f"{v:.3f} ± {h:.3f}") for v, h in shown))
    out.print(unseen)
