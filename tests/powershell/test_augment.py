import random

from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell.augment import LONGEST, vary
from wheeltapper.powershell.unwrap import unwrap

SCRIPT = (
    "# lists\nfunction Get-Thing {\n  param([string]$Name)\n  $path = 'C:\\things'\n"
    "  Get-ChildItem $path | Where-Object { $_.Name -eq $Name }\n}\nGet-Thing -Name 'one'\n"
)


@given(st.integers(0, 10_000), st.one_of(st.just(SCRIPT), st.text(max_size=200)))
def test_a_variant_is_a_text_and_the_same_for_the_same_numbers(seed, text):
    one = vary(text, random.Random(seed))
    assert one == vary(text, random.Random(seed))
    assert len(one) <= 4 * LONGEST


def test_wrappers_are_those_that_are_unwrapped():
    variants = [vary(SCRIPT, random.Random(seed)) for seed in range(400)]
    wrapped = [v for v in variants if "FromBase64String" in v or " -enc " in v.lower()]
    assert len(wrapped) > 20
    assert all(len(unwrap(v).layers) > 1 for v in wrapped)
    assert len(set(variants)) > 200


def test_commands_are_started_from_outside_and_those_that_are_stand_alone():
    command = "Get-Service spooler"
    variants = {vary(command, random.Random(seed)) for seed in range(400)}
    assert sum("powershell" in v.lower() and "spooler" in v.lower() for v in variants) > 20
    begun = r'"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -c "Get-Thing"'
    alone = {vary(begun, random.Random(seed)).lower() for seed in range(400)}
    assert any(v == "get-thing" for v in alone)
