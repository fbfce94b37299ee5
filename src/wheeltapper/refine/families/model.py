"""Model: the numbers about the day that contributed most."""

from wheeltapper.refine import values
from wheeltapper.refine.telling import Telling
from wheeltapper.refine.told import Told
from wheeltapper.refine.words import Vocabulary


def history(told: Told, words: Vocabulary, clause: str) -> str:
    return "; ".join(
        f"{values.number(one['observed'])} {values.clean(one['what'], 60)}, usually "
        f"{values.number(one['usual']) if one['usual'] else 'none'}"
        for one in told.features[:3]
    )


def odd(told: Told, words: Vocabulary) -> str:
    if not told.features:
        return ""
    one = told.features[0]
    usual = values.number(one["usual"]) if one["usual"] else "none"
    return f"{values.number(one['observed'])} {values.clean(one['what'], 60)}, usually {usual}"


TELLING = Telling(name="model", history=history, odd=odd, baseline="day")
