"""Acts of the lake become accounts, what they do to each other, and what they share."""

from datetime import UTC, datetime, timedelta

import polars as pl

from wheeltapper.accounts import activities, tables

AT = datetime(2026, 5, 1, tzinfo=UTC)


def frame(rows: list[tuple[str | None, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": [AT + timedelta(hours=h) for h in range(len(rows))],
            "actor": [actor for actor, _, _ in rows],
            "target": [target for _, target, _ in rows],
            "action": [action for _, _, action in rows],
            "src_ip": ["10.0.0.1", *(None for _ in rows[1:])],
            "device": pl.Series([None] * len(rows), dtype=pl.String),
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


def test_acts_of_the_lake_become_accounts_ties_and_things(tmp_path):
    acts = frame(
        [
            ("kim", "lee", "send"), ("lee", "kim", "send"), ("kim", "file.txt", "read"),
            (None, "kim", "send"), ("ada", "file.txt", "read"), ("kim", "kim", "send"),
        ]
    )  # fmt: skip
    assert activities.write(acts, tmp_path) == {"accounts": 3, "acts": 2, "shared": 3}
    made = tables.read(tmp_path)
    assert made.ids == ["kim", "lee", "ada"]
    assert made.left_out == 0
    assert made.created[2] == int((AT + timedelta(hours=4)).timestamp() * 1e6)
    assert list(zip(made.acts.account, made.acts.target, strict=True)) == [(0, 1), (1, 0)]
    by_thing = {
        t: made.shared.account[made.shared.kind == k].tolist() for k, t in enumerate(made.things)
    }
    assert by_thing == {"address": [0], "device": [], "target": [0, 2]}
    assert (made.fraud == -1).all()


def test_odd_and_rare_actions_are_named_safely(tmp_path):
    odd = [("kim", "lee", 'a"]\n[x'), ("lee", "kim", "b")]
    many = [("kim", "lee", f"k{n}") for n in range(80) for _ in range(2)]
    activities.write(frame([*odd, *many]), tmp_path)
    kinds = tables.read(tmp_path).kinds
    assert "other" in kinds
    assert len(kinds) == activities.MOST_KINDS + 1
    activities.write(frame(odd), tmp_path / "odd")
    assert set(tables.read(tmp_path / "odd").kinds) == {"a____x", "b"}
