import gzip
import json
import tarfile

import pytest

LOGON = {
    "EventID": 4624,
    "Channel": "Security",
    "Hostname": "DC01.theshire.local",
    "RecordNumber": 7,
    "@timestamp": "2020-09-22T03:28:38.235Z",
    "EventTime": "2020-09-21 23:28:37",
    "TargetUserName": "Kim",
    "TargetDomainName": "THESHIRE",
    "TargetLogonId": "0x2b78cd",
    "SubjectUserName": "DC01$",
    "LogonType": "3",
    "IpAddress": "172.18.39.6",
}


def test_recorded_events(golden):
    golden("windows", "otrf.ndjson")


def test_a_logon(activities):
    [act] = activities(LOGON)
    assert act == {
        "native_id": "DC01.theshire.local/Security/7",
        "time": "2020-09-22T03:28:38.235000+00:00",
        "source": "windows",
        "app": "Windows Security",
        "action": "logon",
        "category": "authentication",
        "outcome": "success",
        "actor": "kim",
        "actor_type": "human",
        "session": "DC01.theshire.local:0x2b78cd",
        "target": "dc01",
        "target_type": "computer",
        "src_ip": "172.18.39.6",
        "device": "dc01",
    }


EVENT_DATA = {"TargetUserName": "Kim", "TargetLogonId": "0x2b78cd", "IpAddress": "172.18.39.6"}
BEAT = {
    "@timestamp": "2020-09-22T03:28:38.235Z",
    "message": "An account was successfully logged on.",
    "event": {"code": "4624", "outcome": "success"},
    "winlog": {
        "event_id": 4624,
        "channel": "Security",
        "computer_name": "DC01.theshire.local",
        "record_id": 7,
        "task": "Logon",
        "event_data": EVENT_DATA,
    },
}
OLD_BEAT = {
    "@timestamp": "2020-09-22T03:28:38.235Z",
    "event_id": 4624,
    "log_name": "Security",
    "computer_name": "DC01.theshire.local",
    "record_number": "7",
    "event_data": EVENT_DATA,
}
XML = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 4624},
            "TimeCreated": {"#attributes": {"SystemTime": "2020-09-22T03:28:38.235Z"}},
            "EventRecordID": 7,
            "Channel": "Security",
            "Computer": "DC01.theshire.local",
        },
        "EventData": EVENT_DATA,
    }
}


@pytest.mark.parametrize("record", [BEAT, OLD_BEAT, XML], ids=["beat", "old beat", "xml"])
def test_every_exporter_tells_the_same(activities, record):
    flat = {k: v for k, v in LOGON.items() if k not in ("SubjectUserName", "LogonType")}
    assert activities(record) == activities(flat)


def test_a_file_may_hold_every_shape(activities):
    assert len(activities(LOGON, BEAT, XML, OLD_BEAT, LOGON | {"RecordNumber": 8})) == 5


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SYSTEM", "system"),
        ("NETWORK SERVICE", "system"),
        ("DWM-3", "system"),
        ("WORKSTATION5$", "service"),
        ("ANONYMOUS LOGON", "anonymous"),
        ("system.admin", "human"),
    ],
)
def test_who_is_no_human(activities, name, kind):
    [act] = activities(LOGON | {"TargetUserName": name})
    assert (act["actor"], act["actor_type"]) == (name.lower(), kind)


@pytest.mark.parametrize("nowhere", ["-", "::1", "127.0.0.1", ""])
def test_at_the_machine_itself_is_no_address(activities, nowhere):
    assert "src_ip" not in activities(LOGON | {"IpAddress": nowhere})[0]


def test_a_failed_logon_says_why(activities):
    [act] = activities(LOGON | {"EventID": 4625, "SubStatus": "0xC000006A", "Status": "0xC000006D"})
    assert (act["action"], act["outcome"], act["reason"]) == (
        "logon failed",
        "failure",
        "wrong password",
    )


def test_sysmon_counts_by_the_events_own_time(activities):
    [act] = activities(
        {
            "EventID": 1,
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Hostname": "10.0.0.5",
            "UtcTime": "2020-10-19 10:30:46.104",
            "TimeCreated": "2020-10-19 03:30:46.625",
            "User": "THESHIRE\\Kim",
            "Image": "C:\\Windows\\System32\\whoami.exe",
            "ParentImage": "C:\\Windows\\System32\\cmd.exe",
            "CommandLine": "whoami /all",
        }
    )
    assert act["time"] == "2020-10-19T10:30:46.104000+00:00"
    assert (act["actor"], act["category"], act["device"]) == ("kim", "process", "10.0.0.5")
    assert (act["process"], act["command_line"]) == (
        "C:\\Windows\\System32\\whoami.exe",
        "whoami /all",
    )


def test_a_channel_nobody_knows_goes_by_its_event(activities):
    [act] = activities(LOGON | {"Channel": "Microsoft-Windows-Foo/Operational", "EventID": 77})
    assert (act["app"], act["action"], act["category"]) == ("Foo/Operational", "event 77", "other")


@pytest.mark.slow
def test_of_all_recordings_only_what_holds_no_events_is_rejected(shared, counted):
    folder = shared / "data" / "windows"
    lines = 0
    for path in folder.iterdir():
        with gzip.open(path) as file:
            # The recordings hold some files of a Mac's file system, with no event in them.
            lines += sum(line.startswith(b"{") for line in file)
    found, rejects = counted(folder)
    assert found == {"windows": lines}
    assert {r.line for r in rejects} == {0}
    assert all("Mac OS X" in r.raw for r in rejects)


def test_event_log_files(shared, tmp_path, rows):
    with tarfile.open(shared / "data" / "sigma" / "sigma.tar.xz") as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".evtx")][:60]
        archive.extractall(tmp_path, members, filter="data")
    found, rejects = rows(tmp_path)
    assert rejects == []
    assert len(found) >= 60
    assert {act["source"] for act in found} == {"windows"}
    assert all(act["native_id"] and act["device"] for act in found)
    created = [act for act in found if act["action"] == "process created"]
    assert all(act["process"] and act["command_line"] and act["actor"] for act in created)


def test_the_record_that_is_kept_is_flat(batch_of):
    batch = batch_of(BEAT)
    [raw] = batch.activities.column("raw").to_pylist()
    record = json.loads(raw)
    assert (record["EventID"], record["Channel"], record["TargetUserName"]) == (
        4624,
        "Security",
        "Kim",
    )
    assert record["winlog"] == {"task": "Logon", "event_data": {}}
