import re

import pytest
from village import TAKEOVER

from wheeltapper.engines.local.drill import scenario
from wheeltapper.errors import ConfigError


def test_every_packaged_scenario_can_be_used():
    found = scenario.load()
    assert len(found) >= 10
    assert [one.name for one in found] == sorted({one.name for one in found})
    for one in found:
        assert one.about
        assert one.attack
        assert (scenario.PACKAGED / f"{one.name}.toml").exists(), "a file is named as what it holds"


def test_a_users_own_stand_beside_and_replace(tmp_path):
    (tmp_path / "mine.toml").write_text(TAKEOVER)
    (tmp_path / "other.toml").write_text(TAKEOVER.replace('"takeover"', '"slow-recon"'))
    found = {one.name: one for one in scenario.load([tmp_path])}
    assert len(found) == len(scenario.load()) + 1
    assert found["slow-recon"].about == found["takeover"].about
    assert [one.name for one in scenario.chosen(list(found.values()), ["takeover"])] == ["takeover"]
    with pytest.raises(ConfigError, match="no scenario takover; did you mean takeover"):
        scenario.chosen(list(found.values()), ["takover"])


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('attack = ["T1078"]', 'atack = ["T1078"]', 3, "atack: is no field; did you mean attack?"),
        ("times = 5", "tmes = 5", 12, "tmes: is no field; did you mean times?"),
        ("times = 5", 'times = "5"', 12, "expected `int`, got `str`"),
        ("times = 5", "times = 0", 12, "times: must be from 1 to 5,000"),
        ("hour = 14.0", "hour = 24.5", 13, "hour: must be an hour of the day"),
        ('place = "abroad"', 'place = "abraod"', 10, "there are: own, copied, abroad, hosting"),
        ("days_30 >=", "day_30 >=", 6, "there is no column day_30; did you mean days_30?"),
        ("outcome = 'success'", "outcom = 'success'", 9, "there is no column outcom"),
        ("outcome = 'success'", "outcome = 'fine'", 9, "outcome is never 'fine'"),
        ("outcome = 'success'", "done_befor = 0", 9, "did you mean done_before?"),
        ("times = 5", 'whose = "pers"', 12, "there is no 'pers'; did you mean peers?"),
        ("times = 5", 'by = "ownr"', 12, "there is no 'ownr'; did you mean owner?"),
        ("times = 5", 'by = "crowd"', 12, "say whose = 'anybody'"),
        ("times = 5", 'set = { tarjet = "x" }', 12, "is no column; did you mean target?"),
        ("times = 5", 'set = { time = "x" }', 12, "it cannot be given"),
        ("times = 5", 'set = { bytes = "x" }', 12, "must be of type int64"),
        ("times = 5", 'set = { outcome = "fine" }', 12, "is one of success, failure, unknown"),
        ("times = 5", 'set = { target = "{made}" }', 12, "there is nobody called {made}"),
        ('name = "takeover"', 'name = "Take over"', 1, "must be of small letters"),
        ("rule = ", 'new = "x"\nrule = ', 5, "one of the two"),
        ("[[step]]", "[[step]", 8, "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(tmp_path, old, new, line, said):
    file = tmp_path / "takeover.toml"
    assert TAKEOVER.count(old) == 1
    file.write_text(TAKEOVER.replace(old, new))
    with pytest.raises(ConfigError) as told:
        scenario.read(file)
    assert str(told.value).startswith(f"{file}:{line}: "), told.value
    assert re.search(re.escape(said), str(told.value)), told.value


def test_the_first_member_is_found_and_others_may_be_made_up(tmp_path):
    file = tmp_path / "takeover.toml"
    file.write_text(TAKEOVER.replace("rule = ", 'new = "made"\n#'))
    with pytest.raises(ConfigError, match="must be found by a rule"):
        scenario.read(file)
    second = '[who.made]\nnew = "svc"\n[who.other]\nrule = "hours_east <> lead.hours_east"\n\n'
    file.write_text(TAKEOVER.replace("[[step]]", f"{second}[[step]]"))
    one = scenario.read(file)
    assert one.lead == "owner"
    assert list(one.who) == ["owner", "made", "other"]
    assert scenario.filled("role/{made}", {"made": "svc"}) == "role/svc"
    assert scenario.filled(5, {}) == 5


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        scenario.read(tmp_path / "gone.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"\n')
    with pytest.raises(ConfigError, match=r"latin.toml:1: not valid TOML.*UTF-8"):
        scenario.read(tmp_path / "latin.toml")
