REPORT = {
    "kind": "admin#reports#activity",
    "id": {
        "time": "2024-03-05T09:15:02.123Z",
        "uniqueQualifier": "-4817",
        "applicationName": "drive",
        "customerId": "C01",
    },
    "actor": {"callerType": "USER", "email": "Kim@Example.org", "profileId": "1"},
    "ipAddress": "2001:db8::7",
    "events": [
        {
            "type": "access",
            "name": "download",
            "parameters": [
                {"name": "primary_event", "boolValue": True},
                {"name": "doc_id", "value": "1AbC"},
                {"name": "doc_title", "value": "Salaries; drop table x"},
                {"name": "doc_type", "value": "spreadsheet"},
            ],
        },
        {"type": "access", "name": "view", "parameters": [{"name": "doc_id", "value": "1AbC"}]},
    ],
}


def test_flattened_records(golden):
    golden("google_workspace")


def test_each_event_of_a_report_is_an_act(activities):
    download, view = activities(REPORT)
    assert download == {
        "native_id": "-4817",
        "time": "2024-03-05T09:15:02.123000+00:00",
        "source": "google_workspace",
        "app": "Google Drive",
        "action": "download",
        "category": "data_access",
        "outcome": "success",
        "actor": "kim@example.org",
        "actor_type": "human",
        "target": "Salaries; drop table x",
        "target_type": "spreadsheet",
        "src_ip": "2001:db8::7",
    }
    assert (view["action"], view["target"]) == ("view", "1AbC")


def test_a_sign_in_that_failed(activities):
    [act] = activities(
        REPORT
        | {
            "id": REPORT["id"] | {"applicationName": "login"},
            "events": [
                {
                    "type": "login",
                    "name": "login_failure",
                    "parameters": [
                        {"name": "login_type", "value": "google_password"},
                        {"name": "login_failure_type", "value": "login_failure_invalid_password"},
                    ],
                }
            ],
        }
    )
    assert (act["app"], act["category"], act["outcome"], act["reason"]) == (
        "Google sign-in",
        "authentication",
        "failure",
        "login_failure_invalid_password",
    )


def test_an_administrator_changes_a_user(activities):
    [act] = activities(
        REPORT
        | {
            "id": REPORT["id"] | {"applicationName": "admin"},
            "events": [
                {
                    "type": "USER_SETTINGS",
                    "name": "GRANT_ADMIN_PRIVILEGE",
                    "parameters": [{"name": "USER_EMAIL", "value": "Lee@example.org"}],
                }
            ],
        }
    )
    assert (act["category"], act["target"], act["target_type"]) == (
        "account_change",
        "lee@example.org",
        "account",
    )


def test_a_service_account_is_a_service(activities):
    actor = {"callerType": "USER", "email": "sync@p.iam.gserviceaccount.com"}
    assert activities(REPORT | {"actor": actor})[0]["actor_type"] == "service"


def test_of_the_shared_records_only_those_without_a_time_or_kind_are_rejected(shared, counted):
    found, rejects = counted(shared / "data" / "saas" / "gsuite_activityevent.ndjson")
    assert found["google_workspace"] == 65
    assert sum(found.values()) + len(rejects) == 127
    assert all("no time" in r.reason or "no log kind" in r.reason for r in rejects)
    assert not [r for r in rejects if '"time":' in r.raw and '"applicationName"' in r.raw]
