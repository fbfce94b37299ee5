import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell import encode


def test_the_image_is_the_papers():
    picture = encode.image(encode.encode("aB?"))
    assert picture.shape == (62, 1024)
    assert encode.ROWS == 62
    a, b = encode.CHARACTERS.index("a"), encode.CHARACTERS.index("b")
    assert np.flatnonzero(picture[:, 0]).tolist() == [a]
    assert np.flatnonzero(picture[:, 1]).tolist() == [b, 61]
    assert not picture[:, 2:].any()


def test_line_breaks_cannot_be_told_from_spaces():
    assert (encode.encode("a\r\n\tb") == encode.encode("a   b")).all()


@given(st.text(st.sampled_from(encode.CHARACTERS + "ABCXYZ"), max_size=100))
def test_what_the_image_holds_comes_back(text):
    assert encode.decode(encode.encode(text)) == text


@given(st.text(max_size=50), st.integers(1, 40))
def test_any_text_has_codes_of_the_length(text, length):
    codes = encode.encode(text, length)
    assert codes.shape == (length,)
    assert codes.max(initial=0) < encode.CODES
    assert (codes[: min(length, len(text))] > 0).all()
    assert encode.codes_of("\ud800").tolist() == [encode.OTHER]
