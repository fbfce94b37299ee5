"""A user-day model: is this whole day of an actor unlike their own days?

Good at days that are odd in several small ways at once, none of which would be told alone. Blind to
an act that is odd by itself in an otherwise usual day (see `statistics`), and to actors with fewer
than `GRACE_DAYS` active days. A day is judged when it is over, so it is a day late.

It learns every day, odd ones too; medians over 28 days keep a few odd ones from becoming usual, but
what was new on an odd day is not new the day after.

Method: an outlier detector over robust z-scores (see `features`, `train`), run by ONNX Runtime;
bits are conformal (Vovk, Gammerman and Shafer, 2005) under the reference days of the model's card.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import finding
from wheeltapper.detect.models.card import Card
from wheeltapper.detect.models.features import FEATURES, Matrix, mark, measure, relative
from wheeltapper.detect.models.history import learn
from wheeltapper.detect.models.state import DAY_US, State, columns, start

GRACE_DAYS = 14
"""With 7 days, those of actors with 7 to 9 days behind them were told six times too often."""
THRESHOLD_BITS = 8.0
"""One of 256 ordinary days reaches this."""
MOST_EVENTS = 50
_TOLD = 3
"""Features that the evidence names."""
_ATTACK = ["T1078"]
_RELATED = {
    "failures": pl.col("outcome") == "failure",
    "odd_hours": pl.col("odd_hours"),
    "account_changes": pl.col("category") == "account_change",
    "admin": pl.col("category") == "admin",
    "data_access": pl.col("category") == "data_access",
    "kib": pl.col("bytes") > 0,
    "new_actions": pl.col("new_action"),
    "new_apps": pl.col("new_app"),
    "new_networks": pl.col("new_country") | pl.col("new_asn"),
    "new_machines": pl.col("new_device") | pl.col("new_ua_client"),
}
"""Which activities make up a feature; of the others, all do."""


class UserDay:
    """A model, and how to run it. Holds nothing of what it has seen: that is `State`."""

    def __init__(self, card: Card, model: bytes) -> None:
        self.card = card
        self.detector = f"model.{card.name}"
        self._last = (date.fromisoformat(card.last or "1970-01-01") - date(1970, 1, 1)).days
        options = onnxruntime.SessionOptions()
        # One thread: the sum over trees has one order, so the same day has the same score.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def start(self) -> State:
        """Before any activity."""
        return start()

    def process(self, state: State, events: pa.Table) -> tuple[State, pa.Table]:
        """Judge the days that these activities bring to an end.

        Parameters
        ----------
        events   columns of `activity.SCHEMA`, ordered by `(time, event_id)` and after those seen

        Returns
        -------
        the state after them, and findings of the days that are over

        Raises
        ------
        ValueError   if an activity is before the open day: days that are over stay judged
        """
        if events.num_rows == 0:
            return state, finding.SCHEMA.empty_table()
        days = pc.divide(pc.cast(events["time"], pa.int64()), DAY_US).to_numpy()
        starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
        if (np.diff(days) < 0).any() or (state.day is not None and days[0] < state.day):
            raise ValueError("activities are not in order of time, or before the open day")
        found = []
        for begin, end in zip(starts, [*starts[1:], len(days)], strict=True):
            day = int(days[begin])
            if state.day is not None and day > state.day:
                state, findings = self._over(state)
                found.append(findings)
            opened = State(state.history, day, state.open)
            state = opened.take(columns(events.slice(begin, end - begin)))
        return state, pa.concat_tables([finding.SCHEMA.empty_table(), *found])

    def close(self, state: State, day: date) -> tuple[State, pa.Table]:
        """Judge the open day if it is this one or before: nothing more of it will come."""
        number = (day - date(1970, 1, 1)).days
        if state.day is None or state.day > number:
            return state, finding.SCHEMA.empty_table()
        return self._over(state)

    def score(self, deviation: Matrix) -> npt.NDArray[np.float64]:
        """How odd rows of `features.relative` are; higher is odder."""
        if not len(deviation):
            return np.empty(0)
        (scores,) = self._session.run(["scores"], {"deviation": deviation})
        return np.asarray(scores, np.float64).reshape(-1)

    def _over(self, state: State) -> tuple[State, pa.Table]:
        today, number = state.today(), state.day
        assert number is not None  # noqa: S101  narrows the type; both callers have looked
        if not len(today):
            return State(state.history, number), finding.SCHEMA.empty_table()
        measured = measure(today, state.history)
        deviation, usual, n = relative(measured, state.history)
        scores = self.score(deviation)
        rows = []
        # A day that it learned from is no test of it.
        judged = n >= GRACE_DAYS if number > self._last else np.zeros(len(n), np.bool_)
        for at in np.flatnonzero(judged):
            bits, llr = self.card.judge(scores[at])
            if bits >= THRESHOLD_BITS:
                who = measured.row(int(at), named=True)
                told = self._contributions(deviation[at], scores[at])
                rows.append(
                    {
                        "detector": self.detector,
                        "entity_type": "actor",
                        "entity": who["actor"],
                        "time": who["last"],
                        "bits": bits,
                        "llr": llr,
                        "observed": float(scores[at]),
                        "expected": self.card.median,
                        "baseline_n": int(n[at]),
                        "event_ids": _related(today, state, who["actor"], told),
                        "attack": _ATTACK,
                        "evidence": _evidence(number, who, usual[at], told, self.card),
                    }
                )
        history = learn(state.history, number, today, measured)
        return State(history, number), pa.Table.from_pylist(rows, schema=finding.SCHEMA)

    def _contributions(self, deviation: npt.NDArray[np.float32], score: float) -> list[str]:
        """Features without which the day would have been least odd, the weightiest first."""
        without = np.repeat(deviation[None, :], len(FEATURES), axis=0)
        np.fill_diagonal(without, 0.0)
        gain = score - self.score(without)
        names = list(FEATURES)
        order = sorted(range(len(names)), key=lambda i: (-gain[i], i))[:_TOLD]
        return [names[i] for i in order if gain[i] > 0 and deviation[i] > 0]


def _related(today: pl.DataFrame, state: State, actor: str, told: list[str]) -> list[bytes]:
    """The day's activities that most of the told features are about, in order of time."""
    mine = (
        mark(today.filter(pl.col("actor") == actor), state.history).collect().with_row_index("row")
    )
    weight = pl.sum_horizontal(
        pl.lit(0),
        *(_RELATED[name].fill_null(False).cast(pl.Int32) for name in told if name in _RELATED),
    )
    best = mine.with_columns(weight.alias("weight")).sort("weight", "row", descending=[True, False])
    return best.head(MOST_EVENTS).sort("row")["event_id"].to_list()


def _evidence(
    number: int,
    who: dict[str, Any],  # a row of mixed columns
    usual: npt.NDArray[np.float32],
    told: list[str],
    card: Card,
) -> str:
    names = list(FEATURES)
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return json.dumps(
        {
            "title": card.about,
            "day": day.date().isoformat(),
            "unit": "days",
            "reference_days": card.reference_days,
            "features": [
                {
                    "feature": name,
                    "what": FEATURES[name],
                    "observed": round(float(np.expm1(np.float64(who[name]))), 1),
                    "usual": round(float(np.expm1(np.float64(usual[names.index(name)]))), 1),
                }
                for name in told
            ],
        },
        ensure_ascii=False,
    )
