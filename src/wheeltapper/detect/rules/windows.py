"""A Windows event as Sigma rules see it: one flat object.

In goes the event as it stands in an `.evtx` file (`Event.System`, `Event.EventData`), out come the
fields that rules name: those of the data, and `Channel`, `EventID`, `Provider_Name`, `Computer`
and the rest of the header. Exporters write it flat already; such a record passes unchanged.
"""

_ATTRIBUTES, _TEXT = "#attributes", "#text"


def flat(native: dict[str, object]) -> dict[str, object]:
    """The event's fields side by side; where header and data share a name, both values."""
    event = native.get("Event")
    system = event.get("System") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(system, dict):
        return native
    fields: dict[str, object] = {}
    for data in (event.get("EventData"), *_bodies(event.get("UserData"))):
        if isinstance(data, dict):
            fields |= {key: _content(value) for key, value in data.items() if key != _ATTRIBUTES}
    for key, value in system.items():
        if key == "Provider":
            key, value = "Provider_Name", _attribute(value, "Name")
        fields[key] = [fields[key], _content(value)] if key in fields else _content(value)
    return fields


def _bodies(user_data: object) -> list[object]:
    return list(user_data.values()) if isinstance(user_data, dict) else []


def _content(value: object) -> object:
    """What an XML element holds, its attributes left out when it has text."""
    return value[_TEXT] if isinstance(value, dict) and _TEXT in value else value


def _attribute(value: object, name: str) -> object:
    attributes = value.get(_ATTRIBUTES) if isinstance(value, dict) else None
    return attributes.get(name) if isinstance(attributes, dict) else value
