import json
from datetime import date

import pytest

from wheeltapper.enrich.directory import Directory, Person
from wheeltapper.errors import ConfigError

CSV = """\
actor,department,role,manager,timezone,country,start_date,privileged,peer_group,actor_type,aliases
ana@example.org,Finance,Clerk,bo,Europe/Amsterdam,NL,2021-03-01,no,,,"ana; CORP\\Ana ;"
backup,,,,,,,yes,robots,service,
"""


def load(path, text):
    path.write_text(text)
    return Directory.load(path)


def test_csv_and_json_say_the_same(tmp_path):
    ana = Person(
        actor="ana@example.org",
        department="Finance",
        role="Clerk",
        manager="bo",
        timezone="Europe/Amsterdam",
        country="NL",
        start_date=date(2021, 3, 1),
        privileged=False,
        aliases=("ana", "CORP\\Ana"),
    )
    backup = Person(actor="backup", privileged=True, peer_group="robots", actor_type="service")
    entries = [
        {
            "actor": "ana@example.org",
            "department": "Finance",
            "role": "Clerk",
            "manager": "bo",
            "timezone": "Europe/Amsterdam",
            "country": "NL",
            "start_date": "2021-03-01",
            "privileged": False,
            "aliases": ["ana", "CORP\\Ana"],
        },
        {"actor": "backup", "privileged": True, "peer_group": "robots", "actor_type": "service"},
    ]
    for directory in (
        load(tmp_path / "people.csv", CSV),
        load(tmp_path / "people.json", json.dumps(entries)),
    ):
        for name in ("ana@example.org", "ANA", "corp\\ana", "Ana@Example.org"):
            assert directory.find(name) == ana
        assert directory.find("backup") == backup
        assert directory.find("bo") is None
        assert directory.find("") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("actor,team\n", r"people\.csv:1: 'team' is no column; there are: actor, department"),
        ("department\nx\n", r"people\.csv:1: column actor is missing"),
        ("actor,role\n,x\n", r"people\.csv:2: actor is empty"),
        ("actor\nana\nAna\n", r"people\.csv:3: 'ana' is a name of 'ana' already, see .*csv:2"),
        ("actor,aliases\nana,kim\nbo,x;KIM\n", r"csv:3: 'kim' is a name of 'ana' already"),
        ("actor,timezone\nana,Mars/Dome\n", r"csv:2: timezone 'Mars/Dome' is not known"),
        ("actor,timezone\nana,../../etc/passwd\n", r"csv:2: timezone .* is not known"),
        ("actor,country\nana,Holland\n", r"csv:2: country 'Holland' must be two letters"),
        ("actor,privileged\nana,maybe\n", r"csv:2: privileged 'maybe' must be true or false"),
        ("actor,start_date\nana,1/2/2023\n", r"csv:2: start_date '1/2/2023' must be like"),
        ("actor,actor_type\nana,robot\n", r"csv:2: actor_type 'robot' must be one of human"),
    ],
    ids=range(11),
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        load(tmp_path / "people.csv", text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "must be an array of objects"),
        ("[1]", "entry 1: must be an object"),
        ('[{"actor": "a"}, {"actor": "b", "team": 1}]', "entry 2: 'team' is no field"),
        ('[{"actor": 7}]', "entry 1: actor must be text, got 7"),
        ('[{"actor": "a", "aliases": [1]}]', "entry 1: aliases must be text, got 1"),
        ("nope", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
    ids=range(7),
)
def test_wrong_json_is_named(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        load(tmp_path / "people.json", text)
