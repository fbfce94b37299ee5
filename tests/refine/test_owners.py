from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wheeltapper.refine.owners import Claim, Owners, Party, fits, meet

FEW = st.text(alphabet="ab*?", max_size=6)


def claim(what, owner="x"):
    return Claim(what=what, owner=owner, line=1)


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [
        ("git*", "GitHub", True), ("Git?ub", "github", True), ("git*", "Legit", False),
        ("a[b]*", "a[b]c", True), ("a[b]*", "abc", False), ("*", "two\nlines", True),
        ("*", "", True), ("s3*\ud800", "S3\ud800", True),
    ],
)  # fmt: skip
def test_a_glob_fits(pattern, name, does):
    assert fits(pattern, name) == does


@given(FEW, FEW, st.text(alphabet="ab", max_size=6))
def test_globs_that_fit_one_name_meet(a, b, name):
    assert meet(a, b) == meet(b, a)
    if fnmatchcase(name, a) and fnmatchcase(name, b):
        assert meet(a, b)


@given(FEW, FEW)
def test_globs_that_meet_have_a_name_in_common(a, b):
    assume(meet(a, b))
    names = [""]
    for _ in range(9):
        names += [n + c for n in names if len(n) == len(names[-1]) for c in "ab"]
    assert any(fnmatchcase(n, a) and fnmatchcase(n, b) for n in names)


def test_an_exact_name_counts_before_a_glob():
    owners = Owners(applications=(claim("Git*", "eng"), claim("github", "dev")))
    assert owners.of_application("GitHub").owner == "dev"
    assert owners.of_application("GitLab").owner == "eng"
    assert owners.of_application("Okta") is None


def test_somebody_is_away_by_their_own_calendar():
    kim = Party(name="kim", away=((date(2026, 5, 4), date(2026, 5, 5)),))
    late = datetime(2026, 5, 5, 23, 0, tzinfo=UTC)
    assert kim.is_away(late, ZoneInfo("UTC"))
    assert not kim.is_away(late, ZoneInfo("Asia/Tokyo"))
