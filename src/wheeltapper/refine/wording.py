"""What refinement has to know of a detector: its weight and its words.

The engine makes one of these from each catalogue entry, rule and model, so that this room needs
to know nothing of theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wheeltapper.refine.weights import Curve

PLACE = "place"
CLIENT = "client"
ASPECTS = {
    PLACE: ("country", "city", "latitude", "longitude", "src_ip", "asn", "as_org", "utc_offset"),
    CLIENT: ("ua_client", "ua_os", "ua_kind", "user_agent"),
}
"""Columns by what they tell of an act: who is new in one of a place's is new in the others, too."""
RULE = "rule."
MODEL = "model."
TIE = "tie."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One detector, as far as cases are concerned."""

    name: str
    family: str
    """A family of kernels, rule or model: which kind of explanation fits."""
    about: str
    says: str
    """Clause such as `from {value}` or `{did}`; with a preposition in front it says how."""
    weight: float = 1.0
    """Share of its evidence that counts."""
    curve: Curve | None = None
    """What its ratios are worth, where that was learned."""
    filter: str = ""
    """SQL condition: the acts it looked at."""
    value: str = ""
    """SQL expression: the value it compared."""
    value_column: str = ""
    """The Activity column whose words fit the value, where there is one."""
    measure: str = ""
    """Activity column, or SQL expression, of the number it compared."""
    unit: str = "act"
    window_hours: int = 1
    looks_back_hours: float = 1.0
    """How far before a finding the acts lie that it rests on."""

    @property
    def aspect(self) -> str:
        """What it looks at: a place, a program, or what none but it looks at."""
        for aspect, columns in ASPECTS.items():
            if any(name in self.value for name in columns):
                return aspect
        return self.name


@dataclass(frozen=True, slots=True)
class Wordings:
    """All of them; a detector that has gone from the catalogue still has words."""

    by_name: Mapping[str, Wording] = field(default_factory=dict)

    def of(self, detector: str) -> Wording:
        known = self.by_name.get(detector)
        if known:
            return known
        families = {RULE: "rule", TIE: "tie"}
        family = next((f for start, f in families.items() if detector.startswith(start)), "model")
        return Wording(name=detector, family=family, about=detector, says="{did}")
