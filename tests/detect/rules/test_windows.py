import pytest

from wheeltapper.detect.rules.windows import flat

SYSTEM = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon", "Guid": "x"}},
    "EventID": {"#text": 1, "#attributes": {"Qualifiers": 0}},
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Computer": "ws6",
}


def test_header_and_data_stand_side_by_side():
    event = flat({"Event": {"System": SYSTEM, "EventData": {"Image": "C:\\x.exe"}}})
    assert event == {
        "Image": "C:\\x.exe",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "ws6",
    }


def test_user_data_is_data():
    body = {"LogFileCleared": {"#attributes": {"xmlns": "y"}, "SubjectUserName": "kim"}}
    assert flat({"Event": {"System": SYSTEM, "UserData": body}})["SubjectUserName"] == "kim"


def test_name_in_header_and_data_has_both_values():
    event = flat({"Event": {"System": SYSTEM, "EventData": {"Channel": "data"}}})
    assert event["Channel"] == ["data", "Microsoft-Windows-Sysmon/Operational"]


@pytest.mark.parametrize(
    "native",
    [{"EventID": 1}, {"Event": "x"}, {"Event": {"System": None}}, {"Event": {"EventData": {}}}, {}],
)
def test_what_is_no_such_event_passes_unchanged(native):
    assert flat(native) is native


@pytest.mark.parametrize("data", [None, "text", [1], {"Data": {"#text": ["a", "b"]}}])
def test_odd_data_does_not_raise(data):
    assert flat({"Event": {"System": {"Provider": "p"}, "EventData": data}})["Provider_Name"] == "p"
