import pytest

from wheeltapper.refine.learn import ACCOUNT, GROUP, LOG, SAME, VALUE
from wheeltapper.refine.reason import LEAST_BITS, Alike, reason

from .told_acts import told


def alike(level, cases, malicious=0, policy=0, wrong=0):
    return Alike(level=level, cases=cases, malicious=malicious, policy=policy, wrong=wrong)


@pytest.mark.parametrize(
    ("of", "bits", "said"),
    [
        (alike(LOG, 14), -2, "lowered: 14 of 14 like it were benign"),
        (alike(GROUP, 14), -2, "lowered: 14 of 14 like it were benign for engineer peers"),
        (alike(VALUE, 4, 1), -1, "lowered: 3 of 4 with this value were benign for engineer peers"),
        (alike(ACCOUNT, 3), -1, "lowered: 3 of 3 like it were benign for this account"),
        (alike(SAME, 1), -7, "lowered: just this was benign for this account, 1 of 1 times"),
        (alike(LOG, 3, wrong=2), -3, "lowered: 2 of 3 like it were wrong data"),
        (alike(LOG, 3, 2), 1.5, "raised: 2 of 3 like it were malicious"),
        (alike(GROUP, 1, 0, 1), 1, "raised: 1 of 1 like it was against policy for engineer peers"),
        (alike(LOG, 40, 1, 3), 1, "raised: 4 of 40 like it were malicious or against policy"),
    ],
)  # fmt: skip
def test_the_note(of, bits, said):
    assert reason(of, bits, told(peer_group="engineer")) == said


def test_peers_without_a_name_are_peers():
    assert reason(alike(GROUP, 9), -1, told(peer_group="")).endswith("benign among its peers")
    nameless = told(peer_group="-300")  # those whose clocks read the same
    assert reason(alike(GROUP, 9), -1, nameless).endswith("benign among its peers")


def test_an_address_is_no_account():
    one = told(entity_type="src_ip")
    assert reason(alike(ACCOUNT, 9), -1, one).endswith("benign for this address")


def test_hardly_any_change_is_not_told():
    assert reason(alike(LOG, 9), -LEAST_BITS / 2, told()) == ""
    assert reason(alike(LOG, 0), -1, told()) == ""


def test_a_hostile_peer_group_is_cleaned():
    said = reason(alike(GROUP, 9), -1, told(peer_group="a\x1b[31m\u202e"))
    assert "\x1b" not in said
    assert "\u202e" not in said
