"""Whatever runs make of the same acts, what was said of a case is found from one living case."""

import sqlalchemy as sa
from acts import acts, of
from casebook_contract import START
from hypothesis import given, settings
from hypothesis import strategies as st

from wheeltapper.case import VERDICTS
from wheeltapper.store import Casebook
from wheeltapper.store.tables import Base

LETTERS = "abcdef"
RUN = st.lists(st.integers(0, 3), min_size=len(LETTERS), max_size=len(LETTERS))
SAID = st.tuples(st.integers(0, 5), st.sampled_from([*VERDICTS, ""]))
STEPS = st.lists(RUN | SAID, min_size=1, max_size=12)


def cases_of(run):
    """Each act in the case of its number; those of 0 are in none."""
    parts = ("".join(a for a, n in zip(LETTERS, run, strict=True) if n == k) for k in (1, 2, 3))
    return [of(part) for part in parts if part]


def emptied(url):
    """A casebook made once: its tables take longer to make than all the rest."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


def state(book):
    return book.cases(), book.verdicts()


def replayed(book, steps):
    """What the casebook holds after each step."""
    for n, step in enumerate(steps):
        at = START.replace(year=2024, hour=n)
        if isinstance(step, list):
            book.save(cases_of(step), at=at)
        elif living := book.cases():
            one = sorted(living, key=lambda c: c.id)[step[0] % len(living)]
            book.judge(one.id, step[1], by="kim", at=at)
        yield step, at, state(book)


def test_a_verdict_is_reached_from_one_living_case_whatever_comes(tmp_path):
    url = f"sqlite:///{tmp_path / 'book.sqlite'}"
    with Casebook(url) as book:

        @settings(max_examples=60)
        @given(STEPS)
        def checked(steps):
            emptied(url)
            held = {}
            for step, at, (living, verdicts) in replayed(book, steps):
                _nothing_is_lost(book, living, verdicts)
                _no_name_is_used_for_another(living, held)
                if isinstance(step, list):
                    book.save(cases_of(step), at=at)
                    assert state(book) == (living, verdicts), "made again, it changes"
            at_the_end = state(book)
            emptied(url)
            for _ in replayed(book, steps):
                pass
            assert state(book) == at_the_end, "another time it is another"

        checked()


def _nothing_is_lost(book, living, verdicts):
    ids = {case.id for case in living}
    assert len(ids) == len(living)
    said = {case.id: book.verdicts(case.id) for case in living}
    for one in verdicts:
        last = [v for v in verdicts if v.case_id == one.case_id][-1]
        where = [id for id, mine in said.items() if one in mine]
        found = book.case(one.case_id)
        if last.verdict:
            assert where == [found.id]
            assert found.id == one.case_id or one.case_id in found.formerly
        else:  # it was taken back: the case may go, and what was said of it stays
            assert where == ([found.id] if found else [])
            assert one in book.verdicts(one.case_id)


def _no_name_is_used_for_another(living, held):
    for case in living:
        mine = set(acts(case))
        assert mine & held.get(case.id, mine), f"{case.id} was {held[case.id]}"
        held[case.id] = mine
        assert not set(case.formerly) & {c.id for c in living}


def only(book):
    (case,) = book.cases()
    return case


def turns(case):
    return [(t.what, t.case_id, t.other) for t in case.turns]


def test_a_judged_case_opens_again_for_what_nobody_judged(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("ab")])
        book.judge("id-ana-a", "benign_expected", by="kim", at=START)
        book.save([of("ab", score=20)])
        assert only(book).status == "closed"
        book.save([of("abc", bits=2.0)])
        assert only(book).status == "closed"  # it has grown by too little
        book.save([of("abcde")])
        case = only(book)
        assert (case.status, case.verdict) == ("reopened", "benign_expected")
        last = case.turns[-1]
        assert last.what == "reopened"
        assert last.why.startswith("since it was judged benign expected there is more. Ana did c.")
        assert [c.id for c in book.cases(status="open")] == [case.id]
        assert [acts(c) for c in book.judged()] == ["ab"]  # it speaks for what was judged
        book.judge(case.id, "malicious", by="kim", at=START)
        book.save([of("abcde")])
        assert only(book).status == "closed"
        assert [acts(c) for c in book.judged()] == ["abcde"]


def test_little_by_little_opens_a_case_as_much_as_all_at_once(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("a", bits=1.8)])
        book.judge("id-ana-a", "benign_expected", by="kim", at=START)
        for letters in ("ab", "abc"):
            book.save([of(letters, bits=1.8)])
            assert only(book).status == "closed"
        book.save([of("abcd", bits=1.8)])
        assert only(book).status == "reopened"


def test_a_case_that_nobody_judged_opens_the_judged_one_it_belongs_to(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("a", bits=1.0), of("b", bits=1.0)])
        book.judge("id-ana-a", "benign_expected", by="kim", at=START)
        book.save([of("ab", bits=1.0)])
        case = only(book)
        assert (case.id, case.status) == ("id-ana-a", "reopened")
        assert case.turns[-1].why == "case id-ana-b belongs to it, and nobody has judged that"


def test_verdicts_that_contradict_each_other_open_the_case(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("a"), of("b")])
        book.judge("id-ana-a", "benign_expected", by="kim", at=START)
        book.judge("id-ana-b", "malicious", by="bo", at=START)
        book.save([of("ab")])
        case = only(book)
        assert case.status == "reopened"
        assert "was judged malicious, not benign expected" in case.turns[-1].why
        assert {c.verdict for c in book.judged()} == {"benign_expected", "malicious"}


def test_what_is_too_long_ago_to_be_looked_at_again_stays_in_its_case(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("ab")])
        later = START.replace(day=START.day + 4)
        new = of("bc", start=START.replace(hour=0))
        book.save([new], since=later, looked_from=later)
        assert acts(only(book)) == "abc"
        assert only(book).native_ids == ("a", "b", "c")


def test_a_run_that_is_not_kept_is_told_under_the_names_of_those_that_are(tmp_path):
    with Casebook(f"sqlite:///{tmp_path / 'book.sqlite'}") as book:
        book.save([of("bc")])
        before = book.cases()
        assert [c.id for c in book.renamed([of("abc"), of("f")])] == ["id-ana-b", "id-ana-f"]
        assert book.cases() == before
