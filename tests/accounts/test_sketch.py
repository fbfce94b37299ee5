import numpy as np

from wheeltapper.accounts.sketch import BANDS, bands

TEXT = "dear friend please send the parcel to my new address before friday evening thanks a lot"


def test_a_changed_word_and_other_digits_still_meet():
    near = TEXT.replace("friday", "monday")
    assert (bands(TEXT) == bands(near)).any()
    assert np.array_equal(bands(TEXT + " 12"), bands(TEXT.upper() + " 98765"))


def test_other_texts_do_not_meet_and_short_ones_have_no_keys():
    other = "the quarterly report is attached to this mail and waits for your comments until noon"
    assert not (bands(TEXT) == bands(other)).any()
    assert bands("thank you") is None
    assert bands(TEXT).shape == (BANDS,)
    assert bands("\x00 \ud800".encode("utf-8", "replace").decode() + TEXT * 10_000) is not None
