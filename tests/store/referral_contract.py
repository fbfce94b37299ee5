"""What the queue of accounts has to do, whatever the database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wheeltapper.errors import WheeltapperError
from wheeltapper.referral import DECIDED, WAITING, Opinion, Referral, Ruling
from wheeltapper.store import Casebook

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def referral(account="ana", **changed):
    fields = {"account": account, "score": 0.5, "changed": NOW, "evidence": '{"a":"\\u0000"}'}
    return Referral(**fields | changed)


def opinion(account="ana", says="fraud", by="mila", at=NOW):
    return Opinion(account=account, opinion=says, by=by, at=at, reason="π", guideline="v1")


def last_word(account, opinions):
    """The last opinion holds."""
    step = "remove" if opinions[-1].opinion == "fraud" else "restore"
    return Ruling(DECIDED, step, "said so")


class ReferralContract:
    """Mixed into one test class a database; `url` is a fixture that gives an empty one."""

    def test_an_account_comes_back_as_it_was_put_in(self, url):
        with Casebook(url) as book:
            made = referral("a\0π\ud800", via="random", drawn=True, stratum=3, double=True)
            book.referrals.fill([made])
            (found,) = book.referrals.all()
            assert found == replace(made, account="a\\x00π\\ud800")
            assert book.referrals.one("a\0π\ud800") == found
            assert book.referrals.all(evidence=False) == [replace(found, evidence="{}")]
            assert book.referrals.waiting() == 1

    def test_filling_again_renews_and_decides_nothing_twice(self, url):
        with Casebook(url) as book:
            one = referral(step="hold", proposed="hold", place=4)
            (made,) = book.referrals.fill([one])
            assert (made.step, made.was, made.by) == ("hold", "allow", "policy")
            assert book.referrals.fill([one]) == []
            assert book.referrals.fill([replace(one, score=0.7, place=1)]) == []
            (found,) = book.referrals.all()
            assert (found.score, found.place, found.step) == (0.7, 1, "hold")
            assert len(book.referrals.decisions()) == 1

    def test_what_a_policy_took_it_gives_back_when_the_score_falls(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral(step="hold")])
            (back,) = book.referrals.fill([referral(step="allow")])
            assert back.step == "restore"
            assert book.referrals.fill([referral(step="allow")]) == []
            (again,) = book.referrals.fill([referral(step="hold")])
            ids = {one.id for one in book.referrals.decisions()}
            assert again.step == "hold"
            assert len(ids) == 3

    def test_what_is_held_stays_so_while_it_waits_for_people(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral(step="hold")])
            assert book.referrals.fill([referral(step="review", score=0.9)]) == []
            assert book.referrals.one("ana").step == "hold"

    def test_people_are_not_overruled_by_a_new_scoring(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral(step="hold")])
            found, (made,) = book.referrals.answer(opinion(says="honest"), last_word)
            assert (found.state, found.step) == (DECIDED, "restore")
            assert (made.by, made.was) == ("mila", "hold")
            assert book.referrals.fill([referral(step="remove", score=0.99)]) == []
            assert book.referrals.one("ana").state == DECIDED

    def test_who_is_no_longer_proposed_is_no_longer_asked_about(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral("ana"), referral("bo")])
            book.referrals.answer(
                opinion("bo", by="kim"), lambda a, o: Ruling("second", "allow", "")
            )
            book.referrals.fill([])
            assert [r.account for r in book.referrals.all(["waiting", "second"])] == ["bo"]

    def test_the_next_account_is_handed_to_one_reviewer_at_a_time(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral("ana", place=1), referral("bo", place=2)])
            queue = book.referrals
            assert queue.next("mila", at=NOW).account == "ana"
            assert queue.next("mila", at=NOW + MINUTE).account == "ana"
            assert queue.next("kim", at=NOW).account == "bo"
            assert queue.next("lee", at=NOW) is None
            assert queue.next("lee", at=NOW + 32 * MINUTE).account == "ana"

    def test_the_most_urgent_come_first_and_none_twice_to_the_same(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral("ana", place=1), referral("bo", place=2)])
            book.referrals.answer(opinion("bo"), lambda a, o: Ruling("escalated", "allow", ""))
            assert book.referrals.next("kim", at=NOW).account == "bo"
            assert book.referrals.next("mila", at=NOW).account == "ana"

    def test_many_at_once_get_an_account_each(self, url):
        with Casebook(url) as book, ThreadPoolExecutor(4) as pool:
            book.referrals.fill([referral(f"a{n}", place=n) for n in range(4)])
            names = [f"r{n}" for n in range(4)]
            got = list(pool.map(lambda name: book.referrals.next(name, at=NOW), names))
            assert sorted(one.account for one in got if one) == ["a0", "a1", "a2", "a3"]

    def test_an_appeal_goes_to_somebody_else(self, url):
        with Casebook(url) as book:
            queue = book.referrals
            queue.fill([referral()])
            with pytest.raises(WheeltapperError, match="nothing to appeal"):
                queue.appeal("ana", "I am real", at=NOW)
            queue.answer(opinion(), last_word)
            assert queue.next("kim", at=NOW) is None
            appealed = queue.appeal("ana", "I am <b>real</b>", at=NOW)
            assert (appealed.state, appealed.round, appealed.step) == ("appealed", 1, "remove")
            assert queue.next("mila", at=NOW) is None
            with pytest.raises(WheeltapperError, match="somebody else has to look"):
                queue.answer(opinion(says="honest"), last_word)
            assert queue.next("kim", at=NOW).account == "ana"
            found, (back,) = queue.answer(opinion(says="honest", by="kim"), last_word)
            assert (back.step, found.state) == ("restore", DECIDED)
            assert [o.round for o in queue.opinions("ana")] == [0, 1]

    def test_a_changed_mind_counts_and_both_opinions_stay(self, url):
        with Casebook(url) as book:
            book.referrals.fill([referral()])
            seen = []

            def settle(account, opinions):
                seen.append([o.opinion for o in opinions])
                return last_word(account, opinions)

            book.referrals.answer(opinion(), settle)
            _, (back,) = book.referrals.answer(opinion(says="honest"), settle)
            assert back.step == "restore"
            assert seen == [["fraud"], ["honest"]]
            assert len(book.referrals.opinions()) == 2

    def test_a_verification_is_passed_or_leads_to_people(self, url):
        with Casebook(url) as book:
            queue = book.referrals
            queue.fill([referral(n, step="verify", state="responded") for n in ("ana", "bo")])
            assert queue.one("ana").challenge == "challenged"
            found, (back,) = queue.challenged("ana", "passed", at=NOW)
            assert (found.challenge, back.step) == ("passed", "restore")
            found, (held,) = queue.challenged("bo", "failed", at=NOW)
            assert (held.step, found.state) == ("hold", WAITING)
            with pytest.raises(WheeltapperError, match="was not asked"):
                queue.challenged("bo", "passed", at=NOW)
            again = [referral(n, step="verify", state="responded") for n in ("ana", "bo")]
            assert queue.fill(again) == []
            assert [queue.one(n).step for n in ("ana", "bo")] == ["restore", "hold"]
            assert queue.one("bo").state == WAITING

    def test_decisions_wait_until_they_are_delivered(self, url):
        with Casebook(url) as book:
            queue = book.referrals
            first, second = queue.fill([referral(n, step="hold") for n in ("ana", "bo")])
            queue.delivered(first.number, at=NOW, problem="no answer")
            queue.delivered(second.number, at=NOW)
            (left,) = queue.decisions(undelivered=True)
            assert (left.account, left.attempts, left.problem) == ("ana", 1, "no answer")
            assert [one.account for one in queue.decisions(after=first.number)] == ["bo"]

    @pytest.mark.parametrize(
        ("changed", "words"),
        [({"says": "maybe"}, "is none of"), ({"by": " "}, "needs a name")],
    )
    def test_what_is_no_opinion_is_refused(self, url, changed, words):
        with Casebook(url) as book:
            book.referrals.fill([referral()])
            with pytest.raises(ValueError, match=words):
                book.referrals.answer(opinion(**changed), last_word)
            with pytest.raises(WheeltapperError, match="not in the queue"):
                book.referrals.answer(opinion("eve"), last_word)

    def test_what_was_found_is_kept(self, url):
        with Casebook(url) as book:
            book.referrals.note("scored", {"accounts": 2}, at=NOW)
            book.referrals.note("scored", {"accounts": 3}, at=NOW + MINUTE)
            assert book.referrals.noted("scored") == [(NOW + MINUTE, {"accounts": 3})]
            assert [t["accounts"] for _, t in book.referrals.noted("scored", 5)] == [3, 2]
            assert book.referrals.noted("trained") == []
