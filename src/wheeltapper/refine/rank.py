"""Rank: the stories worth a person's time, within what a person can read."""

import polars as pl

LEAST = 5.0
"""log2 of N: a story that one in 32 actor-days shows is nobody's case, ..."""
SPEAKS_FOR_ITSELF = 9.0
"""... unless its evidence, in bits, is that of a rule of high level: an hour of logs has too few
actor-days to call anything rare."""


def rank(stories: pl.DataFrame, budget_cases_per_day: float, days: int) -> pl.DataFrame:
    """The stories that become cases, most unusual first; as many as the budget allows.

    `stories` has `score` (log2 of N); ties go to the earlier one.
    """
    most = max(1, int(budget_cases_per_day * max(days, 1)))
    return (
        stories.filter((pl.col("score") >= LEAST) | (pl.col("evidence") >= SPEAKS_FOR_ITSELF))
        .sort(
            ["score", "evidence", "start", "entity_type", "entity"],
            descending=[True, True, False, False, False],
        )
        .head(most)
    )
