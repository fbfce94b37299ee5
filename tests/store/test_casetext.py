import dataclasses

from casebook_contract import case
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.case import LOCKSTEP, Other, Team
from wheeltapper.store import casetext

TEXTS = st.text(max_size=20)  # surrogates and NULs are among them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(TEXTS, JSON, max_size=3), TEXTS, st.floats(allow_nan=False))
def test_findings_come_back_as_they_were(evidence, text, number):
    (plain,) = case().findings
    finding = dataclasses.replace(
        plain.finding, evidence=evidence, entity=text, bits=number, attack=(), event_ids=("a", "b")
    )
    changed = {
        "sentence": text, "learned": text, "bits": number, "learned_bits": number, "what": text,
        "expected": text, "peers": text, "techniques": (text,), "adds": number,
    }  # fmt: skip
    items = (dataclasses.replace(plain, finding=finding, **changed), plain)
    kept = casetext.findings(items)
    assert casetext.read_findings(kept) == items
    assert kept.isascii()
    assert "\0" not in kept


@given(st.lists(TEXTS, max_size=3), TEXTS)
def test_details_come_back_as_they_were(names, text):
    want = dataclasses.replace(
        case(), summary=text, peer_group=text, tactics=tuple(names), native_ids=(), apps=(text,),
        others=tuple(Other(entity_type="actor", entity=name, why=text) for name in names),
        kind=LOCKSTEP, members=len(names), evidence=len(names), around=tuple(names),
        teams=tuple(Team(name=name, members=1, of=2) for name in names),
    )  # fmt: skip
    found = casetext.read_details(casetext.details(want))
    assert found == {name: getattr(want, name) for name in found}
    assert set(found) == {
        "summary",
        "baseline_days",
        "baseline_acts",
        "peer_group",
        "peers",
        "tactics",
        "native_ids",
        "event_count",
        "apps",
        "others",
        "owner_because",
        "learned_bits",
        "evidence",
        "around",
        "kind",
        "members",
        "teams",
    }


def test_a_case_from_before_there_were_others_and_teams_has_none():
    assert casetext.read_details('{"summary":"x"}') == {"summary": "x", "others": (), "teams": ()}
