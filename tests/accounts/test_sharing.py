import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.accounts import tables
from wheeltapper.accounts.sharing import Sharing
from wheeltapper.accounts.steps import Columns

HOUR = 3_600_000_000
THINGS = ("address", "card")


def walked(read, account, until):
    """The same answer by walking all shared things for one account."""
    shared = read.shared
    before = shared.time < until
    told = []
    for value in np.unique(shared.value[before & (shared.account == account)]):
        of = before & (shared.value == value)
        holders, first = np.unique(shared.account[of], return_index=True)
        if len(holders) < 3:
            continue
        times = shared.time[of][first]
        hours = int(np.ceil((times.max() - times.min()) / HOUR))
        span = f"{max(hours, 1)} h" if hours < 72 else f"{hours // 24} days"
        thing = read.things[int(shared.kind[of][0])]
        told.append((-len(holders), f"{len(holders):,} accounts, same {thing}, within {span}"))
    return [text for _, text in sorted(told)]


def held(rows):
    """Tables of six accounts that share things, rows of (account, value, hour)."""
    rows = sorted(rows, key=lambda row: row[2])
    account, value, hour = np.array(rows, np.int64).reshape(-1, 3).T
    empty = np.empty(0, np.int64)
    return tables.Tables(
        ids=[f"a{i}" for i in range(6)], created=np.zeros(6, np.int64),
        profile=Columns((), np.empty((6, 0), np.float32)),
        acts=tables.Acts(
            account=empty, target=empty, kind=empty, time=empty, amount=empty.astype("f4"),
            text=empty,
        ),
        kinds=(), bands=empty.reshape(-1, 8), things=THINGS, report_account=empty,
        shared=tables.Shared(account=account, value=value, kind=value % 2, time=hour * HOUR // 2),
        report_time=empty, fraud=np.full(6, -1, np.int8), known=np.zeros(6, np.int64),
        campaign=[""] * 6,
    )  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3), st.integers(0, 400)), max_size=40),
    st.integers(0, 401),
)
def test_it_says_what_walking_all_things_says(rows, until):
    read = held(rows)
    sharing = Sharing(read, until * HOUR // 2)
    for account in range(6):
        assert sharing.groups(account) == walked(read, account, until * HOUR // 2)


def test_it_says_the_same_of_simulated_accounts(read):
    until = tables.end(read)
    sharing = Sharing(read, until)
    for account in range(0, read.accounts, 7):
        assert sharing.groups(account) == walked(read, account, until)
    one = next(i for i, kind in enumerate(read.campaign) if kind == "card")
    assert any("accounts, same card, within" in text for text in sharing.groups(one))


@pytest.mark.parametrize("until", [0, -1])
def test_nothing_was_shared_before_the_first_time(read, until):
    assert Sharing(read, until).groups(0) == []
