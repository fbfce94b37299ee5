"""Many accounts with a habit, and what they did at once: findings, and the lake behind them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl

from wheeltapper.refine.wording import Wording, Wordings
from wheeltapper.testing import MONDAY, activities, activity

from .few_findings import finding, frame

TEAMS = ("developer", "sales", "support", "finance", "data", "platform")
TEAM = 20
"""Accounts in each."""
DAY = 30
"""The day of the wave; what comes before is habit."""
ACCOUNTS = tuple((f"{team}{n:02d}", team) for n in range(TEAM) for team in TEAMS)
"""By turns of all teams."""
WORDINGS = Wordings(
    {
        w.name: w
        for w in (
            Wording(name="any.client", family="novelty", about="", says="with {value}",
                    value="ua_client", value_column="ua_client"),
            Wording(name="any.country", family="novelty", about="", says="from {value}",
                    value="country", value_column="country"),
            Wording(name="any.hour", family="schedule", about="", says="on {value}",
                    value="hour_of_week", value_column="hour_of_week"),
            Wording(name="okta.application", family="novelty", about="", value="target",
                    says="signed in to {value}"),
            Wording(name="drive.shared", family="novelty", about="", value="action",
                    says="{did}"),
        )
    }
)  # fmt: skip


def of_all_teams(n: int) -> list[tuple[str, str]]:
    return list(ACCOUNTS[:n])


def of_one_team(n: int) -> list[tuple[str, str]]:
    return [who for who in ACCOUNTS if who[1] == "developer"][:n]


def home(actor: str) -> str:
    return f"192.0.2.{1 + [name for name, _ in ACCOUNTS].index(actor) % 250}"


def acts_of(
    who: Iterable[tuple[str, str]], gap_minutes: float, **columns: object
) -> list[dict[str, object]]:
    """One after the other, from where and with what each of them usually acts."""
    return [
        activity(
            actor, days=DAY, minutes=i * gap_minutes,
            **{"source": "okta", "app": "Okta", "action": "user.authentication.sso",
               "target": "Notion", "src_ip": home(actor), "ua_client": "Firefox",
               "peer_group": team, **columns},
        )
        for i, (actor, team) in enumerate(who)
    ]  # fmt: skip


def habit() -> list[dict[str, object]]:
    return [
        activity(
            actor, days=day, minutes=n, source="okta", app="Okta",
            action="user.authentication.sso", target="Wiki", src_ip=home(actor),
            ua_client="Firefox", peer_group=team,
        )
        for day in (3, 17, 24)
        for n, (actor, team) in enumerate(ACCOUNTS)
    ]  # fmt: skip


class Lake:
    """Acts in memory, asked as the store is."""

    def __init__(self, rows: Iterable[Mapping[str, object]]) -> None:
        self.acts = activities(rows)
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.register("activities", self.acts)

    def sql(self, text, *, tables=None, since=None):
        for name, table in (tables or {}).items():
            self._connection.register(name, table)
        return self._connection.sql(text).to_arrow_table()


def said_of(
    lake: Lake, values: Mapping[str, str], *, evidence: float = 8.0, since: int = DAY
) -> pl.DataFrame:
    """Findings, as refinement leaves them, of every act from a day on: `values` by detector."""
    acts = [a for a in lake.acts.to_pylist() if a["time"] >= MONDAY + timedelta(days=since)]
    return left([finding(entity="early", value="SE")]).vstack(left(
        finding(
            detector=detector, entity=act["actor"], value=value, evidence=evidence,
            peer_group=act["peer_group"], app=act["app"], action=act["action"],
        )
        | {"time": act["time"], "event_ids": [act["event_id"]]}
        for act in acts
        for detector, value in values.items()
    ))  # fmt: skip


def left(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Findings with the columns that `stories_of` adds."""
    rows = list(rows)
    ids = [row.get("event_ids") or [repr(sorted(row.items(), key=str)).encode()[-16:]]
           for row in rows]  # fmt: skip
    plain = [{k: v for k, v in row.items() if k != "event_ids"} for row in rows]
    return frame(plain).with_columns(
        pl.Series("event_ids", ids, dtype=pl.List(pl.Binary)),
        attack=pl.lit(["T1078"]),
        alone="evidence",
        suppressed=pl.lit(None, pl.String),
        own_type="entity_type",
        own_entity="entity",
    )


def shuffled(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    return rows.sample(fraction=1.0, shuffle=True, seed=seed)


STORIES = pl.DataFrame({"evidence": [2.0, 8.0, 20.0], "score": [1.0, 6.0, 14.0]})


def at(day: float) -> datetime:
    return (MONDAY + timedelta(days=day)).astimezone(UTC)


def names(members: pl.DataFrame) -> Sequence[str]:
    return members["entity"].to_list()
