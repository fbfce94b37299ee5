import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell import views


def test_the_normal_form_is_of_what_is_inside():
    packed = base64.b64encode("Get-Date; 1".encode("utf-16-le")).decode()
    seen = views.view(f"powershell -enc {packed}")
    assert seen.plain.startswith("get-date;0")
    assert seen.raw.endswith(packed)


def test_a_script_with_a_small_thing_packed_in_it_is_still_all_there():
    seen = views.view("Get-Service; iex 'Get-Date; 1'; Get-Process")
    assert "get-service" in seen.plain
    assert seen.plain.startswith("get-date;0")


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_windows_reach_from_head_to_tail(a, b):
    raw, plain = "r" * a + "R" * bool(a), "p" * b + "P" * bool(b)
    found = views.windows(raw, plain)
    assert 1 <= len(found) <= views.MOST_WINDOWS
    assert all(max(map(len, pair)) <= 1024 for pair in found)
    assert found[0] == (raw[:1024], plain[:1024])
    if len(found) > 1:
        assert found[-1] == (raw[-1024:], plain[-1024:])


def test_codes_are_as_long_as_they_need_to_be():
    raw, plain = views.encoded([("a" * 40, "b"), ("", "")])
    assert raw.shape == plain.shape == (2, 64)
    assert views.encoded([])[0].shape == (0, 32)


def test_one_bad_window_is_not_drowned():
    scores = views.pooled(np.array([1.0, -3.0, -1.0]), np.array([0, 0, 1]))
    assert scores.tolist() == [0.0, -1.0]


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("powershell", True),
        ('"C:\\windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" ', True),
        ("C:\\Program Files\\PowerShell\\7\\pwsh.exe", True),
        ("powershell_ise.exe", True),
        ("powershell -nop", False),
        ("Get-Date", False),
        ("", False),
        ("\\" * 299, False),
        ("powershell.exe" * 30, False),
    ],
)
def test_what_only_starts_the_shell_is_told_from_what_asks_for_something(text, only):
    assert views.only_a_shell(text) is only
