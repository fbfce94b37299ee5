"""Commands here are made up for the tests and harmless; none is ever run."""

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell.unwrap import DEFAULT, Limits, Part, join_parts, unwrap

INNER = "Write-Output 'hello from the inside'; Get-Date"


def encoded(text):
    return base64.b64encode(text.encode("utf-16-le")).decode()


NAME = "encodedcommand"


@pytest.mark.parametrize("name", ["ec", *(NAME[:n] for n in range(1, len(NAME) + 1))])
@pytest.mark.parametrize("dash", ["-", "/", "–", "—", "―"])
def test_every_legal_abbreviation(name, dash):
    found = unwrap(f"powershell -NoP {dash}{name.title()} {encoded(INNER)}")
    assert [(layer.how, layer.text) for layer in found.layers[1:]] == [("encoded command", INNER)]


@pytest.mark.parametrize(
    "line",
    [
        "powershell.exe -e:{}",
        'powershell.exe -enc "{}"',
        "powershell.exe -enc '{}'",
        "pwsh  --enc     {}",
        'cmd /c "powershell -w hidden -enc {}"',
        "p^o^w^e^r^s^hell -^e^n^c {}",
        "start powershell.exe -ArgumentList '-enc {}'",
    ],
)
def test_ways_to_write_the_argument(line):
    assert unwrap(line.format(encoded(INNER))).layers[-1].text == INNER


def test_execution_policy_is_no_encoded_command():
    assert len(unwrap("powershell -ex RemoteSignedRemoteSigned -File deploy.ps1").layers) == 1


def test_layers_are_kept_with_what_each_was_in():
    text = INNER
    for _ in range(3):
        text = f"powershell -enc {encoded(text)}"
    found = unwrap(text)
    assert [layer.depth for layer in found.layers] == [0, 1, 2, 3]
    assert [layer.inside for layer in found.layers] == [0, 0, 1, 2]
    assert found.inner == INNER
    assert not found.cut


@pytest.mark.parametrize(
    "text",
    [
        "iex ('Get-'+'Date;1')",
        "&('I'+'EX') ('Get-Da'+'te;1')",
        "& ($env:ComSpec[4,24,25] -join '') 'Get-Date;1'",
        "('GQet-DQate;1' -replace 'Q','') | iex",
        "$a='Get-';$b='Date;1';iex($a+$b)",
        "I`E`X (\"{1}{0}\" -f 'te;1','Get-Da')",
        "iex ('1;etaD-teG'[-1..-10] -join '')",
        "powershell -c \"iex 'Get-Date;1'\"",
        "[scriptblock]::Create('Get-Date;1').Invoke()",
        "'Get-Date;1' | & ('ie'+'x')",
    ],
)
def test_what_is_handed_on_to_run_is_a_layer(text):
    assert unwrap(text).layers[-1].text == "Get-Date;1"


def test_compressed_streams():
    raw = zlib.compress(INNER.encode())[2:-4]
    for data, how in (
        (gzip.compress(INNER.encode(), mtime=0), "base64, gzip"),
        (raw, "base64, deflate"),
    ):
        packed = base64.b64encode(data).decode()
        text = f"$s=New-Object IO.MemoryStream(,[Convert]::FromBase64String('{packed}'));iex $s"
        assert [(layer.how, layer.text) for layer in unwrap(text).layers[1:]] == [(how, INNER)]


def test_packed_within_packed_within_pieces():
    deep = f"iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded(INNER)}')))"
    found = unwrap(f"powershell -enc {encoded(deep)}")
    assert found.inner == INNER
    assert len(found.layers) == 3


def test_depth_is_bounded():
    text = INNER
    for _ in range(7):
        text = f"powershell -e {encoded(text)}"
    found = unwrap(text, Limits(depth=4))
    assert found.cut
    assert max(layer.depth for layer in found.layers) == 4


def test_size_is_bounded():
    bomb = base64.b64encode(gzip.compress(b"Get-Date; " * 3_000_000)).decode()
    found = unwrap(f"iex [Convert]::FromBase64String('{bomb}')")
    assert sum(len(layer.text) for layer in found.layers[1:]) <= DEFAULT.characters


def test_many_layers_are_bounded():
    text = ";".join(f"iex 'Get-Date; {i}'" for i in range(200))
    found = unwrap(text)
    assert found.cut
    assert len(found.layers) == DEFAULT.layers


def test_a_bomb_of_layers_that_make_layers_is_bounded():
    text = "Get-Date; 1"
    for i in range(10):
        text = f"iex '{text.replace(chr(39), chr(39) * 2)}';iex 'echo {i}'"[:200_000]
    found = unwrap(text)
    assert len(found.layers) <= DEFAULT.layers


@pytest.mark.parametrize(
    "text",
    [
        "Get-ChildItem 'C:\\temp' -Filter *.txt # it's fine",
        'Write-Host "Hello, $env:USERNAME`n"',
        "Import-Module ActiveDirectory; Get-ADUser -Filter * | Select-Object Name, Mail",
        "",
        "   ",
        'function Get-Thing { param([string]$Name) return "$Name-1" }',
    ],
)
def test_plain_text_is_its_own_inside(text):
    found = unwrap(text)
    assert [layer.text for layer in found.layers] == [text]
    assert found.inner == text


@given(st.text(st.sampled_from("abcdefgh ;|()\n$_-.:\\"), max_size=300))
def test_text_without_quotes_and_codes_is_left_alone(text):
    assert unwrap(text).inner == text


@given(
    st.one_of(
        st.text(max_size=300),
        st.text(st.sampled_from("'\"`+-,()[]{}<>#@$|&.^0123456789abcjoinfrx =;\n"), max_size=300),
        st.lists(
            st.sampled_from(
                ["'a'", "+", "[char]", "65", "-join", "-f", "''", "(", ")", "[", "]", ",", "iex ",
                 "|%{", "[char]$_", "}", "-replace", "-split", ".Replace(", "$a", "=", ";", "`",
                 "-enc ", "AAAA" * 10, "$env:comspec", "[-1..-9]", '"{0}"', "@'\n", "\n'@", "#",
                 "<#", "[string]::join(", ".Substring(1,2)", "0x41", "-bxor", "^p^o^w"]
            ),
            max_size=60,
        ).map("".join),
    )
)  # fmt: skip
def test_no_text_raises_and_bounds_hold(text):
    limits = Limits(depth=3, layers=6, characters=2_000)
    found = unwrap(text, limits)
    assert found.layers[0].text == text[:2_000]
    assert len(found.layers) <= 6
    assert sum(len(layer.text) for layer in found.layers[1:]) <= 2_000
    assert all(0 <= layer.inside < at for at, layer in enumerate(found.layers) if at)
    assert unwrap(text, limits) == found


def test_script_blocks_are_joined_in_their_order():
    parts = [
        Part("a", 2, 2, "World'"),
        Part("b", 1, 3, "one "),
        Part("a", 1, 2, "Write-Host 'Hello "),
        Part("b", 3, 3, "three"),
        Part("a", 2, 2, "World'"),
    ]
    assert join_parts(parts) == {"a": "Write-Host 'Hello World'", "b": "one \nthree"}
