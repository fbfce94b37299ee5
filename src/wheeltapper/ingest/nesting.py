"""Records that the same log writes in levels, made flat: one mapping, and one set of rules, do.

What a mapping's `[[nested]]` names moves to the top of the record; what it does not name stays
where it is, so nothing is lost and nothing is said twice.
"""

import msgspec

from wheeltapper.ingest.mapping import Nested, PathTo

ALL, ALL_BELOW = "*", "*.*"
"""Move every field of the object; every field of every object in it."""
_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def unnested(raw: bytes, nested: Nested) -> bytes:
    """A record of that shape, flat. A field whose new name is taken stays where it is."""
    record = _decode(raw)
    top: dict[str, object] = {}
    for path, name in nested.move.items():
        holder, key = PathTo("$", path.steps[:-1]).of(record), path.steps[-1]
        if not isinstance(holder, dict) or holder.get(str(key)) is None:
            continue
        value = holder[str(key)]
        if name == ALL:
            _move(value, top, record)
        elif name == ALL_BELOW:
            for below in value.values() if isinstance(value, dict) else ():
                _move(below, top, record)
        elif name not in top and name not in record:
            top[name] = _text(holder.pop(str(key)))
    return _encode(top | record)


def _move(fields: object, top: dict[str, object], record: dict[str, object]) -> None:
    if isinstance(fields, dict):
        for name in [name for name in fields if name not in top and name not in record]:
            top[name] = _text(fields.pop(name))


def _text(value: object) -> object:
    """An XML element that was made JSON: its text, where it has attributes beside it."""
    return value.get("#text", value) if isinstance(value, dict) else value
