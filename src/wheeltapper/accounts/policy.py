"""What is done about an account: the step of a ladder whose expected cost is lowest.

    missed = 100.0                  what a fraudulent account costs that is left alone
    false_positive_budget = 0.01    share of honest accounts that may be bothered at all
    unattended_removal = false      true: nobody has to look before an account is removed
    [steps.verify]
    stops = 0.8                     share of the damage that it stops
    bothers = 2.0                   what it costs an honest account

A step costs `p × (1 − stops) × missed + (1 − p) × bothers` at a probability p of fraud; to allow
costs `p × missed`. The same accounts, probabilities and policy give the same responses with the
same ids, so that whoever carries them out can leave out what was done already.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wheeltapper.errors import ConfigError

ALLOW, REVIEW, REMOVE = "allow", "review", "remove"
LADDER = ("rate_limit", "verify", "hold", REVIEW, REMOVE)


@dataclass(frozen=True, slots=True)
class Step:
    """One response."""

    stops: float
    bothers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Costs, and what they may lead to."""

    missed: float
    false_positive_budget: float
    unattended_removal: bool
    steps: dict[str, Step]

    def respond(self, ids: Sequence[str], probability: npt.NDArray[np.float64]) -> list[str]:
        """A step, or `allow`, for each account.

        Where the steps would bother more honest accounts than the budget lets them, as the
        probabilities say, the least likely fraudulent are allowed. Accounts with the same
        probability are treated alike.
        """
        p = np.asarray(probability, np.float64)
        names = [ALLOW, *(name for name in LADDER if name in self.steps)]
        costs = np.column_stack(
            [p * self.missed]
            + [
                p * (1 - self.steps[n].stops) * self.missed + (1 - p) * self.steps[n].bothers
                for n in names[1:]
            ]
        )
        chosen = costs.argmin(axis=1)
        order = np.argsort(-p, kind="stable")
        honest = np.cumsum(np.where(chosen[order] > 0, 1 - p[order], 0.0))
        over = honest > self.false_positive_budget * (1 - p).sum()
        if over.any():
            chosen[p <= p[order][over][0]] = 0
        said = [names[k] for k in chosen]
        if not self.unattended_removal:
            said = [REVIEW if name == REMOVE else name for name in said]
        return said


def load(path: Path) -> Policy:
    """Read and check a policy.

    Raises
    ------
    ConfigError   with the setting that is missing, unknown or out of range
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    names = {field.name for field in fields(Policy)}
    if read.keys() != names:
        off = ", ".join(sorted(read.keys() ^ names))
        raise ConfigError(f"{path}: {off} missing or unknown; it has {', '.join(sorted(names))}")
    steps = read["steps"]
    if not isinstance(steps, dict) or not steps or not set(steps) <= set(LADDER):
        raise ConfigError(f"{path}: steps are of {', '.join(LADDER)}")
    if not isinstance(read["unattended_removal"], bool):
        raise ConfigError(f"{path}: unattended_removal is true or false")
    budget = _number(path, "false_positive_budget", read["false_positive_budget"], 1.0)
    return Policy(
        missed=_number(path, "missed", read["missed"]), false_positive_budget=budget,
        unattended_removal=read["unattended_removal"],
        steps={name: _step(path, name, of) for name, of in steps.items()},
    )  # fmt: skip


def _step(path: Path, name: str, of: object) -> Step:
    if not isinstance(of, dict) or of.keys() != {"stops", "bothers"}:
        raise ConfigError(f"{path}: [steps.{name}] has stops and bothers")
    return Step(
        _number(path, f"steps.{name}.stops", of["stops"], 1.0),
        _number(path, f"steps.{name}.bothers", of["bothers"]),
    )


def _number(path: Path, name: str, value: object, most: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        upto = "" if most == float("inf") else f" to {most:g}"
        raise ConfigError(f"{path}: {name} is a number from 0{upto}")
    return float(value)
