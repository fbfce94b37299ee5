LOGIN = {
    "CLIENT_IP": "1.2.3.4",
    "EVENT_ID": "393754014361778",
    "EVENT_TIMESTAMP": "2024-10-08 14:38:46.061000000",
    "EVENT_TYPE": "LOGIN",
    "FIRST_AUTHENTICATION_FACTOR": "PASSWORD",
    "IS_SUCCESS": "YES",
    "RELATED_EVENT_ID": "0",
    "REPORTED_CLIENT_TYPE": "OTHER",
    "REPORTED_CLIENT_VERSION": "1.11.1",
    "USER_NAME": "LUTHOR@lexcorp.com",
}


def test_a_login(activities):
    [act] = activities(LOGIN)
    assert act == {
        "native_id": "393754014361778",
        "time": "2024-10-08T14:38:46.061000+00:00",
        "source": "snowflake",
        "app": "Snowflake",
        "action": "login",
        "category": "authentication",
        "outcome": "success",
        "actor": "luthor@lexcorp.com",
        "actor_type": "human",
        "on_behalf_of": "PASSWORD",
        "src_ip": "1.2.3.4",
        "user_agent": "OTHER 1.11.1",
    }


def test_a_second_factor_and_a_failure(activities):
    second, failed = activities(
        LOGIN | {"SECOND_AUTHENTICATION_FACTOR": "OTP"},
        LOGIN | {"IS_SUCCESS": "NO", "ERROR_MESSAGE": "INCORRECT_USERNAME_PASSWORD"},
    )
    assert second["on_behalf_of"] == "PASSWORD+OTP"
    assert (failed["outcome"], failed["reason"]) == ("failure", "INCORRECT_USERNAME_PASSWORD")


def test_shared_records(shared, counted):
    found, rejects = counted(shared / "data" / "saas" / "snowflake_loginhistory.ndjson")
    assert (found, rejects) == ({"snowflake": 2}, [])
