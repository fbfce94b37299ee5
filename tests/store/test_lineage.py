from dataclasses import replace
from datetime import timedelta

from acts import of
from casebook_contract import START
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.store.lineage import Known, beyond, loudest, named, traces


def known(case, *, id=None, made=0, living=True, into=""):
    return Known(
        id=id or case.id, made=START + timedelta(days=made), start=case.start, living=living,
        merged_into=into, traces=traces(case.findings),
    )  # fmt: skip


def test_what_grows_at_its_front_keeps_its_id():
    got = named([known(of("b"), id="x")], [of("ab")], {"x"})
    assert got.ids == ["x"]
    assert (got.merged, got.split, got.gone) == ({}, {}, ())


def test_two_that_become_one_go_on_as_the_elder():
    past = [known(of("a"), id="young", made=2), known(of("bc"), id="old", made=1)]
    got = named(past, [of("abc")], {"young", "old"})
    assert got.ids == ["old"]
    assert got.merged == {"young": "old"}


def test_the_greater_part_goes_on_and_the_other_says_from_what():
    got = named([known(of("abc"), id="x")], [of("a"), of("bc")], {"x"})
    assert got.ids == ["id-ana-a", "x"]
    assert got.split == {"id-ana-a": "x"}


def test_the_greater_part_is_that_of_the_weightier_findings():
    loud, quiet = of("a", bits=30.0), of("bc", bits=2.0)
    both = replace(loud, findings=(*loud.findings, *quiet.findings))
    assert named([known(both, id="x")], [quiet, loud], {"x"}).ids == ["id-ana-b", "x"]


def test_a_name_that_was_given_is_never_given_to_another():
    """The smaller part begins where the whole began, which goes on elsewhere."""
    got = named([known(of("abc"))], [of("a"), of("bc")], {"id-ana-a"})
    assert got.ids[1] == "id-ana-a"
    assert got.ids[0] not in ("id-ana-a", "id-ana-b")
    assert got.split == {got.ids[0]: "id-ana-a"}


def test_what_had_gone_or_was_merged_arises_as_itself():
    gone = known(of("a"), id="g", living=False)
    assert named([gone], [of("ab")], {"g"}).ids == ["g"]
    assert named([gone], [of("ab")], {"g"}).returned == ("g",)
    survivor, merged = known(of("ab"), id="s"), known(of("a"), id="m", living=False, into="s")
    got = named([survivor, merged], [of("b"), of("a")], {"s", "m"})
    assert (got.ids, got.split) == (["s", "m"], {"m": "s"})


def test_an_act_in_common_by_the_way_makes_them_no_relatives():
    letters = "abcdefghijklmnopqrst"
    other = of("zyxwvutsrqponmlkjihgf"[:19] + "a")
    got = named([known(of(letters[:1] + "0123456789ABCDEFGHIJ"), id="x")], [other], {"x"})
    assert got.gone == ("x",)
    assert got.split == {}


def test_accounts_are_told_apart_though_one_act_is_about_both():
    got = named([known(of("a", entity="kim"), id="x")], [of("a", entity="ana")], {"x"})
    assert got.ids == ["id-ana-a"]


def test_of_a_wave_the_acts_count_whoever_is_named_first():
    def wave(case):
        return replace(case, findings=tuple(
            replace(f, finding=replace(f.finding, evidence={"members": 7}))
            for f in case.findings
        ))  # fmt: skip

    past, new = wave(of("ab", entity="kim")), wave(of("abc", entity="ana"))
    assert named([known(past, id="x")], [new], {"x"}).ids == ["x"]


def test_what_is_said_again_is_nothing_new_and_what_is_louder_is_by_that_much():
    before = of("ab", bits=6.0)
    judged = loudest(before.findings)
    assert beyond(before.findings, judged) == (0.0, [])
    bits, new = beyond(of("ab", bits=7.0).findings, judged)
    assert bits == 1.5  # of one detector the second counts half
    bits, new = beyond(of("abc", bits=6.0).findings, judged)
    assert (bits, [f.key for f in new]) == (6.0, ["value c"])


CUTS = st.lists(st.integers(0, 3), min_size=6, max_size=6)


def groups(cut):
    """Acts `a`..`f` by the number they are given; those of 0 are in no case."""
    parts = ("".join(a for a, n in zip("abcdef", cut, strict=True) if n == k) for k in (1, 2, 3))
    return [of(part) for part in parts if part]


@given(CUTS, CUTS, st.randoms())
def test_the_order_in_which_cases_are_known_or_made_does_not_matter(before, after, random):
    past = [known(case, id=f"p{n}", made=n) for n, case in enumerate(groups(before))]
    cases = groups(after)
    taken = {one.id for one in past}
    one = named(past, cases, taken)
    random.shuffle(past)
    order = random.sample(range(len(cases)), len(cases))
    other = named(past, [cases[i] for i in order], taken)
    shared = {i: id for i, id in enumerate(one.ids) if id in taken}
    assert shared == {i: id for i, id in zip(order, other.ids, strict=True) if id in taken}
    assert (one.merged, set(one.gone)) == (other.merged, set(other.gone))
    assert len(set(one.ids)) == len(cases)
    assert set(one.merged).isdisjoint(one.ids)
    assert set(one.merged.values()) <= set(one.ids)
