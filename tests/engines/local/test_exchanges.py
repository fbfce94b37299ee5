import numpy as np
import pytest

from wheeltapper.detect import catalogue
from wheeltapper.detect.process import DAY_US
from wheeltapper.engines.local import exchanges
from wheeltapper.engines.local.exchanges import GRACE_DAYS, exchanged, judged, learn, lessons
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities, activity

SECRET = bytes(16)
DETECTORS = [d for d in catalogue.load() if d.name in ("git.utc_offset", "git.directory")]


def project(people=12, days=500, machine=False):
    """A commit a day by one of several people, each in a zone and a folder of their own."""
    rows = []
    for day in range(days):
        for part in range(2):
            who = (day * 2 + part) * 7 % people
            rows.append(
                activity(
                    f"u{who}", days=day, minutes=90 * part, source="git", app="project",
                    action="commit", session=f"c{day}-{part}", utc_offset=60 * who - 300,
                    target=f"part{who}/x/y.c", peer_group=f"team{who % 3}",
                    actor_type="service" if machine else "human",
                )
            )  # fmt: skip
    return activities(rows)


def test_a_copy_differs_in_who_acted_and_in_what_belongs_to_them():
    acts = project()
    copy = exchanged(acts)
    moved = np.array(copy["actor"].to_pylist()) != np.array(acts["actor"].to_pylist())
    assert 0.02 < moved.mean() < 0.06
    for name in acts.column_names:
        same = acts[name].to_pylist() == copy[name].to_pylist()
        assert same == (name not in ("actor", "peer_group")), name
    team = {who: f"team{int(who[1:]) % 3}" for who in set(acts["actor"].to_pylist())}
    assert [team[who] for who in copy["actor"].to_pylist()] == copy["peer_group"].to_pylist()


def test_each_turn_exchanges_others_and_the_same_turn_the_same():
    acts = project()
    assert exchanged(acts, 1).equals(exchanged(acts, 1))
    assert not exchanged(acts, 1).equals(exchanged(acts, 2))


def test_the_sessions_of_machines_stay_theirs():
    acts = project(machine=True)
    assert exchanged(acts).equals(acts)


def test_nobody_is_exchanged_with_somebody_who_is_hardly_known_or_long_gone():
    acts = project(days=700)
    by_day = {}
    for act in acts.select(["actor", "time"]).to_pylist():
        by_day.setdefault(act["actor"], []).append(act["time"])
    copy = exchanged(acts)
    for was, now in zip(acts.to_pylist(), copy.to_pylist(), strict=True):
        if was["actor"] != now["actor"]:
            before = [t for t in by_day[now["actor"]] if t < now["time"]]
            assert len(before) >= exchanges.KNOWN_SESSIONS
            assert (now["time"] - before[-1]).days <= exchanges.LATELY_DAYS


def test_a_session_says_whose_name_it_bears_who_acted_and_the_loudest_of_each_detector():
    acts = project()
    copy = exchanged(acts)
    found = judged(copy, acts, DETECTORS, SECRET)
    assert found.actor.tolist() == copy["actor"].to_pylist()
    assert found.by.tolist() == acts["actor"].to_pylist()
    settled = found.time_us > found.time_us[0] + 200 * DAY_US
    offset = [d.name for d in DETECTORS].index("git.utc_offset")
    assert (found.llr[settled & found.exchanged, offset] > 2).mean() > 0.8
    assert (found.llr[settled & ~found.exchanged, offset] < 0).mean() > 0.9


def test_lessons_of_a_time_do_not_depend_on_what_comes_after():
    whole, half = project(days=400), project(days=260)
    early, all_of_it = lessons(half, DETECTORS, SECRET), lessons(whole, DETECTORS, SECRET)
    until = all_of_it.where(all_of_it.time_us <= early.time_us[-1])
    assert until.actor.tolist() == early.actor.tolist()
    assert until.by.tolist() == early.by.tolist()
    assert (until.llr == early.llr).all()
    first = half["time"][0].as_py().timestamp() * 1e6
    assert early.time_us[0] >= first + GRACE_DAYS * DAY_US


def test_what_was_learned_tells_exchanged_sessions_of_people_it_was_not_learned_from():
    learned = learn(project(days=1200), DETECTORS, SECRET)
    assert learned.exchanged >= exchanges.FEWEST
    assert learned.actors == 12
    assert learned.sessions > 2000
    assert set(learned.average_precision) == {"learned", "prior"}
    assert learned.average_precision["prior"] > 0.9
    better = learned.average_precision["learned"] > learned.average_precision["prior"]
    assert set(learned.curves) == ({d.name for d in DETECTORS} if better else set())
    assert learned == learn(project(days=1200), DETECTORS, SECRET)


@pytest.mark.parametrize(("people", "days"), [(12, 200), (3, 1200)])
def test_too_little_history_is_refused_and_says_what_is_needed(people, days):
    with pytest.raises(WheeltapperError, match="200 of 10 are needed; the catalogue's weights"):
        learn(project(people, days), DETECTORS, SECRET)


def test_an_empty_lake_teaches_nothing():
    with pytest.raises(WheeltapperError, match="no acts to learn weights from"):
        learn(project().slice(0, 0), DETECTORS, SECRET)


def test_only_detectors_of_how_an_actor_acts_can_tell_one_from_another():
    able = {d.name for d in exchanges.able(catalogue.load())}
    assert {"git.utc_offset", "any.country", "any.hour"} <= able
    # An address, an amount, an act that can do harm: other questions.
    assert not able & {"any.guessing", "any.exported", "cloudtrail.action", "cloudtrail.secrets"}
