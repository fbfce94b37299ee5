import dataclasses

import pytest

from wheeltapper.detect import meaning
from wheeltapper.detect.family import families


@pytest.mark.parametrize("family", families())
def test_every_family_says_what_it_asks_and_what_its_settings_mean(family):
    assert len(meaning.asks(family)) > 20
    assert "\n" not in meaning.asks(family)
    assert not meaning.asks(family).lower().startswith(family)
    assert len(meaning.limits(family)) > 40
    assert not meaning.limits(family).startswith("Method")
    settings = meaning.settings_of(family)
    assert [s.name for s in settings] == [
        f.name for f in dataclasses.fields(families()[family].settings)
    ]
    defaults = families()[family].settings()
    for one in settings:
        assert one.default == getattr(defaults, one.name)
        assert one.meaning, f"{family}.{one.name} is explained nowhere"


def test_what_a_family_says_of_its_own_setting_comes_first():
    prior = {s.name: s.meaning for s in meaning.settings_of("schedule")}["prior"]
    assert prior == "Active hours of own history that weigh as much as the peers'."
    assert prior != meaning.SHARED["prior"]
