import numpy as np

from wheeltapper.powershell import format as form


def test_numbers_say_nothing_of_what_a_text_does():
    assert form.measure("Get-Date") == form.measure("Xyz-Qwer")
    assert len(form.measure("")) == len(form.FEATURES)


def test_classes_that_differ_in_format_are_told_apart():
    texts = [f"one line {i}" for i in range(60)] + [f"two\nlines {i}" for i in range(60)]
    label = np.repeat([1, 0], 60)
    model = form.fit(texts, label, np.ones(120))
    scores = form.score(model, texts)
    assert scores[:60].min() > scores[60:].max()


def test_a_number_that_tells_the_classes_apart_is_named():
    texts = ["# Copyright somebody\nGet-Date"] * 20 + ["Get-Date"] * 10 + ["Get-Item x"] * 10
    label = np.repeat([0, 1], 20)
    found = {leak.what: leak for leak in form.leaks(texts, label)}
    assert found["licence header"].auc == found["lines"].auc == found["lines"].tpr == 1.0
    assert found["tabs"].auc == 0.5
    assert set(found) == {*form.FEATURES, "licence header"}
