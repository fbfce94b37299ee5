"""Tables of an application as flat arrays: accounts as numbers, acts in order of time.

`read` takes a folder with an `accounts.toml` (`mapping`).
Values and texts are hashed; rows that name an account nobody knows are counted and left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from wheeltapper.accounts import mapping, sketch
from wheeltapper.accounts.steps import Columns
from wheeltapper.errors import WheeltapperError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
_LONGEST_PROFILE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What accounts did to each other, rising in time."""

    account: Ints
    target: Ints
    kind: Ints
    """Index into `kinds`."""
    time: Ints
    """µs, UTC."""
    amount: Floats
    """0 where there is none."""
    text: Ints
    """Row of `bands`; -1 where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Which account had what, rising in time."""

    account: Ints
    value: Ints
    """Hash of what it is and which."""
    kind: Ints
    """Index into `things`."""
    time: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All that is known of an application's accounts."""

    ids: list[str]
    created: Ints
    profile: Columns
    acts: Acts
    kinds: tuple[str, ...]
    bands: Ints
    """(different texts, BANDS): keys that nearly the same texts share."""
    shared: Shared
    things: tuple[str, ...]
    report_account: Ints
    report_time: Ints
    fraud: npt.NDArray[np.int8]
    """1 fraudulent, 0 honest, -1 nobody said."""
    known: Ints
    """When that was known; 0 where not said."""
    campaign: list[str]
    profiles: list[str] = field(default_factory=list)
    """What accounts say of themselves, for people to read; empty where no column is named."""
    left_out: int = 0
    """Rows that name an account nobody knows, or have no time."""
    simulated: bool = False

    @property
    def accounts(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class _Names:
    """Accounts' names to numbers."""

    known: pl.DataFrame
    missing: int = 0

    def number(self, names: pl.Series) -> Ints:
        """-1 for a name that is not there."""
        asked = pl.DataFrame({"name": names.cast(pl.String)})
        found = asked.join(self.known, on="name", how="left", maintain_order="left")["number"]
        return found.fill_null(-1).to_numpy().astype(np.int64)


@dataclass(slots=True)
class _Texts:
    """Different texts, and the keys of each."""

    row: dict[str, int] = field(default_factory=dict)
    keys: list[Ints] = field(default_factory=list)

    def rows(self, texts: pl.Series) -> Ints:
        different = texts.cast(pl.String).unique().drop_nulls()
        for text in different:
            if text not in self.row:
                made = sketch.bands(text)
                self.row[text] = -1 if made is None else len(self.keys)
                if made is not None:
                    self.keys.append(made)
        return np.array([-1 if t is None else self.row[t] for t in texts], np.int64)

    def bands(self) -> Ints:
        return np.array(self.keys, np.int64).reshape(-1, sketch.BANDS)


def read(folder: Path) -> Tables:
    """Read a folder of tables.

    Raises
    ------
    ConfigError        if `accounts.toml` is missing or cannot be used
    WheeltapperError   if a table cannot be read, or has not the columns that it names
    """
    parts = mapping.load(folder)
    accounts = parts["accounts"][0]
    rows = accounts.frame()
    ids = accounts.column(rows, "id").cast(pl.String)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise WheeltapperError(f"{accounts.path}: {accounts.named['id']} is empty or comes twice")
    names = _Names(pl.DataFrame({"name": ids, "number": np.arange(len(ids))}))
    texts = _Texts()
    acts, kinds = _acts(parts["acts"], names, texts)
    shared, things = _shared(parts["shared"], names)
    profile = {k: _numbers(accounts, v) for k, v in accounts.numbers(rows).items()}
    stacked = np.array(list(profile.values()), np.float32).reshape(len(profile), len(ids)).T
    report_account, report_time = _reports(parts["reports"], names)
    fraud, known, campaign = _labels(parts["labels"], names, len(ids))
    return Tables(
        ids=ids.to_list(), created=_times(accounts, accounts.column(rows, "created")),
        profile=Columns(tuple(profile), stacked), acts=acts, kinds=kinds, bands=texts.bands(),
        shared=shared, things=things, report_account=report_account, report_time=report_time,
        fraud=fraud, known=known, campaign=campaign, profiles=_profiles(accounts, rows),
        left_out=names.missing, simulated=(folder / "SIMULATED").exists(),
    )  # fmt: skip


def _profiles(accounts: mapping.Part, rows: pl.DataFrame) -> list[str]:
    if "text" not in accounts.named:
        return []
    texts = accounts.column(rows, "text").cast(pl.String).fill_null("")
    return texts.str.slice(0, _LONGEST_PROFILE).to_list()


def end(tables: Tables) -> int:
    """Just after the last thing that is told (µs)."""
    times = (tables.acts.time, tables.shared.time, tables.report_time, tables.created)
    return max(int(of.max(initial=0)) for of in times) + 1


def _acts(
    parts: Sequence[mapping.Part], names: _Names, texts: _Texts
) -> tuple[Acts, tuple[str, ...]]:
    kinds = tuple(dict.fromkeys(str(part.named["kind"]) for part in parts))
    made = []
    for part in parts:
        rows = part.frame()
        account = names.number(part.column(rows, "account"))
        target = names.number(part.column(rows, "target"))
        time = _times(part, part.column(rows, "time"))
        good = (account >= 0) & (target >= 0) & (time > 0) & (account != target)
        names.missing += int((~good).sum())
        amount = np.zeros(len(rows), np.float32)
        if "amount" in part.named:
            amount = np.nan_to_num(_numbers(part, part.column(rows, "amount")))
        text = np.full(len(rows), -1, np.int64)
        if "text" in part.named:
            text = texts.rows(part.column(rows, "text"))
        kind = np.full(len(rows), kinds.index(str(part.named["kind"])))
        made.append(tuple(c[good] for c in (account, target, kind, time, amount, text)))
    return _in_order(made), kinds


def _in_order(made: Sequence[tuple[npt.NDArray[np.generic], ...]]) -> Acts:
    columns = [np.concatenate(c) for c in zip(*made, strict=True)] if made else [np.empty(0)] * 6
    order = np.argsort(columns[3], kind="stable")
    account, target, kind, time, amount, text = (c[order] for c in columns)
    return Acts(
        account=account.astype(np.int64), target=target.astype(np.int64),
        kind=kind.astype(np.int64), time=time.astype(np.int64),
        amount=amount.astype(np.float32), text=text.astype(np.int64),
    )  # fmt: skip


def _shared(parts: Sequence[mapping.Part], names: _Names) -> tuple[Shared, tuple[str, ...]]:
    things: list[str] = []
    made = []
    for part in parts:
        rows = part.frame()
        account = names.number(part.column(rows, "account"))
        time = _times(part, part.column(rows, "time"))
        for thing, column in part.values(rows).items():
            if thing not in things:
                things.append(thing)
            k = things.index(thing)
            good = (account >= 0) & (time > 0) & column.is_not_null().to_numpy()
            names.missing += int((account < 0).sum())
            kind = np.full(int(good.sum()), k)
            made.append((account[good], _hashed(k, column.filter(good)), kind, time[good]))
    return _held(made), tuple(things)


def _held(made: Sequence[tuple[Ints, Ints, Ints, Ints]]) -> Shared:
    columns = [np.concatenate(c) for c in zip(*made, strict=True)] if made else [np.empty(0)] * 4
    order = np.argsort(columns[3], kind="stable")
    account, value, kind, time = (c[order].astype(np.int64) for c in columns)
    return Shared(account=account, value=value, kind=kind, time=time)


def _hashed(kind: int, values: pl.Series) -> Ints:
    return values.cast(pl.String).hash(seed=kind + 1).to_numpy().view(np.int64)


def _reports(parts: Sequence[mapping.Part], names: _Names) -> tuple[Ints, Ints]:
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows = parts[0].frame()
    account = names.number(parts[0].column(rows, "account"))
    time = _times(parts[0], parts[0].column(rows, "time"))
    good = account >= 0
    names.missing += int((~good).sum())
    return account[good], time[good]


def _labels(
    parts: Sequence[mapping.Part], names: _Names, accounts: int
) -> tuple[npt.NDArray[np.int8], Ints, list[str]]:
    fraud, known = np.full(accounts, -1, np.int8), np.zeros(accounts, np.int64)
    campaign = [""] * accounts
    for part in parts:
        rows = part.frame()
        account = names.number(part.column(rows, "account"))
        said = _numbers(part, part.column(rows, "fraud"))
        if not set(np.unique(said)) <= {0.0, 1.0}:
            raise WheeltapperError(f"{part.path}: {part.named['fraud']} is 0 or 1")
        good = account >= 0
        names.missing += int((~good).sum())
        fraud[account[good]] = said[good].astype(np.int8)
        if "time" in part.named:
            known[account[good]] = _times(part, part.column(rows, "time"))[good]
        if "kind" in part.named:
            kinds = part.column(rows, "kind").cast(pl.String).fill_null("").to_list()
            for one, kind in zip(account.tolist(), kinds, strict=True):
                if one >= 0:
                    campaign[one] = kind
    return fraud, known, campaign


def _times(part: mapping.Part, column: pl.Series) -> Ints:
    """µs; 0 where empty. Texts are ISO 8601, numbers seconds since 1970."""
    if column.dtype == pl.String:
        column = column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if column.dtype.is_temporal():
        return (
            column.cast(pl.Datetime("us")).dt.epoch("us").fill_null(0).to_numpy().astype(np.int64)
        )
    if column.dtype.is_numeric():
        return (column.fill_null(0).to_numpy() * 1_000_000).astype(np.int64)
    raise WheeltapperError(f"{part.path}: {column.name}: not a time")


def _numbers(part: mapping.Part, column: pl.Series) -> Floats:
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise WheeltapperError(f"{part.path}: {column.name}: not a number")
    return column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
