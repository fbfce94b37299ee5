import numpy as np
import pytest

from wheeltapper.accounts import boost, judge
from wheeltapper.accounts.signals import seen


@pytest.fixture(scope="module")
def learned(read):
    patch = pytest.MonkeyPatch()
    fit = boost.fit
    patch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 15})))
    now = seen(read, int(read.acts.time[-1]) + 1)
    base = judge.view(now)
    judged = np.random.default_rng(1).permutation(read.accounts)[:250]
    fraud = read.fraud == 1
    yield now, base, judged, judge.train(now, judged, fraud, base=base, cheap=True)
    patch.undo()


def test_cheap_labels_are_mostly_fraud_but_not_all_of_it(learned, read):
    marked = judge.cheap_labels(learned[0])
    fraud = read.fraud == 1
    assert fraud[marked].mean() > fraud.mean() + 0.2
    assert (fraud & ~marked).any()


def test_probabilities_tell_accounts_that_nobody_judged_and_mean_what_they_say(learned, read):
    _, base, judged, made = learned
    rest = np.setdiff1d(np.arange(read.accounts), judged)
    chance = made.probability(base)[rest]
    fraud = (read.fraud == 1)[rest]
    assert chance[fraud].mean() > chance[~fraud].mean() + 0.3
    assert chance.sum() == pytest.approx(fraud.sum(), rel=0.5)


def test_the_first_stage_does_not_look_at_what_its_labels_are_made_of(learned):
    now, _, _, made = learned
    assert not {n for n in made.cheap.names if "report" in n} | set(now.groups.names) & set(
        made.cheap.names
    )


def test_reasons_are_told_in_words(learned, read):
    _, base, _, made = learned
    one = next(i for i, kind in enumerate(read.campaign) if kind == "card")
    told = judge.reasons(made, base, one)
    assert told
    assert all(": " in reason and "as one in" in reason for reason in told)


def test_a_line_makes_scores_probabilities():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=4000) * 3
    fraud = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * odds - 1)))
    slope, shift = judge.platt(odds, fraud)
    assert slope == pytest.approx(0.5, abs=0.07)
    assert shift == pytest.approx(-1, abs=0.15)


def test_too_few_judged_accounts_are_refused(learned, read):
    with pytest.raises(ValueError, match="10 of each"):
        judge.train(learned[0], np.arange(5), read.fraud == 1, base=learned[1])


def test_the_first_stage_is_kept_only_where_it_helps_with_those_judged(learned, read, monkeypatch):
    now, base, judged, two = learned
    asked = []

    def kept(alone, staged):
        asked.append((alone, staged))
        return len(asked) > 1

    fraud = read.fraud == 1
    monkeypatch.setattr(judge, "helps", kept)
    first, second = (judge.train(now, judged, fraud, base=base) for _ in range(2))
    alone = judge.train(now, judged, fraud, base=base, cheap=False)
    assert first.cheap is None
    np.testing.assert_array_equal(first.probability(base), alone.probability(base))
    np.testing.assert_array_equal(second.probability(base), two.probability(base))
    assert all(len(losses) == len(judged) for losses in asked[0])
    assert not np.array_equal(*asked[0])


def test_help_is_a_lower_loss_beyond_one_standard_error():
    rng = np.random.default_rng(2)
    alone = rng.random(400)
    noise = rng.normal(size=400) * 0.1
    noise -= noise.mean()
    assert not judge.helps(alone, alone)
    assert not judge.helps(alone, alone + 0.01 + noise)
    assert not judge.helps(alone, alone - 0.004 + noise)
    assert judge.helps(alone, alone - 0.006 + noise)


def test_signals_that_cost_an_attacker_most_are_marked(learned, read):
    _, base, _, made = learned
    assert all(judge.costly(name) for name in judge.COSTLY)
    assert set(judge.COSTLY) <= set(base.names)
    assert judge.costly("neighbours' mean acts")
    assert not judge.costly("acts")
    told = [line for i in range(20) for line in judge.reasons(made, base, i)]
    for line in told:
        assert line.endswith(" (costly to change)") == judge.costly(line.rsplit(": ", 1)[0])
    assert any(line.endswith(" (costly to change)") for line in told)
