"""Acts of the lake as tables of accounts, which people add labels, reports and profiles to.

Whoever acted is an account, created when first seen. A target that acted itself is one; others are
things that accounts share, as are addresses and devices.
"""

import json
from pathlib import Path

import polars as pl

from wheeltapper.accounts.mapping import FILE

COLUMNS = ("time", "actor", "target", "action", "src_ip", "device")
"""Of `activity.SCHEMA`: what is read."""
MOST_KINDS = 50
"""Of acts; rarer ones are `other`."""
_LATER = """
# What people know, once there is any; see docs/accounts.md:
# [labels]
# file = "labels.csv"
# account = "account"
# fraud = "fraud"
"""


def write(acts: pl.DataFrame, folder: Path) -> dict[str, int]:
    """Write tables and their `accounts.toml` into a folder; rows by table.

    Parameters
    ----------
    acts : with `COLUMNS`; acts without an actor are left out
    folder : it is made
    """
    acts = acts.filter(pl.col("actor").is_not_null() & pl.col("time").is_not_null()).sort("time")
    accounts = acts.group_by(pl.col("actor").alias("id"), maintain_order=True).agg(
        pl.col("time").min().alias("created")
    )
    known = acts["target"].is_in(accounts["id"].implode()).fill_null(value=False)
    between = acts.filter(known & (pl.col("target") != pl.col("actor")))
    shared = acts.select(
        "actor", "time", address="src_ip", device="device",
        thing=pl.when(~known).then("target"),
    ).filter(pl.any_horizontal(pl.col("address", "device", "thing").is_not_null()))  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    accounts.write_parquet(folder / "accounts.parquet")
    shared.write_parquet(folder / "shared.parquet")
    text = ['[accounts]\nfile = "accounts.parquet"\nid = "id"\ncreated = "created"\n']
    for number, (kind, rows) in enumerate(_by_kind(between)):
        rows.select("actor", "target", "time").write_parquet(folder / f"acts-{number}.parquet")
        text.append(
            f'[[acts]]\nfile = "acts-{number}.parquet"\nkind = {json.dumps(kind)}\n'
            'account = "actor"\ntarget = "target"\ntime = "time"\n'
        )
    text.append(
        '[[shared]]\nfile = "shared.parquet"\naccount = "actor"\ntime = "time"\n'
        'values = { address = "address", device = "device", target = "thing" }\n'
    )
    (folder / FILE).write_text("\n".join([*text, _LATER.lstrip()]), encoding="utf-8")
    return {"accounts": len(accounts), "acts": len(between), "shared": len(shared)}


def _by_kind(acts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Acts by what was done, the commonest first."""
    # Actions come from logs: what TOML would have to escape is no name.
    kind = pl.col("action").fill_null("other").str.replace_all(r"[^\w .:/-]", "_")
    named = acts.with_columns(kind=kind)
    common = named["kind"].value_counts().sort("count", "kind", descending=[True, False])
    kept = common["kind"].head(MOST_KINDS)
    named = named.with_columns(
        kind=pl.when(pl.col("kind").is_in(kept.implode())).then("kind").otherwise(pl.lit("other"))
    )
    parts = named.partition_by("kind", as_dict=True, maintain_order=True)
    return [(str(name), rows) for (name,), rows in parts.items()]
