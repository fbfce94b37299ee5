from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wheeltapper.question import NO, SAME_ADDRESS, YES, Question

AT = datetime(2026, 5, 4, 12, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Amsterdam")


def question(**changed):
    fields = {
        "id": "0", "case_id": "c", "actor": "kim", "start": AT, "end": AT, "about": (),
        "asked_by": "ana", "asked_at": AT, "expires": AT + timedelta(hours=1), "nonce": "secret",
    }  # fmt: skip
    return Question(**{**fields, **changed})


@pytest.mark.parametrize(
    ("changed", "hours", "says"),
    [
        ({}, 0, "and can answer until 4 May 2026 15:10 (asked by ana)"),
        ({}, 1, "and did not answer by 4 May 2026 15:10"),
        ({"state": "withdrawn"}, 2, "the question was asked anew"),
        ({"state": "answered", "answer": NO, "answered_at": AT}, 9,
         "kim said on 4 May 2026 14:10 that this was not them (asked by ana)"),
        ({"state": "answered", "answer": YES, "answered_at": AT, "doubt": SAME_ADDRESS}, 0,
         "that this was them (asked by ana); this counts nothing: it came from an address"),
    ],
)  # fmt: skip
def test_it_is_told_in_a_sentence(changed, hours, says):
    assert says in question(**changed).told(ZONE, AT + timedelta(hours=hours))


def test_what_the_link_is_signed_over_is_not_told():
    assert "secret" not in str(question().to_dict())
