"""A whole round: accounts scored, put before people, answered, learned from."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from wheeltapper.accounts import boost, judge, simulation
from wheeltapper.config import Accounts
from wheeltapper.engines.local import relearning, reviewed, reviewing
from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import OPEN, Opinion
from wheeltapper.review.learning import held_out
from wheeltapper.review.ruling import settle
from wheeltapper.store import Casebook

NOW = datetime(2026, 7, 10, tzinfo=UTC)
SETTINGS = Accounts(
    data="tables", model="model", queue=30, sample=30, double_share=0.2, policy="policy.toml"
)
POLICY = """\
missed = 100.0
false_positive_budget = 0.3
unattended_removal = false
[steps.verify]
stops = 0.8
bothers = 2.0
[steps.remove]
stops = 1.0
bothers = 300.0
"""


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    fit = boost.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 10})))
        yield


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables of which few labels are known, the truth of all, and what is seen in them."""
    root = tmp_path_factory.mktemp("round")
    simulation.simulate(root / "tables", accounts=300, seed=4)
    labels = pl.read_csv(root / "tables" / "labels.csv")
    truth = dict(zip(labels["user"], labels["fraud"] == 1, strict=True))
    rng = np.random.default_rng(1)
    labels.filter(pl.Series(rng.random(len(labels)) < 0.25)).write_csv(
        root / "tables" / "labels.csv"
    )
    (root / "policy.toml").write_text(POLICY)
    looked = reviewing.look(root / "tables")
    relearning.keep(
        relearning.learn(looked, dict(reviewing.labelled(looked.tables))), looked, root / "model"
    )
    return root, looked, truth


@pytest.fixture
def book(tables, tmp_path):
    with Casebook(f"sqlite:///{tmp_path}/book.sqlite") as made:
        yield made


def filled(book, tables, settings=SETTINGS):
    root, looked, _ = tables
    return reviewing.fill(book, looked, judge.load(root / "model"), settings, root, now=NOW)


def answered(book, truth, names=("mila", "kim", "lee")):
    """Everybody answers what is true, until nothing is left."""
    for name in names:
        while one := book.referrals.next(name, at=NOW):
            said = "fraud" if truth[one.account] else "honest"
            book.referrals.answer(
                Opinion(account=one.account, opinion=said, by=name, at=NOW, seconds=3), settle
            )


def test_the_queue_holds_picks_sample_and_what_the_policy_wants(book, tables):
    done = filled(book, tables)
    found = book.referrals.all(OPEN)
    assert done.waiting == len(found)
    assert {"uncertain", "novel", "costly", "random", "check"} <= {one.via for one in found}
    assert all(one.gold for one in found if one.via == "check")
    told = json.loads(found[0].evidence)
    assert told["facts"]
    assert told["nodes"][0]["name"] == found[0].account
    assert all(one.step not in ("remove",) for one in book.referrals.all())


def test_the_same_again_adds_nothing(book, tables):
    filled(book, tables)
    before = book.referrals.all()
    again = filled(book, tables)
    assert again.decisions == []
    assert [replace(one, changed=NOW) for one in book.referrals.all()] == before


def test_what_people_settled_is_learned_and_what_is_held_out_is_not(book, tables, tmp_path):
    _, looked, truth = tables
    root = tmp_path
    (root / "tables").symlink_to(tables[0] / "tables")
    (root / "policy.toml").write_text(POLICY)
    relearning.keep(judge.load(tables[0] / "model"), looked, root / "model")
    filled(book, tables)
    answered(book, truth)
    people = reviewing.settled(book.referrals)
    assert len(people) > 40
    assert not set(people) & set(reviewing.labelled(looked.tables))
    done = relearning.relearn(book, root, SETTINGS, now=NOW)
    held = sum(held_out(one) for one in people)
    assert done.compared.after.answers == held
    assert done.trained == len(reviewing.labelled(looked.tables)) + len(people) - held
    told = reviewed.figures(book, now=NOW)
    assert told["training"]["settled"] == len(people)
    assert told["prevalence"]["low"] <= told["prevalence"]["value"]
    assert told["kappa"]["agreed"] == 1.0
    assert {one["name"] for one in told["reviewers"]} >= {"mila", "kim"}
    assert told["reviewers"][0]["gold_right"] == told["reviewers"][0]["gold"]
    assert told["drift"][0]["name"] == "score"
    json.dumps(told)


def test_a_check_has_no_consequence(book, tables):
    filled(book, tables)
    gold = next(one for one in book.referrals.all(OPEN) if one.gold)
    wrong = "fraud" if gold.gold == "honest" else "honest"
    found, decided = book.referrals.answer(
        Opinion(account=gold.account, opinion=wrong, by="mila", at=NOW), settle
    )
    assert (found.state, decided) == ("decided", [])


def test_without_tables_it_says_what_to_set(book, tmp_path):
    with pytest.raises(WheeltapperError, match=r"set data in \[accounts\]"):
        relearning.relearn(book, tmp_path, Accounts(), now=NOW)
