import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.enrich.network import Networks, address, network

NETS = st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), max_size=12)


@given(NETS, st.integers(0, 255))
def test_finds_the_smallest_network_as_a_walk_over_all_does(nets, last):
    named = [(network(f"9.9.9.{start}/{prefix}"), f"{start}/{prefix}") for start, prefix in nets]
    ip = ipaddress.ip_address(f"9.9.9.{last}")
    holding = [(net.prefixlen, -n, word) for n, (net, word) in enumerate(named) if ip in net]
    assert Networks(named).find(ip) == (max(holding)[2] if holding else None)


def test_both_versions_and_the_ends_of_the_address_space():
    found = Networks(
        [
            (network("0.0.0.0/0"), "all"),
            (network("255.255.255.255"), "last"),
            (network("::/0"), "six"),
            (network("2001:db8::/32"), "doc"),
        ]
    ).find
    asked = ("0.0.0.1", "255.255.255.254", "255.255.255.255", "::", "2001:db8::1", "ffff::")
    assert [found(address(ip)) for ip in asked] == ["all", "all", "last", "six", "doc", "six"]
    assert Networks([]).find(address("1.1.1.1")) is None


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("10.0.0.1", "10.0.0.1"),
        (" 10.0.0.1\n", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("[fe80::1%eth0]", "fe80::1"),
        ("AWS Internal", None),
        ("cloudtrail.amazonaws.com", None),
        ("1.2.3", None),
        ("010.0.0.1", None),  # octal to some, decimal to others
        ("1" * 100_000, None),
        ("", None),
        ("\0", None),
    ],
)
def test_address(text, want):
    found = address(text)
    assert (None if found is None else str(found)) == want
