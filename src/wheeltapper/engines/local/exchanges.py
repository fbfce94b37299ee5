"""Exchange: weights are learned from sessions that bear another actor's name.

Nobody knows which acts of a workspace's history were somebody else's; but everybody knows which
ones are after they were exchanged. A small share of people's sessions is put, in a copy, under the
name of another who was active lately; the detectors run over the copy as they ship, by the same
`process`, and `refine.exchange` learns what tells those sessions from the others. Kernels never
look ahead, so what was said up to a moment is all that learning at that moment would have seen.

Deterministic: who is exchanged with whom follows from hashes of the sessions' names.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from wheeltapper import activity
from wheeltapper.detect import process as kernels
from wheeltapper.detect.catalogue import Detector
from wheeltapper.detect.prepare import DAY_US, columns_read
from wheeltapper.errors import WheeltapperError
from wheeltapper.refine import exchange
from wheeltapper.refine.exchange import Lesson
from wheeltapper.refine.weights import Weights
from wheeltapper.store.lake import Lake

SHARE = 0.04
"""Of sessions: few, so that nearly all of what detectors learn from is true."""
TURNS = 4
"""Copies, each with other exchanges."""
LATELY_DAYS = 90
KNOWN_SESSIONS = 10
"""An actor with fewer has no habits yet that another's acts could break."""
LEARNED_DAYS = 3 * 365
"""Before that people and tools were others."""
GRACE_DAYS = 21
"""At first everything is new to everybody; of that nothing is learned."""
FEWEST = 200
"""Exchanged sessions without which the catalogue's weights are kept."""
FEWEST_ACTORS = 10
RATES = {"1e-2": 1e-2, "1e-3": 1e-3}
ACTOR = "actor"
MANNERS = ("clock", "novelty", "schedule", "sequence", "travel")
MACHINES = ("service", "system", "anonymous")
MOST_ACTS = 2_000_000
"""Of a longer history the latest: more teaches little more."""
BELONGS = ("department", "role", "privileged", "peer_group")
"""What an act has from its actor: it comes with the other name."""
COLUMNS = ("event_id", "time", "late", ACTOR, "actor_type", "session", *BELONGS)


