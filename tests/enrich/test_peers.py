import pytest

from wheeltapper.enrich import peers


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (("robots", "IT", "Admin"), "robots"),
        ((None, "IT", "Admin"), "IT Admin"),
        (("", "IT", "Admin"), "IT Admin"),
        ((None, "IT", None), None),
        ((None, None, "Admin"), None),
        ((None, None, None), None),
    ],
)
def test_group(given, want):
    assert peers.group(*given) == want
