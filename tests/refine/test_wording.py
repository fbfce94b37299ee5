from wheeltapper.refine.wording import Wording, Wordings


def test_a_detector_that_has_gone_still_has_words():
    known = Wording(name="any.x", family="rate", about="x", says="made {count} changes")
    wordings = Wordings({"any.x": known})
    assert wordings.of("any.x") is known
    assert wordings.of("rule.gone").family == "rule"
    assert wordings.of("any.gone").says == "{did}"
    assert wordings.of("any.gone").weight == 1.0


def test_detectors_of_the_place_look_at_one_thing_and_others_each_at_their_own():
    def aspect(name, value):
        return Wording(name=name, family="novelty", about="x", says="{value}", value=value).aspect

    assert aspect("any.country", "country") == "place"
    assert aspect("any.network", "coalesce(as_org, src_ip)") == "place"
    assert aspect("any.client", "ua_client") == "client"
    assert aspect("any.application", "app") == "any.application"
    assert aspect("any.failures", "") == "any.failures"
