import pytest

from wheeltapper.refine import attack


def test_an_intrusion_in_the_order_in_which_it_happened():
    ids = ["T1555.006", "T1555.006", "T1562.008", "T1098.001", "T1562.008", "T1537"]
    assert attack.tactics(ids) == ("Credentials", "Evasion", "Persistence", "Exfiltration")


def test_a_technique_with_many_uses_adds_a_word_only_where_none_of_them_is_told():
    assert attack.tactics(["T1078.004"]) == ("Entry",)
    assert attack.tactics(["T1136.003", "T1078.004"]) == ("Persistence",)


def test_an_unknown_id_says_nothing():
    assert attack.tactics([]) == ()
    assert attack.tactics(["T9999", "", "T", "; drop table"]) == ()
    assert attack.technique("nonsense") is None


def test_a_sub_technique_newer_than_the_data_counts_as_its_parent():
    newer = attack.technique("T1110.099")
    assert newer is not None
    assert newer.id == "T1110"


def test_a_technique_tells_its_name_and_where_it_is_described():
    found = attack.technique("t1078.004")
    assert found is not None
    assert found.name == "Valid Accounts: Cloud Accounts"
    assert found.link == "https://attack.mitre.org/techniques/T1078/004"


def test_every_technique_has_a_parent_a_name_and_a_tactic_of_the_order():
    known = attack.techniques()
    assert len(known) > 600
    for id_, found in known.items():
        assert id_.split(".")[0] in known
        assert found.name
        assert found.tactics
        assert set(found.tactics) <= set(attack.order())


@pytest.mark.parametrize("id_", ["T1562.008", "T1685.002"])
def test_the_same_act_under_its_old_and_new_id_is_evasion(id_):
    assert attack.tactics([id_]) == ("Evasion",)


def test_the_data_carries_mitres_notice():
    assert "with the permission of The\n# MITRE Corporation" in attack.FILE.read_text()


def test_techniques_are_told_by_name_with_their_id():
    assert attack.named(["T1530", "T1078.004", "T9999"]) == (
        "Data from Cloud Storage (T1530)", "Valid Accounts: Cloud Accounts (T1078.004)", "T9999",
    )  # fmt: skip
