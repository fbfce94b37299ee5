import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.hashing import NULL, hash_column, hash_strings, mix

MASK = 2**64 - 1
KEY = bytes(range(16))
TEXTS = st.lists(st.none() | st.text(max_size=40), max_size=20)


def siphash13(data: bytes, key: bytes) -> int:
    """SipHash with 1 and 3 rounds as the paper's section 2 describes it."""
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D]
    v += [k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(i, bits):
        v[i] = (v[i] << bits | v[i] >> (64 - bits)) & MASK

    def add(i, j):
        v[i] = (v[i] + v[j]) & MASK

    def sip_round():
        add(0, 1), turn(1, 13)
        v[1] ^= v[0]
        turn(0, 32)
        add(2, 3), turn(3, 16)
        v[3] ^= v[2]
        add(0, 3), turn(3, 21)
        v[3] ^= v[0]
        add(2, 1), turn(1, 17)
        v[1] ^= v[2]
        turn(2, 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        v[3] ^= word
        sip_round()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(3):
        sip_round()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_reference_gives_a_published_value():
    # First of the vectors of Rust's standard library for SipHash-1-3: nothing under key 00..0f.
    assert siphash13(b"", KEY).to_bytes(8, "little").hex() == "dcc40f055801acab"


@given(TEXTS, st.binary(min_size=16, max_size=16))
def test_every_string_hashes_as_the_paper_says_and_null_is_0(texts, key):
    got = hash_strings(pa.array(texts, pa.string()), key)
    assert got.tolist() == [0 if t is None else siphash13(t.encode(), key) or 1 for t in texts]


@given(TEXTS, st.data())
def test_chunks_slices_and_dictionaries_make_no_difference(texts, data):
    whole = pa.array(texts, pa.string())
    wanted = hash_strings(whole, KEY).tolist()
    cut = data.draw(st.integers(0, len(texts)))
    pieces = pa.chunked_array([whole[:cut], whole[cut:]], pa.string())
    coded = whole.dictionary_encode()
    for same in (whole, pieces, coded, pieces.dictionary_encode(), whole.cast(pa.large_string())):
        assert hash_column(same, KEY).tolist() == wanted
    assert hash_column(coded[cut:], KEY).tolist() == wanted[cut:]
    assert hash_strings(whole[cut:], KEY).tolist() == wanted[cut:]


def test_many_chunks_alike_in_size_are_each_their_own():
    texts = [f"{i:05d}" for i in range(200)]
    wanted = hash_strings(pa.array(texts), KEY).tolist()
    plain = pa.chunked_array([pa.array([text]) for text in texts])
    numbers = pa.chunked_array([pa.array([10_000 + i], pa.int16()) for i in range(200)])
    coded = pa.chunked_array([pa.array([text]).dictionary_encode() for text in texts])
    assert hash_column(plain, KEY).tolist() == hash_column(coded, KEY).tolist() == wanted
    assert len(set(hash_column(numbers, KEY).tolist())) == 200


def test_a_null_inside_a_dictionary_is_a_null():
    coded = pa.DictionaryArray.from_arrays([0, 1, None], ["a", None])
    assert hash_column(coded, KEY)[1:].tolist() == [0, 0]
    assert hash_column(coded, KEY)[0] == hash_column(pa.array(["a"]), KEY)[0]


def test_numbers_hash_as_their_text():
    numbers = pa.array([60, None, -30], pa.int16())
    assert (
        hash_column(numbers, KEY).tolist()
        == hash_column(pa.array(["60", None, "-30"]), KEY).tolist()
    )


def test_an_empty_column_has_no_hashes():
    for nothing in (pa.array([], pa.string()), pa.chunked_array([], pa.string())):
        assert hash_column(nothing, KEY).tolist() == []


def test_another_key_gives_other_hashes():
    names = pa.array([f"user{i}" for i in range(1000)])
    one, other = hash_strings(names, KEY), hash_strings(names, KEY[::-1])
    assert len(set(one) | set(other)) == 2000


def test_a_key_of_another_length_is_refused():
    with pytest.raises(ValueError, match="secret of 16 bytes, got 5"):
        hash_strings(pa.array(["a"]), b"short")


def mixed(x: int, y: int) -> int:
    z = (x * 0x9E3779B97F4A7C15 + y) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return (z ^ z >> 31) or 1


@given(st.integers(0, MASK), st.integers(0, MASK))
def test_two_numbers_mix_as_splitmix_does(x, y):
    assert mix(np.uint64(x), np.uint64(y)) == mixed(x, y)


def test_order_matters_and_nothing_mixes_to_null():
    assert mix(np.uint64(1), np.uint64(2)) != mix(np.uint64(2), np.uint64(1))
    assert mix(NULL, NULL) == 1
