from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.weigh import BITS_CAP, HARM_SHARE, weigh
from wheeltapper.refine.weights import Curve
from wheeltapper.refine.wording import Wording, Wordings

from .few_findings import finding, frame, many, same

WORDINGS = Wordings(
    {
        "any.country": Wording(
            name="any.country", family="novelty", about="", says="from {value}", weight=0.5
        ),
        "cloudtrail.action": Wording(
            name="cloudtrail.action", family="novelty", about="", says="{did}"
        ),
    }
)


def harm(source, app, action):
    return {"delete": 6.0}.get(action, 1.0)


def weighed(*rows):
    return weigh(frame(rows), WORDINGS, harm)


def test_half_of_each_figure_counts_times_the_detectors_weight():
    (row,) = weighed(finding(bits=10.0, llr=6.0)).to_dicts()
    assert row["evidence"] == 0.5 * (10 + 6) / 2


def test_what_can_do_harm_weighs_more_where_the_detector_speaks_of_an_act():
    rows = [
        finding(detector="cloudtrail.action", action="delete"),
        finding(detector="cloudtrail.action", action="list"),
        finding(detector="any.country", action="delete"),
    ]
    delete, look, country = weighed(*rows).sort("evidence", descending=True).to_dicts()
    assert delete["evidence"] - look["evidence"] == HARM_SHARE * 5
    assert (delete["harm"], look["harm"], country["harm"]) == (6.0, 1.0, 0.0)


def test_what_is_not_known_of_an_act_is_no_error():
    (row,) = weighed(
        finding(detector="rule.x", source=None, app=None, action=None, value=None)
    ).to_dicts()
    assert row["key"] == ""
    assert row["harm"] == 1.0


figures = st.floats(allow_nan=False, width=32)


@given(bits=figures, llr=figures, more=figures)
def test_evidence_is_bounded_and_grows_with_its_figures(bits, llr, more):
    one, other = weighed(
        finding(bits=bits, llr=llr), finding(bits=max(bits, more), llr=max(llr, more))
    )["evidence"]
    assert -BITS_CAP <= one <= other <= BITS_CAP


def test_only_a_ratio_that_outweighs_all_surprise_speaks_for_the_entity():
    rare_for_all, its_own = weighed(
        finding(detector="cloudtrail.action", action="delete", bits=8.0, llr=-2.0),
        finding(detector="cloudtrail.action", action="delete", bits=0.5, llr=-4.5),
    ).to_dicts()
    assert rare_for_all["evidence"] == 8.0 / 2 + HARM_SHARE * 6
    # What is its own is not made worse by what it can do.
    assert (its_own["evidence"], its_own["harm"]) == (-2.0, 0.0)


def test_a_learned_curve_takes_the_place_of_the_weight():
    learned = Wording(
        name="cloudtrail.action", family="novelty", about="", says="{did}", weight=0.25,
        curve=Curve((0.5, 1.0, 2.0, 0.0)),
    )  # fmt: skip
    rows = [
        finding(detector="cloudtrail.action", action="list", bits=30.0, llr=llr)
        for llr in (-2.0, 1.0, 3.0, 9.0)
    ]
    found = weigh(frame(rows), Wordings({"cloudtrail.action": learned}), harm)
    harmful = 0.25 * HARM_SHARE * 1.0
    assert found["evidence"].to_list() == [
        -1.0 + harmful, 1.0 + harmful, 4.0 + harmful, 8.0 + harmful
    ]  # fmt: skip


@given(many())
def test_the_order_of_rows_does_not_matter(rows):
    assert same(weighed(*rows), weighed(*reversed(rows)))
