"""The one error that a user can mend; everything else is a bug and keeps its built-in type."""


class WheeltapperError(Exception):
    """Something the user can put right: the message says what, where, and what to do."""


class ConfigError(WheeltapperError):
    """A setting, catalogue entry, mapping or rule that cannot be used; nothing was read yet."""
