"""The staff: roles by their shares, one name each, the first the same however many there are."""

from collections import Counter

from wheeltapper.simulate.people import Home, hire, roles


def test_the_first_are_the_same_however_many_there_are():
    assert hire(40, 60, 1) == hire(90, 60, 1)[:40]


def test_roles_come_by_their_share():
    counts = Counter(p.role.name for p in hire(120, 60, 1))
    assert counts == {name: role.share for name, role in roles().items()}


def test_names_are_used_once():
    staff = hire(400, 60, 1)
    for name in ("email", "login", "okta_id", "access_key", "ssh_key"):
        assert len({getattr(p, name) for p in staff}) == 400


def test_offices_lie_in_four_countries():
    assert {p.office.country for p in hire(120, 60, 1)} == {"NL", "DE", "US", "IN"}


def test_a_home_keeps_its_provider_when_its_address_changes():
    for person in hire(60, 60, 1):
        home = Home.of(person, 1)
        addresses = [home.address(day) for day in range(30)]
        assert len({a.org for a in addresses}) == 1
        assert {a.city for a in addresses} == {person.office}
        changes = len({a.ip for a in addresses})
        assert changes == 1 if home.renewal_days == 0 else changes > 1
