import dataclasses

import numpy as np

from wheeltapper.accounts import signals
from wheeltapper.accounts.signals import seen


def test_nothing_that_came_later_changes_what_is_said(read):
    middle = int(np.median(read.acts.time))
    before = read.acts.time < middle
    earlier = read.shared.time < middle
    cut = dataclasses.replace(
        read,
        acts=type(read.acts)(
            **{f.name: getattr(read.acts, f.name)[before] for f in dataclasses.fields(read.acts)}
        ),
        shared=type(read.shared)(
            **{
                f.name: getattr(read.shared, f.name)[earlier]
                for f in dataclasses.fields(read.shared)
            }
        ),
        report_account=read.report_account[read.report_time < middle],
        report_time=read.report_time[read.report_time < middle],
    )
    whole, part = seen(read, middle), seen(cut, middle)
    assert np.array_equal(whole.own.rows, part.own.rows)
    assert np.array_equal(whole.groups.rows, part.groups.rows)
    assert np.array_equal(whole.ties.to, part.ties.to)


def test_campaigns_show_in_the_signal_that_is_meant_for_them(read):
    end = int(read.acts.time[-1]) + 1
    now = seen(read, end)
    kind = np.array(read.campaign)

    def typical(columns, name, of):
        return columns.rows[kind == of, columns.names.index(name)].mean()

    told = [
        (now.groups, "in lockstep by card", "card"),
        (now.groups, "in lockstep by target", "ring"),
        (now.own, "accounts with the same card", "card"),
        (now.own, "accounts that write nearly the same", "template"),
        (now.own, "acts in the busiest hour", "fast"),
        (now.own, "different targets", "fast"),
    ]
    for columns, name, of in told:
        assert typical(columns, name, of) > typical(columns, name, "") + 0.2, name
    answered = "share of targets that ever answered"
    assert typical(now.own, answered, "fast") < typical(now.own, answered, "") / 2


def test_names_are_given_once_and_values_are_numbers(read):
    now = seen(read, int(read.acts.time[-1]) + 1)
    names = now.own.names + now.groups.names
    assert len(set(names)) == len(names)
    assert np.isfinite(now.own.rows).all()
    assert now.ties.accounts == read.accounts
    assert signals.COMMON == ("address",)
