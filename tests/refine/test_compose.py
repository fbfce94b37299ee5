from wheeltapper.refine.compose import case_id


def test_a_story_is_named_by_who_and_by_its_first_finding(office):
    case = office.case(1)
    began = min(f["time"] for f in office.lake.findings().to_pylist() if f["entity"] == case.entity)
    assert case.id == case_id(case.entity_type, case.entity, began)
    assert case.id != case_id("src_ip", case.entity, began)
    assert case.id != case_id(case.entity_type, case.entity, case.end)
