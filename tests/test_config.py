import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from wheeltapper import config
from wheeltapper.config import Config
from wheeltapper.errors import ConfigError

TEMPLATE = Path(config.__file__).with_name("wheeltapper.toml")


@pytest.fixture
def load(tmp_path):
    def _load(text, encoding="utf-8"):
        path = tmp_path / config.FILE
        path.write_bytes(text.encode(encoding))
        return config.load(path)

    return _load


def test_an_empty_file_is_all_defaults(load):
    assert load("") == Config()


def test_every_setting_is_taken(load):
    settings = load(
        """
        name = "Meridian"
        timezone = "Europe/Amsterdam"
        casebook = "postgresql+psycopg://user@host/wheeltapper"
        [ingest]
        max_record_mib = 4
        year = 2021
        [detect]
        off = ["git.hour", "rule.*"]
        [refine]
        budget_cases_per_day = 2.5
        owners = "people/owners.yaml"
        """
    )
    assert (settings.name, settings.timezone) == ("Meridian", "Europe/Amsterdam")
    assert settings.casebook == "postgresql+psycopg://user@host/wheeltapper"
    assert settings.ingest.max_record_mib == 4.0
    assert isinstance(settings.ingest.max_record_mib, float)
    assert settings.ingest.year == 2021
    assert settings.detect.off == ("git.hour", "rule.*")
    assert settings.refine.budget_cases_per_day == 2.5
    assert settings.refine.owners == "people/owners.yaml"
    assert settings.server == config.Server()


def test_a_folder_without_settings_is_no_workspace(tmp_path):
    said = (
        rf"{re.escape(str(tmp_path))} is no workspace.*wheeltapper init {re.escape(str(tmp_path))}"
    )
    with pytest.raises(ConfigError, match=said):
        config.load(tmp_path / config.FILE)


def test_a_file_is_no_workspace(tmp_path):
    file = tmp_path / "auth.log"
    file.touch()
    with pytest.raises(ConfigError, match=r"auth\.log is no workspace"):
        config.load(file / config.FILE)


def test_settings_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / config.FILE).mkdir()
    with pytest.raises(ConfigError, match=r"wheeltapper\.toml cannot be read: Is a directory"):
        config.load(tmp_path / config.FILE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = \n", ":1: not valid TOML: Invalid value"),
        ("[detect]\nstep = 1\nstep = 2\n", ":3: not valid TOML: Cannot overwrite"),
        ('name = "x"\n\ntimezone = """UTC', ":3: not valid TOML: .*end of document"),
        ("\n\nnmae = 'x'", r":3: nmae is no setting; there are: .*name.*timezone"),
        ("[detect]\n\nstepp = 5", r":3: detect\.stepp is no setting; there are: .*step"),
        ("[detekt]\nstep = 5", r":1: detekt is no setting; there are: .*detect"),
        ("# name first\nname = 7", r":2: name must be str, got 7"),
        ("[ingest]\nbatch = 1.5", r":2: ingest\.batch must be int, got 1\.5"),
        ("[ingest]\nbatch = true", r":2: ingest\.batch must be int, got True"),
        ("[ingest]\nmax_ratio = true", r":2: ingest\.max_ratio must be float, got True"),
        ("[ingest]\nmax_ratio = '9'", r":2: ingest\.max_ratio must be float, got '9'"),
        ("[detect]\noff = 'rule.*'", r":2: detect\.off must be .*tuple.*, got 'rule"),
        ("[refine]\nowners = ['me']", r":2: refine\.owners must be str, got \['me'\]"),
        ("server = 8642", r":1: server must be Server, got 8642"),
        ("\ntimezone = 'Mars/Olympus'", r":2: timezone 'Mars/Olympus' is not known.*Europe/"),
        ("timezone = '../../etc/passwd'", r":1: timezone '\.\./.*is not known"),
        ("timezone = ''", r":1: timezone '' is not known"),
        ("name = 'the batch'\nbatch = 5", r":2: batch is no setting"),
        ("[detect]\noff = []\n\n[server]\noff = []", r":5: server\.off is no setting"),
        ("name = 'x'\ndetect.stepp = 5", r":2: detect\.stepp is no setting"),
        ("name = 'x'\ndetect = { stepp = 5 }", r":2: detect\.stepp is no setting"),
        ("name = 'x'\n[ 'detekt'.more ]\na = 1", r":2: detekt is no setting"),
    ],
)
def test_a_mistake_is_told_with_its_place(load, tmp_path, text, said):
    at = re.escape(str(tmp_path / config.FILE))
    with pytest.raises(ConfigError, match=rf"^{at}{said}"):
        load(text)


def test_a_table_of_owners_is_told_to_move(load):
    with pytest.raises(ConfigError) as raised:
        load('[refine.owners]\n"Secrets: Manager" = "platform@example.org"\nOkta = "x@y"')
    said, shown = str(raised.value).split("\n", 1)
    assert ":1: owners have a file of their own; move them to owners.yaml" in said
    assert "take the table [refine.owners] away" in said
    assert yaml.safe_load(shown) == {
        "applications": {"Secrets: Manager": "platform@example.org", "Okta": "x@y"}
    }


def test_text_that_is_not_utf8_is_told(load):
    with pytest.raises(ConfigError, match=r":2: not valid TOML.*utf-8.*save it as UTF-8"):
        load("\nname = 'Müller'", encoding="latin-1")


def test_the_template_of_a_workspace_names_settings_that_are_there_with_their_defaults():
    text = TEMPLATE.read_text(encoding="utf-8")
    assert tomllib.loads(text).keys() <= {f.name for f in dataclasses.fields(Config)}
    # Taken as it would be with every # taken away: only known names, and numbers as documented.
    shown = re.sub(r"^# (?=[\w\[\"].*( = |\]))", "", text, flags=re.MULTILINE)
    values = tomllib.loads(shown)
    for section, found in values.items():
        kind = {f.name: f for f in dataclasses.fields(Config)}[section]
        if not isinstance(found, dict):
            assert found == kind.default
            continue
        defaults = dataclasses.asdict(kind.default_factory())
        for name, value in found.items():
            assert name in defaults, f"{section}.{name} is in the template and is no setting"
            if isinstance(value, int | float):
                assert value == defaults[name], f"{section}.{name}: the template shows another"


def test_a_relative_casebook_and_lake_lie_in_the_workspace(tmp_path):
    assert Config().casebook_url(tmp_path) == f"sqlite:///{tmp_path}/casebook.sqlite"
    assert Config().lake_path(tmp_path) == f"{tmp_path}/lake"
    elsewhere = "sqlite:////srv/casebook.sqlite"
    assert Config(casebook=elsewhere).casebook_url(tmp_path) == elsewhere
    server = "postgresql+psycopg://user@host/wheeltapper"
    assert Config(casebook=server).casebook_url(Path("work")) == server
    assert Config(lake="s3://bucket/lake").lake_path(tmp_path) == "s3://bucket/lake"