@dataclass(frozen=True, slots=True)
class Sessions:
    """What detectors said of each session, in order of time."""

    actor: npt.NDArray[np.str_]
    """(n,): whose name it bears."""
    by: npt.NDArray[np.str_]
    """(n,): who really acted."""
    time_us: npt.NDArray[np.int64]
    """(n,): of its first act."""
    llr: npt.NDArray[np.float64]
    """(n, detectors): the loudest of each, bits; 0 where it was silent."""

    def where(self, some: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Sessions":
        """Some of them, by mask or in an order."""
        return Sessions(self.actor[some], self.by[some], self.time_us[some], self.llr[some])

    @property
    def exchanged(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.actor != self.by)

    @property
    def lesson(self) -> Lesson:
        return Lesson(self.llr, self.exchanged)


def able(detectors: Iterable[Detector]) -> list[Detector]:
    """Detectors that speak of how an actor acts: from where, when, on what, with whom.

    An exchange shows who acts. What somebody does with their own account, more of it than ever or
    what can do harm, is another question; for that the catalogue's weights stay.
    """
    return [
        d for d in detectors if d.entity == ACTOR and d.family in MANNERS and "{did}" not in d.says
    ]


def sessions_of(acts: pa.Table) -> pl.DataFrame:
    """Each act with its `name`: that of its actor's session or, where none is told, of the day."""
    frame = pl.from_arrow(acts.select([ACTOR, "actor_type", "session", "time", "event_id"]))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type is a union
    texts = frame.with_columns(pl.col(ACTOR, "actor_type", "session").cast(pl.String))
    day = pl.col("time").dt.date().cast(pl.String)
    return texts.with_columns(
        name=pl.concat_str(ACTOR, pl.coalesce("session", day), separator="\0"),
        time_us=pl.col("time").dt.epoch("us"),
    )


def _chance(name: str, what: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{what}\0{name}".encode(), digest_size=8).digest())


def _other_names(sessions: pl.DataFrame, turn: int) -> dict[str, str]:
    """The actor under whose name a session is put, by the session's name."""
    people = sessions.filter(
        pl.col(ACTOR).is_not_null() & ~pl.col("actor_type").is_in(MACHINES).fill_null(False)
    )
    begun = people.group_by("name", maintain_order=True).agg(pl.col(ACTOR, "time_us").first())
    last: dict[str, int] = {}
    count: dict[str, int] = {}
    moved = {}
    for name, actor, time_us in begun.select("name", ACTOR, "time_us").iter_rows():
        if _chance(name, f"whether {turn}") % 10_000 < SHARE * 10_000:
            others = sorted(
                other
                for other, at in last.items()
                if other != actor
                and time_us - at <= LATELY_DAYS * DAY_US
                and count[other] >= KNOWN_SESSIONS
            )
            if others:
                moved[name] = others[_chance(name, f"who {turn}") % len(others)]
        last[actor] = time_us
        count[actor] = count.get(actor, 0) + 1
    return moved


def exchanged(acts: pa.Table, turn: int = 0) -> pa.Table:
    """A copy of `acts` in which some sessions bear another actor's name; rows keep their order.

    Each `turn` draws other sessions.
    """
    sessions = sessions_of(acts)
    moved = _other_names(sessions, turn)
    other = sessions["name"].replace_strict(moved, default=None, return_dtype=pl.String)
    names = other.fill_null(sessions[ACTOR])
    copy = _with(acts, ACTOR, names.to_list())
    for column in BELONGS:
        if column in acts.column_names and acts[column].null_count < len(acts):
            # As the actor's own acts had it last.
            own = pl.Series(acts[column].to_pylist())
            frame = pl.DataFrame({"who": names, "value": own, "moved": other.is_not_null()})
            kept = pl.when(~pl.col("moved")).then("value")
            theirs = frame.select(
                pl.when("moved").then(kept.forward_fill().over("who")).otherwise("value")
            ).to_series()
            copy = _with(copy, column, theirs.to_list())
    return copy


def _with(table: pa.Table, column: str, values: Sequence[object]) -> pa.Table:
    at = table.schema.get_field_index(column)
    field = pa.field(column, pa.string()) if column == ACTOR else table.schema.field(column)
    return table.set_column(at, field, pa.array(values, field.type))


def judged(acts: pa.Table, by: pa.Table, detectors: Sequence[Detector], secret: bytes) -> Sessions:
    """What the detectors say of the sessions in `acts`; who really acted stands in `by`.

    Both have columns of `activity.SCHEMA`, the same rows in (time, event_id) order.
    """
    _, findings = kernels.process(kernels.start(detectors), acts, detectors, secret)
    sessions = sessions_of(acts).with_columns(by=sessions_of(by)[ACTOR])
    said = pl.DataFrame(
        {
            "event_id": [ids[-1] for ids in findings["event_ids"].to_pylist()],
            "detector": findings["detector"].to_pylist(),
            "llr": findings["llr"].to_numpy(),
        },
        schema={"event_id": pl.Binary, "detector": pl.String, "llr": pl.Float64},
    )
    loudest = (
        said.join(sessions.select("event_id", "name"), on="event_id")
        .group_by("name", "detector")
        .agg(pl.col("llr").max())
        .pivot("detector", index="name", values="llr")
    )
    whole = (
        sessions.filter(pl.col(ACTOR).is_not_null() & pl.col("by").is_not_null())
        .group_by("name", "by", maintain_order=True)
        .agg(pl.col(ACTOR, "time_us").first())
        .join(loudest, on="name", how="left", maintain_order="left")
    )
    silent = pl.lit(0.0)
    columns = [pl.col(d.name) if d.name in whole.columns else silent.alias(d.name)
               for d in detectors]  # fmt: skip
    llr = whole.select(pl.coalesce(c, silent).alias(str(i)) for i, c in enumerate(columns))
    return Sessions(
        whole[ACTOR].to_numpy().astype(np.str_),
        whole["by"].to_numpy().astype(np.str_),
        whole["time_us"].to_numpy(),
        llr.to_numpy().reshape(len(whole), len(detectors)),
    )


def lessons(acts: pa.Table, detectors: Sequence[Detector], secret: bytes) -> Sessions:
    """Sessions as they were and, of `TURNS` copies, those that were exchanged, in order of time."""
    turns = [judged(exchanged(acts, turn), acts, detectors, secret) for turn in range(TURNS)]
    kept = [turns[0], *(turn.where(turn.exchanged) for turn in turns[1:])]
    together = Sessions(
        np.concatenate([s.actor for s in kept]),
        np.concatenate([s.by for s in kept]),
        np.concatenate([s.time_us for s in kept]),
        np.concatenate([s.llr for s in kept]),
    )
    settled = together.time_us >= together.time_us.min(initial=2**62) + GRACE_DAYS * DAY_US
    together = together.where(settled)
    return together.where(np.argsort(together.time_us, kind="stable"))


def without(sessions: Sessions, part: int, parts: int) -> npt.NDArray[np.bool_]:
    """Which sessions have nothing to do with the actors of one part of all."""
    both = (part_of(sessions.actor, parts), part_of(sessions.by, parts))
    return np.asarray((both[0] != part) & (both[1] != part))


def part_of(actors: npt.NDArray[np.str_], parts: int) -> npt.NDArray[np.int64]:
    """Which part of all each actor belongs to, by a hash of the name."""
    names, at = np.unique(actors, return_inverse=True)
    return np.array([_chance(str(n), "part") % parts for n in names], np.int64)[at]


def learn(acts: pa.Table, detectors: Sequence[Detector], secret: bytes) -> Weights:
    """Weights from a history; without curves where the catalogue's do as well.

    Parameters
    ----------
    acts : columns of `activity.SCHEMA`, in (time, event_id) order
    detectors : the catalogue; those that do not speak about actors are left out

    Raises
    ------
    WheeltapperError   if there is too little history to learn from.
    """
    detectors = able(detectors)
    if not len(acts) or not detectors:
        raise WheeltapperError("no acts to learn weights from; the catalogue's are kept")
    sessions = lessons(acts, detectors, secret)
    sessions = sessions.where(sessions.time_us >= sessions.time_us[-1:] - LEARNED_DAYS * DAY_US)
    spoke = np.flatnonzero((sessions.llr != 0).any(axis=0))
    detectors = [detectors[i] for i in spoke]
    sessions = Sessions(
        sessions.actor, sessions.by, sessions.time_us, sessions.llr[:, spoke]
    )  # fmt: skip
    many, actors = int(sessions.exchanged.sum()), len(np.unique(sessions.by))
    if many < FEWEST or actors < FEWEST_ACTORS:
        raise WheeltapperError(
            f"too little history to learn weights from: {many} exchanged sessions of {actors} "
            f"actors, {FEWEST} of {FEWEST_ACTORS} are needed; the catalogue's weights are kept"
        )
    prior = [d.weight for d in detectors]
    truth, learned, kept = _trial(sessions, prior)
    precision = {
        "learned": round(exchange.average_precision(truth, learned, exchange.RARE), 4),
        "prior": round(exchange.average_precision(truth, kept, exchange.RARE), 4),
    }
    better = precision["learned"] > precision["prior"]
    curves = exchange.fit(sessions.lesson, prior) if better else []
    stretch = exchange.stretch(sessions.llr, curves, prior)
    days = [datetime.fromtimestamp(int(t) / 1e6, UTC).date().isoformat()
            for t in sessions.time_us[[0, -1]]]  # fmt: skip
    return Weights(
        method="additive monotone logistic regression on exchanged sessions",
        since=days[0],
        until=days[1],
        sessions=int((~sessions.exchanged).sum()),
        exchanged=many,
        actors=actors,
        average_precision=precision,
        tpr_at_fpr={
            name: {
                "learned": round(exchange.found_at(truth, learned, rate), 4),
                "prior": round(exchange.found_at(truth, kept, rate), 4),
            }
            for name, rate in RATES.items()
        },
        stretch=round(stretch, 4),
        curves={d.name: c.stretched(stretch) for d, c in zip(detectors, curves, strict=False)},
    )


def _trial(
    sessions: Sessions, prior: Sequence[float]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The latest quarter of time: which are exchanged, evidence as learned and by the prior.

    Learned from what came before, of the other half of the actors.
    """
    border = np.quantile(sessions.time_us, 0.75)
    late = sessions.time_us > border
    learned = np.zeros(len(late))
    for part in (0, 1):
        before = sessions.where(~late & without(sessions, part, 2))
        mine = late & (part_of(sessions.actor, 2) == part)
        curves = exchange.fit(before.lesson, prior)
        learned[mine] = exchange.evidence(sessions.llr[mine], curves)
    kept = np.maximum(sessions.llr @ np.asarray(prior), 0.0)
    return sessions.exchanged[late], learned[late], kept[late]


def history(lake: Lake, detectors: Sequence[Detector], until: datetime | None) -> pa.Table:
    """The latest acts before `until` that weights can be learned from, in order."""
    columns = list(dict.fromkeys([*columns_read(able(detectors)), *COLUMNS]))
    tables: list[pa.Table] = []
    for table in lake.scan(None, until, columns=columns):
        tables.append(table.filter(pc.invert(table["late"])))
        while len(tables) > 1 and sum(map(len, tables[1:])) >= MOST_ACTS:
            tables.pop(0)
    if not tables:
        return activity.SCHEMA.empty_table().select(columns)
    return pa.concat_tables(tables)
