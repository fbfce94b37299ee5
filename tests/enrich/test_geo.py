import pytest

from enrich import mmdb
from wheeltapper.enrich.geo import NOWHERE, Geo, Place
from wheeltapper.enrich.network import address
from wheeltapper.errors import ConfigError


@pytest.mark.parametrize(
    ("ip", "country"),
    [
        ("193.0.6.139", "NL"),
        ("133.11.0.1", "JP"),
        ("200.160.2.3", "BR"),
        ("::ffff:193.0.6.139", "NL"),
        ("2001:67c:2e8::1", "NL"),
        ("192.168.10.20", None),  # the file says AU
        ("203.0.113.9", None),
        ("10.0.0.1", None),
        ("::1", None),
    ],
)
def test_country_without_a_file_of_the_users(ip, country):
    found = Geo(places=None, systems=None).find(address(ip))
    assert found == Place(country=country)


def test_a_users_own_files_tell_the_rest(tmp_path):
    places = mmdb.write(
        tmp_path / "city.mmdb",
        {
            "1.2.3.0/24": {
                "country": {"iso_code": "NL"},
                "city": {"names": {"en": "Utrecht", "nl": "Utreg"}},
                "location": {"latitude": 52.09, "longitude": 5.12},
            },
            "10.0.0.0/8": {"country_code": "DE", "city": "Ulm", "latitude": "48.4"},
            "5.0.0.0/8": {"country": "FR", "asn": "AS64512", "as_name": "Example"},
            "6.0.0.0/8": {"country_code": "EU", "city": "", "latitude": "north"},
            "7.0.0.0/8": {"country_code": "Atlantis"},
        },
    )
    systems = mmdb.write(
        tmp_path / "asn.mmdb",
        {
            "1.2.0.0/16": {
                "autonomous_system_number": 1103,
                "autonomous_system_organization": "SURF",
            }
        },
    )
    geo = Geo(places=places, systems=systems)
    assert geo.find(address("1.2.3.4")) == Place("NL", "Utrecht", 52.09, 5.12, 1103, "SURF")
    assert geo.find(address("1.2.4.4")) == Place(asn=1103, as_org="SURF")
    # The organisation's own network, as its own file places it.
    assert geo.find(address("10.1.1.1")) == Place("DE", "Ulm", 48.4)
    assert geo.find(address("6.1.1.1")) == NOWHERE
    assert geo.find(address("7.1.1.1")) == NOWHERE
    assert geo.find(address("2001:67c:2e8::1")) == NOWHERE
    assert Geo(places=places, systems=None).find(address("5.1.1.1")) == Place(
        "FR", asn=64512, as_org="Example"
    )


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"x\.mmdb: no such file; correct enrich\.geo"):
        Geo(places=tmp_path / "x.mmdb", systems=None)
    broken = tmp_path / "asn.mmdb"
    broken.write_text("nope")
    with pytest.raises(ConfigError, match=r"asn\.mmdb: not an \.mmdb file.*enrich\.asn"):
        Geo(places=None, systems=broken)
    broken.write_text("")
    with pytest.raises(ConfigError, match=r"not an \.mmdb file"):
        Geo(places=None, systems=broken)
