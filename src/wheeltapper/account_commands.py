"""The command `accounts`: fraudulent accounts, found by machines and people together."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper import terminal
from wheeltapper.command import Group, console, form_option, progress_bar

if TYPE_CHECKING:
    from wheeltapper.accounts.evaluate import Evaluation


@click.group(cls=Group)
def accounts() -> None:
    """Find accounts that are fraudulent: from what they do, and whom they are tied to."""


@accounts.command()
@click.option(
    "--data", required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE",
    help="A graph file (.npz).",
)  # fmt: skip
@click.option("--splits", type=click.IntRange(1), help="Only the first so many.")
@form_option("table", "json")
def evaluate(data: Path, splits: int | None, form: str) -> None:
    r"""Say how well fraud is found by own features, neighbours, structure and labels.

    Settings are the same for every file; test labels are only counted with. Needs the extra
    `train`.

    \b
        wheeltapper accounts evaluate --data tolokers.npz
    """
    from wheeltapper.accounts import graphfile
    from wheeltapper.accounts.evaluate import evaluate as evaluate_graph

    with progress_bar("evaluating") as show:
        done = evaluate_graph(graphfile.read(data), splits=splits, progress=show)
    if form == "json":
        terminal.print_rows([done.to_dict()], "ndjson")
    else:
        print_evaluation(console(), done)


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
