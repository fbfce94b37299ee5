"""server: the timeline page and the API behind it."""

from wheeltapper.server.serve import serve

__all__ = ["serve"]
