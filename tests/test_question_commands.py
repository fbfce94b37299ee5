"""`ask` and `questions` as somebody types them."""

import json
import re

from test_cli import call, copy  # noqa: F401  # a fixture


def test_an_actor_is_asked_and_it_stands_in_the_case(copy):  # noqa: F811
    told = call("ask", 1, "--by", "ana", "--ttl", "30m", folder=copy)
    assert re.search(r"http://127\.0\.0\.1:8642/confirm/[\w-]{64}\n", told.stdout)
    assert "by another way than the account in question" in told.stderr
    assert "was asked whether this was them" in call("show", 1, folder=copy).stdout
    assert "(asked by ana)" in call("questions", "list", folder=copy).stdout
    row = json.loads(call("ask", 1, "--by", "bo", "--format", "json", folder=copy).stdout)
    assert row["link"] in row["text"]
    listed = call("questions", "list", "--format", "ndjson", folder=copy).stdout.splitlines()
    states = [json.loads(line)["state"] for line in listed]
    assert states == ["withdrawn", "asked"]
    (case,) = json.loads(call("cases", "--format", "json", folder=copy).stdout)
    assert "nonce" not in case["questions"][1]


def test_keys_are_changed(copy):  # noqa: F811
    call("ask", 1, "--by", "ana", folder=copy)
    path = copy / "state" / "confirm.keys"
    assert len(path.read_text().splitlines()) == 1
    assert "still work" in call("questions", "new-key", folder=copy).stderr
    assert len(path.read_text().splitlines()) == 2
    assert "no link sent before" in call("questions", "new-key", "--void", folder=copy).stderr
    assert len(path.read_text().splitlines()) == 1


def test_what_cannot_be_asked_is_said(copy):  # noqa: F811
    assert "nobody was asked" in call("questions", "list", folder=copy).stderr
    for option, value, says, code in (
        ("--ttl", "soon", "is no span", 2),
        ("--ttl", "99d", "30 days at most", 1),
        ("--actor", "x", "does not belong", 1),
    ):
        refused = call("ask", 1, "--by", "a", option, value, folder=copy, code=code)
        assert says in refused.stderr
