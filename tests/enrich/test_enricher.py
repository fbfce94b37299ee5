from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich import mmdb
from wheeltapper.activity import NATIVE_SCHEMA, SCHEMA
from wheeltapper.config import Enrich
from wheeltapper.enrich import Enricher
from wheeltapper.errors import ConfigError

MONDAY = datetime(2023, 7, 10, 12, tzinfo=UTC)
APPENDED = SCHEMA.names[len(NATIVE_SCHEMA.names) :]
PEOPLE = """\
actor,department,role,timezone,country,privileged,peer_group,actor_type,aliases
ana@example.org,Finance,Clerk,America/New_York,US,no,,,ana;AROAX:ana
backup,,,,,yes,robots,service,
"""


def native(*rows):
    return pa.Table.from_pylist(
        [{"event_id": b"x" * 16, "time": MONDAY, **row} for row in rows], schema=NATIVE_SCHEMA
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    (root / "people.csv").write_text(PEOPLE)
    (root / "tor.txt").write_text("185.220.101.0/24\n")
    (root / "hosting.txt").write_text("3.0.0.0/8\n")
    (root / "intel.csv").write_text(
        "value,kind,name\n185.220.101.7,ip,seen before\nbad.example,domain,drop\n"
    )
    place = {
        "country": {"iso_code": "NL"},
        "city": {"names": {"en": "Delft"}},
        "location": {"latitude": 52.0, "longitude": 4.25},
    }
    mmdb.write(root / "city.mmdb", {"145.94.0.0/16": place})
    system = {"autonomous_system_number": 1128, "autonomous_system_organization": "TU Delft"}
    mmdb.write(root / "asn.mmdb", {"145.94.0.0/16": system})
    return root


@pytest.fixture(scope="module")
def full(root):
    settings = Enrich(
        directory="people.csv",
        geo="city.mmdb",
        asn="asn.mmdb",
        tor="tor.txt",
        hosting="hosting.txt",
        intel="intel.csv",
        holidays="NL",
    )
    return Enricher(settings, root=root, timezone="Europe/Amsterdam")


def appended(table):
    return [{k: v for k, v in row.items() if k in APPENDED and v is not None}
            for row in table.to_pylist()]  # fmt: skip


def test_everything_that_is_known_is_appended(full):
    table = full.enrich(
        native(
            {
                "actor": "AROAX:ana",
                "actor_type": "human",
                "src_ip": "145.94.1.1",
                "user_agent": "aws-cli/2.13.5 Python/3.11.4 Linux/5.1",
                "utc_offset": 60,
            },
            {"actor": "backup", "actor_type": "human", "src_ip": "185.220.101.7"},
            {"actor": "zed", "target": "https://x.bad.example/a", "utc_offset": 60},
        )
    )
    assert table.schema == SCHEMA
    assert table["actor"].to_pylist() == ["ana@example.org", "backup", "zed"]
    assert table["actor_type"].to_pylist() == ["human", "service", None]
    assert appended(table) == [
        {
            "department": "Finance",
            "role": "Clerk",
            "peer_group": "Finance Clerk",
            "privileged": False,
            "country": "NL",
            "city": "Delft",
            "latitude": 52.0,
            "longitude": 4.25,
            "asn": 1128,
            "as_org": "TU Delft",
            "ip_class": "unknown",
            "ua_os": "Linux",
            "ua_client": "aws-cli",
            "ua_kind": "cli",
            "hour_of_week": 8,
            "workday": True,
        },
        {
            "peer_group": "robots",
            "privileged": True,
            "ip_class": "tor",
            "hour_of_week": 14,
            "workday": True,
            "intel": "seen before",
        },
        {"hour_of_week": 13, "workday": True, "intel": "drop"},
    ]


def test_without_settings_only_what_the_record_itself_tells(root):
    plain = Enricher(Enrich(), root=root, timezone="UTC")
    table = plain.enrich(native({"actor": "ana", "src_ip": "193.0.6.139"}, {}))
    assert table["actor"].to_pylist() == ["ana", None]
    assert appended(table) == [
        {"country": "NL", "ip_class": "unknown", "hour_of_week": 12, "workday": True},
        {"hour_of_week": 12, "workday": True},
    ]


def test_native_columns_stay_as_they_came(full):
    row = {
        "event_id": bytes(16),
        "time": MONDAY,
        "raw": '{"a": 1}',
        "utc_offset": -300,
        "count": 3,
        "late": True,
        "actor": None,
        "src_ip": "AWS Internal",
    }
    table = full.enrich(native(row))
    (found,) = table.to_pylist()
    assert {name: found[name] for name in row} == row
    assert found["ip_class"] is None


def test_the_workspaces_holidays_hold_where_the_directory_names_no_country(full):
    kings_day = datetime(2023, 4, 27, 12, tzinfo=UTC)
    table = full.enrich(native({"time": kings_day}, {"time": kings_day, "actor": "ana"}))
    assert table["workday"].to_pylist() == [False, True]


def test_no_rows_and_chunked_rows(full):
    assert full.enrich(NATIVE_SCHEMA.empty_table()).equals(SCHEMA.empty_table())
    parts = [native({"actor": "ana"}), native(), native({"actor": "bo", "src_ip": "3.1.1.1"})]
    whole = pa.concat_tables(parts)
    assert full.enrich(whole).equals(full.enrich(whole.combine_chunks()))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "actor": st.sampled_from([None, "ana", "ANA@example.org", "backup", "", "zed"]),
            "src_ip": st.sampled_from([None, "145.94.1.1", "3.1.1.1", "10.0.0.1", "nonsense"]),
            "user_agent": st.sampled_from([None, "", "curl/8.0", "Boto3/1.26"]),
            "utc_offset": st.sampled_from([None, 0, 345, -600]),
            "target": st.sampled_from([None, "bad.example", "s3://bucket"]),
            "time": st.datetimes(datetime(2023, 1, 1), datetime(2024, 1, 1)).map(  # noqa: DTZ001
                lambda time: time.replace(tzinfo=UTC)
            ),
        }
    ),
    max_size=12,
)


@given(ROWS, st.integers(0, 12))
def test_pieces_are_the_whole(full, rows, cut):
    table = native(*rows)
    pieces = pa.concat_tables([full.enrich(table.slice(0, cut)), full.enrich(table.slice(cut))])
    assert full.enrich(table).equals(pieces)


def test_a_file_that_is_missing_is_named(root):
    with pytest.raises(ConfigError, match=r"none\.csv: no such file; correct \[enrich\]"):
        Enricher(Enrich(directory="none.csv"), root=root, timezone="UTC")


def test_an_hour_is_the_same_in_whatever_batch_it_comes(full):
    """Zones are looked up by batch: one with one zone says what one with many says."""
    hours = [MONDAY + timedelta(hours=h) for h in range(200)]
    many = native(*[{"actor": a, "time": t} for t in hours for a in ("ana", "zed")])
    alone = native(*[{"actor": "ana", "time": t} for t in hours])
    together = full.enrich(many)["hour_of_week"].to_pylist()[::2]
    assert together == full.enrich(alone)["hour_of_week"].to_pylist()
