"""Every scenario's file is one, fits an organisation of 200, and is read back as it was written."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest

from wheeltapper import config
from wheeltapper.errors import WheeltapperError
from wheeltapper.ingest import read as ingested
from wheeltapper.simulate import files, simulate
from wheeltapper.simulate.journal import DAY_S
from wheeltapper.simulate.people import DOMAIN
from wheeltapper.simulate.play import Play
from wheeltapper.simulate.robots import ROBOTS
from wheeltapper.simulate.scenario import chosen, perform, read, scenarios, usual

from .conftest import read as output
from .stage import journal, stage

REAL = "cloud-account-hour"
PLAYS = [s.name for s in usual() if isinstance(s, Play)]
GIVEAWAY = re.compile(
    r"attack|malicious|intrud|hacker|evil|exploit|pwn|backdoor|ransom|phish|exfil|stolen|threat-",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def performed(tmp_path_factory):
    """All of them in an organisation of 200, alone in its logs; and what our mappings read."""
    on = stage(200, 60, 1)
    logs = journal(on)
    truths = {s.name: perform(s, on, logs) for s in usual()}
    root = tmp_path_factory.mktemp("performed")
    for day in range(60):
        cloud, okta, documents = logs.take(day)
        midnight = logs.first_s + day * DAY_S
        files.write_cloudtrail(root, 1, day, midnight, cloud)
        files.write_okta(root, midnight, okta)
        files.write_drive(root, midnight, documents)
    files.write_hosts(root, logs)
    now = datetime(2026, 12, 1, tzinfo=UTC)
    tables = [b.activities for b in ingested([root], settings=config.Ingest(), now=now)]
    acts = pl.concat([pl.from_arrow(t) for t in tables])
    line = pl.col("raw").str.json_path_match("$.line")
    return on, truths, acts.with_columns(line=line)


def acts_of(truth, acts):
    return acts.filter(
        pl.col("native_id").is_in(truth.native_ids) | pl.col("line").is_in(truth.lines)
    )


def test_there_are_enough_of_them():
    assert len(PLAYS) >= 12
    assert {name for name, s in scenarios().items() if name != s.name} == set()


@pytest.mark.parametrize("name", PLAYS)
def test_what_was_planted_is_what_is_read(performed, name):
    on, truths, acts = performed
    truth, mine = truths[name], acts_of(truths[name], acts)
    assert len(mine) == len(truth.native_ids) + len(truth.lines) > 0
    assert len(set(truth.native_ids)) == len(truth.native_ids)
    assert truth.start <= mine["time"].min() < truth.start + timedelta(seconds=1)
    assert truth.end <= mine["time"].max() < truth.end + timedelta(seconds=1)
    # Under the names that the directory knows: an address, a login, a service's user.
    aliases = {life.person.login: life.person.email for life in on.lives}
    aliases |= {alias: r.name for r in ROBOTS for alias in r.aliases}
    actors = {aliases.get(a, a) for a in mine["actor"].drop_nulls().unique()}
    assert actors == set(truth.actors)
    assert set(truth.addresses) <= set(mine["src_ip"].drop_nulls())


def test_nothing_but_the_scenarios_is_there(performed):
    _, truths, acts = performed
    assert len(acts) == sum(len(t.native_ids) + len(t.lines) for t in truths.values())


@pytest.mark.parametrize("name", PLAYS)
def test_no_name_gives_it_away(performed, name):
    _, truths, acts = performed
    for raw in acts_of(truths[name], acts)["raw"]:
        found = GIVEAWAY.search(raw.replace('"threatSuspected"', ""))
        assert not found, raw


def test_they_fall_on_different_people_and_days(performed):
    _, truths, _ = performed
    people = Counter(t.actor for t in truths.values())
    assert people.most_common(1)[0][1] == 1
    days = Counter(t.start.date() for t in truths.values())
    assert max(days.values()) <= 2
    assert len(days) >= len(truths) - 3


@pytest.mark.parametrize("seed", [2, 3])
def test_other_organisations_of_200_hold_all_of_them(seed):
    on = stage(200, 60, seed)
    logs = journal(on)
    truths = [perform(s, on, logs) for s in usual()]
    assert len({t.actor for t in truths}) == len(truths)


def test_every_technique_has_the_form_of_one():
    for scenario in scenarios().values():
        assert scenario.attack
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", id) for id in scenario.attack)


def test_scenarios_change_no_record_of_the_background(tmp_path):
    quiet = output(simulate(tmp_path / "quiet", people=20, days=14, seed=1, attack=False))
    busy = output(simulate(tmp_path / "busy", people=20, days=14, seed=1))
    planted = {id for t in busy.truth for id in t["native_ids"]}
    lines = {line for t in busy.truth for line in t["lines"]}
    assert len(planted) > 2713
    assert lines
    assert [r for r in busy.okta if r["uuid"] not in planted] == quiet.okta
    assert [r for r in busy.cloudtrail if r["eventID"] not in planted] == quiet.cloudtrail
    assert [r for r in busy.drive if r["id"]["uniqueQualifier"] not in planted] == quiet.drive
    left = {h: sorted(set(text) - lines) for h, text in busy.hosts.items()}
    assert left == {h: sorted(text) for h, text in quiet.hosts.items()}
    # What finds no room in so small a place is told, and not a mistake unless it is asked for.
    assert len(busy.truth) + len(busy.summary.left_out) == len(usual())
    assert any("simulate more people" in reason for reason in busy.summary.left_out)


def test_one_more_scenario_leaves_the_others_as_they_were():
    on = stage(200, 60, 1)
    alone = perform(scenarios()["mfa-fatigue"], on, journal(on))
    logs = journal(on)
    perform(scenarios()["stolen-session"], on, logs)
    assert perform(scenarios()["mfa-fatigue"], on, logs) == alone


@pytest.mark.parametrize("name", PLAYS)
def test_on_the_smallest_organisation_it_fits_or_says_what_is_missing(name):
    on = stage(20, 14, 1)
    logs = journal(on)
    told = ""
    try:
        perform(scenarios()[name], on, logs)
    except WheeltapperError as error:
        told = str(error)
    assert bool(told) != bool(logs.cloud or logs.okta or logs.drive or logs.hosts)
    assert not told or re.search(r"simulate more (people|days)", told)


def test_asking_for_one_by_name():
    assert [s.name for s in chosen((REAL, "slow-recon"))] == [REAL, "slow-recon"]
    with pytest.raises(
        WheeltapperError, match=r"no scenario nonsense; there are: accounts-in-step, borrowed"
    ):
        chosen(("nonsense",))


def test_asked_for_by_name_it_must_fit(tmp_path):
    with pytest.raises(WheeltapperError, match="simulate more people"):
        simulate(tmp_path / "s", people=20, days=14, scenarios=["key-in-a-bot"])
    assert not (tmp_path / "s").exists()


def test_a_line_of_truth_is_json_and_tells_where_to_look(performed):
    _, truths, _ = performed
    line = msgspec.json.decode(truths["lateral-ssh"].to_json())
    assert line["scenario"] == "lateral-ssh"
    assert line["actor"].endswith(DOMAIN)
    assert line["native_ids"] == []
    assert all(" sshd[" in text for text in line["lines"])
    assert not line["real"]
    assert set(line) == {"scenario", "about", "actor", "actors", "addresses", "start", "end",
                         "real", "attack", "native_ids", "lines"}  # fmt: skip


GOOD = """
name = "x"
about = "x"
attack = ["T1078"]
[who.a]
role = "sales"
[when]
days_before_end = 3
[[phase]]
[[phase.step]]
source = "okta"
do = ["sso Slack"]
"""


def test_a_file_in_order_is_read():
    assert read(GOOD, "x.toml").name == "x"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "x"', "name = ", "value"),
        ("do = ", "does = ", "does"),
        ('"okta"', '"carrier pigeon"', "carrier pigeon"),
        ("days_before_end = 3", 'days_before_end = "soon"', "days_before_end"),
        ("[[phase.step]]", '[[phase.step]]\nby = "b"', "b is not in its cast"),
        ("[[phase]]\n[[phase.step]]", "phase = []\n[unknown]", "unknown"),
        ("do = ", 'rhythm = "waltz"\ndo = ', "waltz"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_file(old, new, told):
    with pytest.raises(WheeltapperError, match=rf"(?s)x\.toml: not a scenario: .*{told}"):
        read(GOOD.replace(old, new), "x.toml")


def test_what_is_only_put_in_when_asked_for_has_accounts_in_step():
    """An eighth of all accounts, from one address, within minutes."""
    name = "accounts-in-step"
    assert {name, "four-applications"} == set(scenarios()) - {s.name for s in usual()}
    on = stage(200, 60, 1)
    truth = perform(scenarios()[name], on, journal(on))
    assert len(truth.actors) > 20
    assert len(truth.addresses) == 1
    assert (truth.end - truth.start).total_seconds() < 1800
