"""Documents: records as real ones are, most about few documents, most of them the team's own."""

import json
from collections import Counter

import pytest

from wheeltapper.simulate.drive import document


@pytest.fixture(scope="module")
def real(shared):
    """Real records about documents that carry parameters."""
    path = shared / "data" / "saas" / "gsuite_activityevent.ndjson"
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    return [
        r
        for r in events
        if isinstance(id := r.get("id"), dict)
        and id.get("applicationName") == "drive"
        and "uniqueQualifier" in id
    ]


def test_fields_are_those_of_real_records(small, real):
    whole = next(r for r in real if r["name"] == "rename")
    known = {name for r in real for name in r} | {"type"}
    usual = set(whole["parameters"]) - {"old_value", "new_value", "actor_is_collaborator_account"}
    for record in small.drive[:500]:
        assert set(record) <= known
        assert set(record["id"]) == set(whole["id"])
        assert usual <= set(record["parameters"])


def test_letting_somebody_outside_in_is_told_as_it_really_is(small, real):
    then = next(r for r in real if r["name"] == "change_user_access" and "parameters" in r)
    shared = [r for r in small.drive if r["name"] == "change_user_access"]
    assert shared
    for record in shared:
        assert record["type"] == then["type"] == "acl_change"
        told = ("visibility_change", "visibility", "old_value")
        assert [record["parameters"][k] for k in told] == [then["parameters"][k] for k in told]


def test_every_record_has_an_id_of_its_own_and_comes_in_order(small):
    ids = [r["id"]["uniqueQualifier"] for r in small.drive]
    assert len(ids) == len(set(ids)) > 1000
    times = [r["id"]["time"] for r in small.drive]
    assert times == sorted(times)


def test_few_documents_make_up_most_of_what_somebody_opens(small):
    people = Counter(r["actor"]["email"] for r in small.drive)
    busiest = [name for name, _ in people.most_common(10)]
    for name in busiest:
        opened = Counter(
            r["parameters"]["doc_id"] for r in small.drive if r["actor"]["email"] == name
        )
        top = sum(n for _, n in opened.most_common(len(opened) // 4))
        assert top > 0.4 * sum(opened.values())


def test_a_document_is_always_the_same(small):
    titles = {}
    for record in small.drive:
        p = record["parameters"]
        assert titles.setdefault(p["doc_id"], p["doc_title"]) == p["doc_title"]
    assert document(1, "sales-1", 3) == document(1, "sales-1", 3)
    assert document(1, "sales-1", 3).id != document(1, "sales-1", 4).id


def test_somebody_takes_a_folder_along(small):
    taken = Counter(
        (r["actor"]["email"], r["id"]["time"][:13]) for r in small.drive if r["name"] == "download"
    )
    assert taken.most_common(1)[0][1] >= 40
