"""The group that an actor is compared with."""


def group(peer_group: str | None, department: str | None, role: str | None) -> str | None:
    """The group that was given; else department and role, when both are known; else none."""
    if peer_group:
        return peer_group
    return f"{department} {role}" if department and role else None
