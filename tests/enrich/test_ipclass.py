import pytest

from wheeltapper.enrich.ipclass import Classes
from wheeltapper.enrich.network import address
from wheeltapper.errors import ConfigError


@pytest.fixture
def classes(tmp_path):
    tor, hosting = tmp_path / "tor.txt", tmp_path / "hosting.txt"
    tor.write_text("# exits\n185.220.101.1\n\n2a0b:f4c2::/48  # relays\n")
    hosting.write_text("\ufeff185.220.0.0/16\n10.0.0.0/8\n")
    return Classes(tor=tor, hosting=hosting)


@pytest.mark.parametrize(
    ("ip", "asn", "want"),
    [
        ("10.1.2.3", None, "private"),
        ("172.31.255.255", None, "private"),
        ("172.32.0.0", None, "unknown"),
        ("127.0.0.1", None, "private"),
        ("100.64.0.1", None, "private"),
        ("::1", None, "private"),
        ("fd00::1", None, "private"),
        ("::ffff:192.168.0.1", None, "private"),
        ("185.220.101.1", None, "tor"),
        ("2a0b:f4c2::7", None, "tor"),
        ("185.220.101.2", None, "hosting"),
        ("8.8.8.8", None, "unknown"),
        ("3.5.1.1", 16509, "hosting"),
        ("3.5.1.1", 1103, "unknown"),
        ("203.0.113.9", None, "unknown"),
    ],
)
def test_class(classes, ip, asn, want):
    assert classes.find(address(ip), asn) == want


def test_an_entry_that_is_no_network_is_named(tmp_path):
    path = tmp_path / "tor.txt"
    path.write_text("# exits\n1.2.3.4\nexit.example.net\n")
    with pytest.raises(ConfigError, match=r"tor\.txt:3: 'exit\.example\.net' is no address"):
        Classes(tor=path, hosting=None)
    with pytest.raises(ConfigError, match=r"none\.txt: no such file; correct \[enrich\]"):
        Classes(tor=None, hosting=tmp_path / "none.txt")
