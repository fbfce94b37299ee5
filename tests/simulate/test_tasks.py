"""Everybody can do every kind of task of their role, in any service."""

import json

import pytest

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.cloud import services
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.machines import Machines
from wheeltapper.simulate.people import Person, hire, roles
from wheeltapper.simulate.tasks import Tasks

WORKS = [name for name, role in roles().items() if role.cloud]


def _done(person: Person, times: list[float], settled: float = 1.0, **how: bool) -> list[dict]:
    journal = Journal(0, 4 * 86_400)
    tasks = Tasks(person, person.role.name, Machines(person, 1), 1)
    tasks.work(1, times, "10.0.0.1", Chance("work"), journal, settled, **how)
    return [json.loads(r) for day in range(4) for _, r in journal.take(day)[0]]


@pytest.fixture(scope="module")
def staff():
    return hire(120, 60, 1)


@pytest.mark.parametrize("role", WORKS)
def test_many_tasks_of_a_role_in_services_of_all_kinds(staff, role):
    person = next(p for p in staff if p.role.name == role)
    # Somebody who has yet to settle looks everywhere.
    records = _done(person, [90_000.0 + 300 * n for n in range(400)], settled=-3.0)
    touched = {r["eventSource"].split(".")[0] for r in records}
    assert len(touched) >= 35
    assert touched <= services().keys() | {"signin"}


def test_a_role_without_the_cloud_leaves_nothing(staff):
    person = next(p for p in staff if not p.role.cloud)
    assert _done(person, [90_000.0]) == []


def test_terraform_says_so_and_asks_who_it_is_first(staff):
    person = next(p for p in staff if p.role.name == "platform")
    records = _done(person, [90_000.0 + 900 * n for n in range(200)])
    runs = [r for r in records if "Terraform" in r["userAgent"]]
    assert runs[0]["eventName"] == "GetCallerIdentity"
    assert len(runs) > 100


def test_an_urgent_task_looks_at_what_runs(staff):
    person = next(p for p in staff if p.role.name == "developer")
    records = _done(person, [90_000.0 + 600 * n for n in range(30)], urgent=True)
    touched = {r["eventSource"].split(".")[0] for r in records}
    assert {"logs", "monitoring"} <= touched


def test_who_has_a_user_of_their_own_uses_its_key_outside_the_console(staff):
    person = next(p for p in staff if p.iam_user)
    records = _done(person, [90_000.0 + 600 * n for n in range(60)])
    for record in records:
        who = record["userIdentity"]
        assert who["userName"] == person.login
        if record.get("sessionCredentialFromConsole"):
            assert who["accessKeyId"].startswith("ASIA")
        elif record["eventName"] not in ("ConsoleLogin",):
            assert who["accessKeyId"] == person.access_key or "Internal" in record["userAgent"]
