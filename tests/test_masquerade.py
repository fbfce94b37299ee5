"""The benchmark of somebody else at the keyboard measures what it says it measures."""

import gzip
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

PROGRAM = Path(__file__).parent.parent / "benchmarks" / "quality" / "masquerade.py"


def program():
    spec = importlib.util.spec_from_file_location("masquerade", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["masquerade"] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


masquerade = program()


def written(folder, name, blocks, labels):
    """A user's files: `blocks` of one hundred commands each."""
    commands = "".join(f"{command}\n" for block in blocks for command in block)
    (folder / f"{name}.txt.gz").write_bytes(gzip.compress(commands.encode()))
    (folder / f"{name}.labels").write_text("".join(f"{label}\n" for label in labels))


def block(kind, rounds=25):
    """One hundred commands: `rounds` times what this kind of person does."""
    return [f"{kind}{i % 20}" for i in range(4 * rounds)]


@pytest.fixture
def folder(tmp_path):
    """Four users of two kinds; one of them is another kind's for two blocks."""
    for i in range(4):
        own, other = "ab" if i % 2 else "ba"
        days = [block(own)] * 45
        labels = [0] * 10
        if i == 2:
            days[40] = days[41] = block(other)
            labels[5] = labels[6] = 1
        written(tmp_path, f"user{i}", days, labels)
    return tmp_path


SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60)


@given(SCORED)
def test_figures_are_those_of_counting(scored):
    truth = np.array([masked for masked, _ in scored])
    score = np.array([float(value) for _, value in scored])
    if truth.all() or not truth.any():
        return
    got = masquerade.figures(truth, score)
    pairs = [(m > c) + (m == c) / 2 for m in score[truth] for c in score[~truth]]
    assert got["auc"] == pytest.approx(np.mean(pairs))
    for name, rate in masquerade.RATES.items():
        # The most that any bar finds while it lets no more than this share of clean blocks over it.
        bars = [b for b in (*score, -1.0) if (score[~truth] > b).mean() <= rate]
        assert got[name] == pytest.approx(max((score[truth] > b).mean() for b in bars))


def test_another_person_is_found_and_the_last_line_is_for_programs(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["masquerade.py", str(folder)])
    masquerade.main()
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["users"], told["blocks"]) == (4, 40)
    assert told["auc"] == told["tpr_at_fpr_1e-2"] == told["tpr_at_fpr_1e-3"] == 1.0
    assert told["alone"]["sequence"]["auc"] == 1.0
    assert set(told["intervals"]) == {"auc", *masquerade.RATES}


def test_every_block_has_a_score_of_what_was_known_when_it_ended(folder):
    users = masquerade.users_of(folder)
    whole = masquerade.judged(users)
    for user in users:
        del user.commands[43 * 100 :]
    shorter = [
        masquerade.User(user.name, user.commands, user.masked[:8]) for user in users
    ]  # the last two days taken away
    for name, scores in masquerade.judged(shorter).items():
        for part, full in zip(scores, whole[name], strict=True):
            assert len(part) == 8
            assert part.tolist() == full[:8].tolist()


def test_users_need_not_have_as_many_blocks_as_each_other(folder):
    written(folder, "late", [block("a")] * 34, [0] * 3)
    users = masquerade.users_of(folder)
    assert [len(scores) for scores in masquerade.judged(users)["sequence"]] == [3, 10, 10, 10, 10]
    assert [len(scores) for scores in masquerade.baseline(users)] == [3, 10, 10, 10, 10]


def test_labels_that_do_not_fit_are_named(folder):
    written(folder, "user0", [block("a")] * 3, [0] * 5)
    with pytest.raises(ValueError, match=r"user0\.labels has 5 labels, user0\.txt\.gz 3 blocks"):
        masquerade.users_of(folder)
    (folder / "user0.labels").unlink()
    with pytest.raises(ValueError, match=r"user0\.labels is not there"):
        masquerade.users_of(folder)
