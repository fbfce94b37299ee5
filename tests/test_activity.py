import pyarrow as pa

from wheeltapper import activity
from wheeltapper.activity import APPENDED_FIELDS, FIELDS, NATIVE_FIELDS, NATIVE_SCHEMA, SCHEMA

# The columns that other programs rely on; a change here is a change for them.
NATIVE = (
    "event_id native_id time began received late source app action category outcome reason actor "
    "actor_type session on_behalf_of target target_type bytes count items src_ip device region "
    "user_agent utc_offset process parent_process command_line raw"
)
APPENDED = (
    "department role peer_group privileged country city latitude longitude asn as_org ip_class "
    "ua_os ua_client ua_kind hour_of_week workday intel"
)


def test_columns_are_those_of_the_contract():
    assert " ".join(NATIVE_SCHEMA.names) == NATIVE
    assert " ".join(f.name for f in APPENDED_FIELDS) == APPENDED


def test_what_is_appended_stands_after_what_was_there():
    assert FIELDS == NATIVE_FIELDS + APPENDED_FIELDS
    assert pa.schema(list(SCHEMA)[: len(NATIVE_SCHEMA)]) == NATIVE_SCHEMA


def test_times_are_utc_to_the_microsecond():
    times = [f for f in SCHEMA if pa.types.is_timestamp(f.type)]
    assert {f.name for f in times} == {"time", "began", "received"}
    assert all(f.type == pa.timestamp("us", tz="UTC") for f in times)


def test_every_column_says_what_it_means():
    assert all(f.meaning for f in FIELDS)


def test_words_are_listed_where_a_column_has_few():
    meaning = {f.name: f.meaning for f in FIELDS}
    assert meaning["category"].split(" | ") == list(activity.CATEGORIES)
    assert meaning["outcome"].split(" | ") == list(activity.OUTCOMES)
    assert meaning["actor_type"].split(" | ") == list(activity.ACTOR_TYPES)


def test_ocsf_names_are_unique():
    names = [f.ocsf for f in FIELDS if f.ocsf]
    assert len(set(names)) == len(names)


def test_a_detector_speaks_about_text():
    assert all(SCHEMA.field(name).type == pa.string() for name in activity.ENTITY_COLUMNS)
