from datetime import timedelta

import pytest
from asked import NOW

from store.casebook_contract import case
from wheeltapper.errors import WheeltapperError
from wheeltapper.question import SAME_ADDRESS, UNKNOWN_ADDRESS
from wheeltapper.review.asking import doubt, link, question_of
from wheeltapper.review.keys import Keys

CASE = case()


def test_a_question_is_about_what_was_found_of_the_account():
    asked = question_of(CASE, "ana", by=" kim ", now=NOW)
    assert asked.about == (("cloudtrail.new_action", ""),)
    assert (asked.case_id, asked.actor, asked.asked_by) == (CASE.id, "ana", "kim")
    assert asked.expires == NOW + timedelta(hours=48)
    assert question_of(CASE, "other", by="kim", now=NOW).about == ()
    again = question_of(CASE, "ana", by="kim", now=NOW)
    assert again.id != asked.id
    assert again.nonce != asked.nonce


@pytest.mark.parametrize("lasts", [timedelta(minutes=4), timedelta(days=31), -timedelta(days=1)])
def test_a_time_that_is_too_short_or_too_long(lasts):
    with pytest.raises(WheeltapperError, match="5 minutes at least, 30 days at most"):
        question_of(CASE, "ana", by="kim", now=NOW, lasts=lasts)


def test_somebody_has_to_ask():
    with pytest.raises(WheeltapperError, match="somebody who asks it"):
        question_of(CASE, "ana", by=" ", now=NOW)


def test_the_link_leads_to_the_server():
    asked, keys = question_of(CASE, "ana", by="kim", now=NOW), Keys((b"k" * 32,))
    assert link(asked, keys, "https://t.example/").startswith("https://t.example/confirm/")


@pytest.mark.parametrize(
    ("address", "of_case", "says"),
    [
        ("192.0.2.1", {"198.51.100.7"}, ""),
        ("192.0.2.1", set(), ""),
        ("192.0.2.1", {"192.0.2.1"}, SAME_ADDRESS),
        ("::ffff:192.0.2.1", {"192.0.2.1"}, SAME_ADDRESS),
        ("2001:DB8::1", {"not one", "2001:db8:0:0::1"}, SAME_ADDRESS),
        ("127.0.0.1", {"192.0.2.1"}, UNKNOWN_ADDRESS),
        ("::1", set(), UNKNOWN_ADDRESS),
        ("", set(), UNKNOWN_ADDRESS),
        ("testclient", {"testclient"}, UNKNOWN_ADDRESS),
        ("fe80::1%eth0", {"fe80::1"}, SAME_ADDRESS),
    ],
)
def test_a_yes_from_the_case_s_own_address_or_from_nowhere_is_in_doubt(address, of_case, says):
    assert doubt(address, of_case) == says
