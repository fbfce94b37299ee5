import stat

import pytest

from wheeltapper import workspace
from wheeltapper.detect import catalogue
from wheeltapper.detect.models.commands import NAME as COMMANDS
from wheeltapper.engines.local.judges import judges, judges_in, wordings


@pytest.fixture
def all_judges(tmp_path):
    return judges(tmp_path, catalogue.load(), ())


def test_everything_that_judges_has_words(all_judges):
    words = wordings(all_judges).by_name
    assert {d.name for d in all_judges.detectors} <= words.keys()
    assert {f"rule.{r.name}" for r in all_judges.rules.rules} <= words.keys()
    for name, one in words.items():
        assert one.name == name
        assert one.says.format(did="d", doing="d", value="v", count="1", app="a")
        assert one.weight > 0
        if one.family == "novelty":
            assert one.value


def test_a_joined_value_is_one_expression(all_judges):
    assert wordings(all_judges).of("cloudtrail.action").value == "concat_ws(' ', app, action)"


def test_rules_and_models_are_switched_off_by_name(tmp_path):
    some = judges(tmp_path, [], ["rule.okta_*", "model.*"]).rules.rules
    assert some
    assert not [r for r in some if r.name.startswith("okta_")]
    assert judges(tmp_path, [], ["rule.*"]).rules.rules == ()


def test_the_secret_is_kept_for_its_owner(tmp_path, all_judges):
    path = tmp_path / "state" / "secret"
    assert path.read_bytes() == all_judges.secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert judges(tmp_path, [], ()).secret == all_judges.secret
    assert judges(tmp_path / "other", [], ()).secret != all_judges.secret


def test_a_process_beside_the_first_judges_by_the_same_settings(tmp_path):
    ws = workspace.init(tmp_path / "work")
    settings = ws.root / "wheeltapper.toml"
    text = settings.read_text().replace("[detect]", '[detect]\npowershell = true\noff = ["git.*"]')
    settings.write_text(text)
    first = workspace.open(ws.root).judges()
    beside = judges_in(ws.root, ("git.*",))
    assert beside.models.names == first.models.names == [COMMANDS]
    assert [d.name for d in beside.detectors] == [d.name for d in first.detectors]
    assert beside.secret == first.secret
