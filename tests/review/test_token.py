from dataclasses import replace
from datetime import timedelta

import pytest
from asked import question
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.review.keys import Keys
from wheeltapper.review.token import CHARACTERS, sign, verify

KEYS = Keys((b"k" * 32, b"j" * 32))
ASKED = question()
TOKEN = sign(ASKED, KEYS)
SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def known(*questions):
    return {q.id: q for q in questions}.get


def test_what_was_signed_is_known_again():
    assert verify(TOKEN, known(ASKED), KEYS) == ASKED
    assert len(TOKEN) == CHARACTERS
    assert set(TOKEN) <= set(SAFE)


def test_nothing_of_a_log_stands_in_the_address():
    other = replace(ASKED, actor="\u202e<script>", case_id="x" * 500)
    token = sign(other, KEYS)
    assert len(token) == CHARACTERS
    assert verify(token, known(other), KEYS) == other


@pytest.mark.parametrize("place", range(CHARACTERS))
def test_any_character_that_is_changed_is_refused(place):
    for other in SAFE + "=+/. é":
        if other != TOKEN[place]:
            changed = TOKEN[:place] + other + TOKEN[place + 1 :]
            assert verify(changed, known(ASKED), KEYS) is None


@given(st.text(max_size=80) | st.text(alphabet=SAFE, min_size=CHARACTERS, max_size=CHARACTERS))
def test_a_guess_is_refused(text):
    assert verify(text, lambda id: ASKED, KEYS) is None


@given(st.integers(0, 48 * 8 - 1))
def test_any_bit_that_is_changed_is_refused(bit):
    import base64

    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[bit // 8] ^= 1 << bit % 8
    changed = base64.urlsafe_b64encode(raw).decode()
    # Whatever the id says now, the question that was asked is found.
    assert verify(changed, lambda id: replace(ASKED, id=id), KEYS) is None


@pytest.mark.parametrize(
    "changed",
    [{"case_id": "c2"}, {"actor": "bo"}, {"nonce": "11" * 16},
     {"expires": ASKED.expires + timedelta(microseconds=1)}],
)  # fmt: skip
def test_it_is_for_one_question_case_and_account(changed):
    assert verify(TOKEN, known(replace(ASKED, **changed)), KEYS) is None


def test_a_token_for_one_does_not_open_another():
    other = question(id="ff" * 12)
    mixed = sign(other, KEYS)[:16] + TOKEN[16:]
    assert verify(mixed, known(ASKED, other), KEYS) is None
    assert verify(TOKEN, known(other), KEYS) is None


def test_keys_can_be_changed():
    new = Keys((b"n" * 32, *KEYS.keys[:1]))
    assert verify(TOKEN, known(ASKED), new) == ASKED  # the one before still counts
    assert sign(ASKED, new) != TOKEN
    assert verify(TOKEN, known(ASKED), Keys((b"n" * 32,))) is None
    renamed = Keys((b"n" * 32, b"m" * 32))
    assert verify(sign(ASKED, renamed), known(ASKED), KEYS) is None
