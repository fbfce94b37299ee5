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
