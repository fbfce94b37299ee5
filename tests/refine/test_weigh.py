from few_findings import finding, frame, many, same
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.weigh import BITS_CAP, HARM_SHARE, weigh
from wheeltapper.refine.wording import Wording, Wordings

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
def test_evidence_is_never_negative_bounded_and_grows_with_its_figures(bits, llr, more):
    one, other = weighed(
        finding(bits=bits, llr=llr), finding(bits=max(bits, more), llr=max(llr, more))
    )["evidence"]
    assert 0 <= one <= other <= BITS_CAP


@given(many())
def test_the_order_of_rows_does_not_matter(rows):
    assert same(weighed(*rows), weighed(*reversed(rows)))
