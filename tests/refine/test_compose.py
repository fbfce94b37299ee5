from wheeltapper.refine.compose import case_id


def test_a_story_is_named_by_who_and_when(office):
    case = office.case(1)
    assert case.id == case_id(case.entity_type, case.entity, case.start)
    assert case.id != case_id("src_ip", case.entity, case.start)
    assert case.id != case_id(case.entity_type, case.entity, case.end)
