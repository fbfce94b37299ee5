import pytest

from wheeltapper.detect.rules.rule import Rule, Unrunnable, read

GOOD = """
title: T
id: 7ab94ac6-3c46-4d01-a4a0-a0ae4c5a5c4b
level: high
tags: [attack.execution, attack.t1059.001]
logsource: {product: aws, service: cloudtrail}
detection:
    s: {eventName: X}
    condition: s
"""


def of(tmp_path, text, name="r.yml"):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(file))


def test_reads_a_rule(tmp_path):
    (rule,) = of(tmp_path, GOOD)
    assert isinstance(rule, Rule)
    assert (rule.name, rule.title, rule.level) == ("r", "T", "high")
    assert rule.attack == ("T1059.001",)
    assert len(rule.programs) == 1


def test_several_conditions_are_alternatives(tmp_path):
    (rule,) = of(tmp_path, GOOD.replace("condition: s", "t: {eventName: Y}\n    condition: [s, t]"))
    assert isinstance(rule, Rule)
    assert rule.programs[0].clauses == ()  # X and Y are too short to look for


def test_a_second_rule_of_a_file_has_a_name_of_its_own(tmp_path):
    first, second = of(tmp_path, GOOD + "---" + GOOD.replace("7ab94", "8ab94"))
    assert (first.name, second.name) == ("r", "r.2")


def test_no_level_is_medium(tmp_path):
    (rule,) = of(tmp_path, GOOD.replace("level: high\n", ""))
    assert rule.level == "medium"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("condition: s", "condition: off"), "condition cannot be read"),
        (GOOD.replace("condition: s", "condition: s and zzz"), "zzz"),
        (GOOD.replace("condition: s", "condition: s | count() > 5"), "pipe syntax"),
        (GOOD.replace("eventName:", "eventName|sounds:"), "Unknown modifier"),
        (GOOD.replace("{eventName: X}", "{'a|re': '(?=x)'}"), "invalid"),
        (GOOD.replace("{eventName: X}", "{'a|expand': '%x%'}"), "placeholder %x%"),
        (GOOD.replace("product: aws", "product: plan9"), "no log kind here for product plan9"),
        (GOOD.replace("logsource:", "logs:"), "log source"),
        ("[1, 2]", "not a Sigma rule"),
        ("{", "not a Sigma rule"),
        (b"\xff\xfe\x00", "not a Sigma rule"),
        (
            "title: C\ncorrelation: {type: event_count, rules: [r], group-by: [u], timespan: 1h,"
            " condition: {gte: 5}}",
            "",
        ),
    ],
)
def test_what_is_not_run_is_listed_with_the_reason(tmp_path, text, reason):
    (one,) = of(tmp_path, text)
    assert isinstance(one, Unrunnable)
    assert reason in one.reason
    assert one.reason


def test_correlation_is_listed_and_its_rule_runs(tmp_path):
    found = of(
        tmp_path,
        GOOD.replace("title: T", "title: T\nname: base")
        + "---\ntitle: C\ncorrelation: {type: event_count, rules: [base], group-by: [u],"
        " timespan: 1h, condition: {gte: 5}}",
    )
    assert [type(one) for one in found] == [Rule, Unrunnable]
    assert found[1].reason == "a correlation over several events"
