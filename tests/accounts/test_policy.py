import numpy as np
import pytest

from wheeltapper.accounts import policy
from wheeltapper.errors import ConfigError
from wheeltapper.referral import decision_id

TEXT = """
missed = 100.0
false_positive_budget = 1.0
unattended_removal = false
[steps.verify]
stops = 0.8
bothers = 2.0
[steps.remove]
stops = 1.0
bothers = 300.0
"""
IDS = ["a", "b", "c", "d"]
CHANCES = np.array([0.001, 0.3, 0.95, 0.999])


def load(folder, text=TEXT):
    (folder / "policy.toml").write_text(text)
    return policy.load(folder / "policy.toml")


def test_the_step_with_the_lowest_expected_cost_is_taken(tmp_path):
    unattended = load(tmp_path, TEXT.replace("= false", "= true"))
    assert unattended.respond(IDS, CHANCES) == ["allow", "verify", "remove", "remove"]


def test_nobody_is_removed_without_a_person_unless_the_policy_says_so(tmp_path):
    made = load(tmp_path)
    assert made.respond(IDS, CHANCES) == ["allow", "verify", "review", "review"]
    assert made.respond(IDS, CHANCES) == made.respond(IDS, CHANCES)
    assert decision_id("a", "verify") == decision_id("a", "verify")
    assert decision_id("a", "verify") != decision_id("av", "erify")


def test_honest_accounts_are_bothered_within_the_budget(tmp_path):
    chances = np.random.default_rng(0).beta(0.5, 3, 2000)
    for budget in (0.0, 0.01, 0.1):
        made = load(tmp_path, TEXT.replace("budget = 1.0", f"budget = {budget}"))
        said = np.array(made.respond([""] * 2000, chances)) != "allow"
        assert (1 - chances)[said].sum() <= budget * (1 - chances).sum()
    assert said.any()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("missed = 100.0", "", "missed missing"),
        ("stops = 0.8", "stops = 1.8", r"steps\.verify\.stops is a number from 0 to 1"),
        ("steps.verify", "steps.ban", "steps are of rate_limit"),
        ("= false", "= 0", "true or false"),
        ("bothers = 2.0", "", "has stops and bothers"),
        ("missed", "[missed", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path, was, becomes, said):
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, TEXT.replace(was, becomes))
