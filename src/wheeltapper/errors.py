"""The one error that a user can mend; everything else is a bug and keeps its built-in type."""

import errno
from collections.abc import Iterator

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_ROOM_SAID = (
    "no space left on device", "disk is full", "disk quota exceeded", "file too large",
    "file size limit exceeded",
)  # fmt: skip


class WheeltapperError(Exception):
    """Something the user can put right: the message says what, where, and what to do."""


class ConfigError(WheeltapperError):
    """A setting, catalogue entry, mapping or rule that cannot be used; nothing was read yet."""


def disk_is_full(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that a disk takes no more.

    Each library that writes has an error of its own for it, and most tell it in words only.
    """
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in NO_ROOM:
            return True
        if any(words in str(one).lower() for words in _NO_ROOM_SAID):
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
