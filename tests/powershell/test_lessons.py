from powershell_office import records
from wheeltapper.powershell.lessons import prepare


def test_the_first_text_is_the_record_and_the_rest_the_same_each_time():
    made = records(9)
    found = prepare(made, variants=2)
    assert [texts[0][0] for texts in found.texts] == [r.text for r in made]
    assert all(len(texts) == 3 for texts in found.texts)
    assert found == prepare(made, variants=2)
    assert found.own() == [texts[0] for texts in found.texts]
