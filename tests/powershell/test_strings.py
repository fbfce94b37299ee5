import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell import strings
from wheeltapper.powershell.strings import fold

PIECES = st.lists(st.text("abcxyz-. ", min_size=1, max_size=6), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("'Get-'+'Date'", "'Get-Date'"),
        ("""'a' , '+' , 'b'""", """'a' , '+' , 'b'"""),
        ("""'x' 'y'+'z'""", """'x' 'yz'"""),
        ("""("{1}{0}" -f 'EX','I')""", "'IEX'"),
        ("""("{1}{0}{2}"-f'b',("{0}"-f 'a'),'c')""", "'abc'"),
        ("[char]73+[char]0x45+[char] 88", "'IEX'"),
        ("([char]73)", "'I'"),
        ("[string]::Join('', [char[]](71,101,116))", "'Get'"),
        ("-join('G','e','t')", "'Get'"),
        ("('G','e','t') -join '-'", "'G-e-t'"),
        ("((71,101,116)|%{[char]$_}) -join ''", "'Get'"),
        ("(70,100,117 | foreach {[char]($_ -bxor 0x01)}) -join ''", "'Get'"),
        ("'teG'[-1..-3] -join ''", "'Get'"),
        ("'teG'[2,1,0] -join ''", "'Get'"),
        ("('a,b' -split ',') -join ''", "'ab'"),
        ("'GQeQt'.Replace('Q','')", "'Get'"),
        ("'GQeQt' -replace 'q'", "'Get'"),
        ("'GQeQt' -creplace 'q',''", "'GQeQt'"),
        ("-join([regex]::Matches('teG','.','RightToLeft') | % {$_.value})", "'Get'"),
        ("'xGetx'.Substring(1,3)", "'Get'"),
        ("'GET'.ToLower()", "'get'"),
        ("& ($env:ComSpec[4,24,25] -join '')", "& Iex "),
        ("$PSHome[21]+$PSHome[30]+'x'", "'iex'"),
        ("$a='Ge';$b='t';echo ($a+$b)", "$a='Ge';$b='t';echo 'Get'"),
        ("I`nvo`ke-Expr`ession", "Invoke-Expression"),
        ("p^o^w^e^r^shell", "powershell"),
        ("(New-Object Net.WebClient).'Down'.Invoke()", "(New-Object Net.WebClient).Down.Invoke()"),
    ],
)
def test_what_is_taken_apart_is_put_together(text, folded):
    assert fold(text).text == folded


@pytest.mark.parametrize(
    "text",
    [
        "Get-ChildItem 'C:\\temp' -Filter *.txt # it's fine",
        "$x = 5; $x += 'a'; Write-Host $x",
        "$a = 'x'; $a = 'y'; $a",
        "[regex]::Match('a^b', '^a')",
        "Get-Item `\n  -Path 'x'",
        "'abc' -replace '[a-z]', 'x'",
        "foo('a', 'b')",
        "@('a', 'b') | % { $_ }",
        "$h = @{ 'a' = 1; 'b' = 2, 3 }",
    ],
)
def test_ordinary_code_stays_as_it_is(text):
    assert fold(text).text == text


@given(PIECES)
def test_any_string_in_pieces_comes_back(pieces):
    whole = "".join(pieces)
    order = range(len(pieces))
    quoted = [f"'{p}'" for p in pieces]
    codes = ",".join(str(ord(c)) for c in whole)
    for text in (
        "+".join(quoted),
        f"-join ({','.join(quoted)})",
        f"'{''.join(f'{{{i}}}' for i in order)}' -f {','.join(quoted)}",
        f"'{whole[::-1]}'[-1..-{len(whole)}] -join ''",
        f"[string]::join('',[char[]]({codes}))",
    ):
        assert fold(text).text == f"'{whole}'"


def test_doubling_is_a_bomb_that_does_not_go_off():
    text = "$a0='" + "x" * 100 + "';"
    text += "".join(f"$a{i}=$a{i - 1}+$a{i - 1};" for i in range(1, 40))
    found = fold(text)
    assert found.cut
    assert len(found.text) < 20 * strings.MOST_GROWN


@pytest.mark.parametrize(
    "text",
    [
        "1," * 100_000,
        "'a'," * 50_000,
        "'a'+" * 50_000,
        "(" * 100_000,
        "$a=" * 50_000,
        '"`' * 100_000,
        "<#" * 100_000,
        "'a'[1.." * 20_000,
        "'x'[-1..-9999999] -join ''",
        "('a'" * 30_000,
        "'" + "{0}" * 60_000 + "' -f '" + "y" * 60_000 + "'",
        "[char]" * 40_000,
        "1  ,  " * 40_000 + "|",
    ],
    ids=range(13),
)
def test_long_and_broken_text_is_got_through(text):
    assert len(fold(text).text) < 20 * strings.MOST_GROWN
