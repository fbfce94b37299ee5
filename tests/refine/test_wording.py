from wheeltapper.refine.wording import Wording, Wordings


def test_a_detector_that_has_gone_still_has_words():
    known = Wording(name="any.x", family="rate", about="x", says="made {count} changes")
    wordings = Wordings({"any.x": known})
    assert wordings.of("any.x") is known
    assert wordings.of("rule.gone").family == "rule"
    assert wordings.of("any.gone").says == "{did}"
    assert wordings.of("any.gone").weight == 1.0
