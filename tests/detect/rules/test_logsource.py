from wheeltapper.detect.rules.logsource import places
from wheeltapper.detect.rules.record import Record


def test_process_creation_is_told_by_two_channels():
    sysmon, security = places("windows", "process_creation", None)
    assert sysmon.where["EventID".lower()] == {"1"}
    assert security.where["channel"] == {"security"}
    event = Record({"NewProcessName": "C:\\x.exe", "SubjectUserName": "kim"})
    assert event.values(security.field("Image")) == ("C:\\x.exe",)
    assert event.values(sysmon.field("Image")) == ()


def test_a_field_is_looked_up_once_for_all_rules():
    (place,) = places("aws", None, "cloudtrail")
    assert place.field("eventName") is place.field("eventName")


def test_what_holds_for_a_product_holds_for_each_of_its_entries():
    (place,) = places("windows", None, "system")
    assert Record({"SourceName": "x"}).values(place.field("Provider_Name")) == ("x",)


def test_unknown_logsource_is_nowhere():
    assert places("plan9", None, None) == ()
