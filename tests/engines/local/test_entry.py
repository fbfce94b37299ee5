"""A detector explained: its own words, its family's, and what it has said here."""

import json
import shutil

import pytest

from wheeltapper import workspace
from wheeltapper.detect import catalogue
from wheeltapper.engines.local.entry import as_dict
from wheeltapper.errors import WheeltapperError


@pytest.fixture(scope="module")
def client(office):
    return office.detector("any.client")


def test_what_it_is(client):
    assert (client.detector.name, client.origin) == ("any.client", "packaged")
    assert client.asks == "has this entity, or have its peers, ever had this value?"
    assert client.attack == ("T1550 Use Alternate Authentication Material",)
    values = {s.name: (s.value, s.default) for s in client.settings}
    assert values["min_bits"] == (client.detector.settings.min_bits, 8)
    assert all(s.meaning for s in client.settings)


def test_what_it_has_said(client, office):
    said = office.findings(detector="any.client")
    spoken = client.spoken
    assert (spoken.findings, spoken.entities, spoken.lately) == (1, 1, 1)
    assert spoken.first == spoken.last == said["time"][0]
    (latest,) = spoken.latest
    assert latest.sentence is not None
    assert "with curl: never before in 38 days" in latest.sentence
    assert latest.event_ids == (said["event_ids"][0][0].hex(),)
    assert not spoken.off


def test_one_that_has_said_nothing(office):
    spoken = office.detector("okta.prompts").spoken
    assert (spoken.findings, spoken.latest, spoken.first) == (0, (), None)


def test_where_an_entry_comes_from(office, tmp_path):
    ws = workspace.open(shutil.copytree(office.root, tmp_path / "work"))
    (ws.root / "detectors").mkdir()
    packaged = (catalogue.PACKAGED / "any.toml").read_text()
    (ws.root / "detectors" / "any.toml").write_text(packaged)
    (ws.root / "detectors" / "my.toml").write_text(packaged.replace("[any.", "[my."))
    (ws.root / "wheeltapper.toml").write_text('[detect]\noff = ["my.*"]\n')
    ws = workspace.open(ws.root)
    assert ws.detector("any.client").origin == "this workspace's, in place of the packaged one"
    mine = ws.detector("my.client")
    assert mine.origin == "this workspace's own"
    assert mine.spoken.off


def test_as_json(client):
    told = json.loads(json.dumps(as_dict(client), default=str))
    assert told["name"] == "any.client"
    assert told["settings"]["min_bits"] == client.detector.settings.min_bits
    assert told["spoken"]["findings"] == 1
    assert told["tests"] == []


def test_one_that_is_not_there(office):
    with pytest.raises(WheeltapperError, match=r"no detector any\.clent; did you mean any\.client"):
        office.detector("any.clent")
