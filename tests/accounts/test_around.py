import numpy as np

from wheeltapper.accounts import tables
from wheeltapper.accounts.around import HOLDERS, PARTNERS, THINGS, Ties


def test_what_is_drawn_is_what_is_in_the_tables(read):
    ties = Ties(read, tables.end(read))
    campaign = np.flatnonzero(np.array(read.campaign) == "card")
    drawn = ties.around(int(campaign[0]))
    assert drawn.nodes[0].name == read.ids[campaign[0]]
    cards = [n for n in drawn.nodes if n.kind == "thing" and n.name == "card"]
    assert cards
    there = {n.account for n in drawn.nodes if n.kind == "account"}
    assert len(there & set(campaign.tolist())) > 5
    assert len(drawn.nodes) <= 1 + THINGS * (HOLDERS + 1) + PARTNERS
    of = read.acts.account == campaign[0]
    whom = set(read.acts.target[of]) | set(read.acts.account[read.acts.target == campaign[0]])
    assert drawn.reach == len(whom)
    assert all(0 <= a < len(drawn.nodes) and 0 < b < len(drawn.nodes) for a, b, _ in drawn.ties)
    assert len({n.name for n in drawn.nodes if n.kind == "account"}) == len(there)


def test_nothing_of_later_is_drawn(read):
    drawn = Ties(read, int(read.acts.time[0])).around(0)
    assert drawn.reach == 0
