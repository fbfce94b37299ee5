import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powershell_office import records
from wheeltapper.errors import ConfigError
from wheeltapper.powershell import known
from wheeltapper.powershell.views import view

MADE = records()
PLAINS = [view(r.text).plain for r in MADE]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("known") / "known.npy"
    known.write(MADE, PLAINS, path)
    return path


def test_an_example_finds_itself_and_says_where_it_is_from(file):
    first = known.nearest(PLAINS[0], file=file)[0]
    assert (first.likeness, first.label, first.what) == (1.0, 1, "bad-0")


def test_one_of_each_cluster_is_kept_and_no_text(file):
    assert len(known.load(file)) == len({(r.label, r.source, r.group) for r in MADE})
    assert b"Mischief" not in file.read_bytes()


@given(st.text("abcdefgh ", min_size=40, max_size=300), st.integers(0, 30))
def test_likeness_is_about_the_share_of_5_grams_in_common(text, cut):
    other = text[cut:]
    a, b = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (text, other))
    estimated = (known.sketch(text) == known.sketch(other)).mean()
    assert abs(estimated - len(a & b) / len(a | b)) < 0.35


@pytest.mark.parametrize("plain", ["", "abc", "🜁" * 9, "quite something else altogether"])
def test_what_is_like_nothing_is_told_nothing(plain, file):
    assert known.nearest(plain, file=file) == []


def test_what_is_shipped_is_read_and_a_damaged_file_refused(tmp_path):
    assert set(known.load()["label"]) == {0, 1}
    with pytest.raises(ConfigError, match="make models"):
        known.load(tmp_path / "none.npy")
    np.save(tmp_path / "other.npy", np.zeros(3))
    with pytest.raises(ConfigError, match="no known examples"):
        known.load(tmp_path / "other.npy")
