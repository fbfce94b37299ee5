"""Players are who the file asks for, from where and with what it says."""

import ipaddress

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import cloud
from wheeltapper.simulate.cast import Member, Session, address, agent, caller, dashed, find
from wheeltapper.simulate.desk import DESK
from wheeltapper.simulate.tables import table

from .stage import stage

SESSION = Session("102" + "0" * 20, "ASIA" + "A" * 16, 0.0)


@pytest.fixture(scope="module")
def on():
    return stage(120, 60, 1)


def test_the_nth_of_a_role_among_those_who_stay(on):
    first, second = (find("a", Member(role="sales", nth=n), on, "x") for n in (0, 1))
    people = [p.life.person for p in (first, second)]
    assert all(p.role.name == "sales" and p.last_day is None and p.first_day < 0 for p in people)
    assert people[0].number < people[1].number


def test_who_leaves_in_the_order_in_which_they_do(on):
    gone = find("a", Member(role="data", gone=True), on, "x").life.person
    assert gone.last_day is not None


def test_with_a_key_of_their_own(on):
    assert find("a", Member(role="platform", iam_user=True), on, "x").life.person.iam_user


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (Member(role="sales", nth=99), "needs 100 of the role sales, and there are 20 among 120"),
        (Member(role="poet"), "no role poet"),
        (Member(), "a is nobody"),
    ],
)
def test_nobody_like_that(on, member, told):
    with pytest.raises(WheeltapperError, match=told):
        find("a", member, on, "x")


def test_services_the_desk_and_who_is_made(on):
    robot = find("a", Member(service="backup-job"), on, "x")
    by = caller(robot, SESSION, "1.2.3.4", "cli", on, console=False)
    assert b"svc-backup" in bytes(by.identity)
    assert find("a", Member(shared=True), on, "x").name == DESK.email
    made = find("a", Member(user="svc-new"), on, "x")
    by = caller(made, SESSION, "1.2.3.4", "cli", on, console=False)
    assert made.key.encode() in bytes(by.identity)
    with pytest.raises(WheeltapperError, match="not known in the cloud"):
        caller(find("a", Member(shared=True), on, "x"), SESSION, "", "", on, console=False)


@pytest.mark.parametrize("name", table("outside")["network"])
def test_an_outside_network_gives_an_address_in_it(on, name):
    player = find("a", Member(role="sales"), on, "x")
    one, other = (address(n, player, 20, on, "x", web=True) for n in (name, name + "#2"))
    network = ipaddress.ip_network(table("outside")["network"][name]["net"])
    assert ipaddress.ip_address(one.ip) in network
    assert ipaddress.ip_address(other.ip) in network
    assert one.ip != other.ip
    assert one == address(name, player, 50, on, "x", web=False)


def test_their_own_place_and_a_server(on):
    player = find("a", Member(role="developer"), on, "x")
    work = player.life.diary.workday(17)
    assert address("own", player, 17, on, "x", web=False) == player.life.console(work)
    assert address("host build-1", player, 20, on, "x", web=False).ip == "10.40.2.21"
    with pytest.raises(WheeltapperError, match="has no own"):
        address("own", find("a", Member(shared=True), on, "x"), 20, on, "x", web=True)


def test_a_line_in_their_own_city_or_another(on):
    player = find("a", Member(role="developer"), on, "x")
    city = player.life.person.office
    one, other = (address(n, player, 20, on, "x", web=True) for n in ("near", "near#2"))
    assert one.city == other.city == city
    assert len({one.ip, other.ip, player.life.diary.home.address(20).ip}) == 3
    assert address("near Berlin", player, 20, on, "x", web=True).city.city == "Berlin"
    with pytest.raises(WheeltapperError, match="of no city"):
        address("near", find("a", Member(shared=True), on, "x"), 20, on, "x", web=True)


def test_programs_say_what_is_asked_of_them(on):
    player = find("a", Member(role="developer"), on, "x")
    act = cloud.act("iam", "ListAccessKeys/user")
    assert "md/command#iam.list-access-keys" in agent("cli", player, 20, act).raw
    assert agent("cli-mac", player, 20, act).raw.endswith("md/command#iam.list-access-keys")
    assert agent("boto-linux", player, 20, act).raw.startswith("Boto3/")
    assert agent("phone", player, 20, None).device == "Mobile"


def test_an_operation_as_the_command_line_calls_it():
    assert dashed("GetFunction20150331v2") == "get-function"
