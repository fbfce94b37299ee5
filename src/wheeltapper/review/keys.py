"""Keys: what links are signed with; a file of the workspace, one key a line, the newest first.

The first signs, all verify: so a key can be changed while links are under way.
"""

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from wheeltapper.errors import WheeltapperError

FILE = Path("state") / "confirm.keys"
KEY_BYTES = 32
ID_BYTES = 4
KEPT = 2
"""The new key, and the one before it, whose links still work."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of 32 bytes, the newest first."""

    keys: tuple[bytes, ...]

    @property
    def newest(self) -> bytes:
        return self.keys[0]

    def named(self, key_id: bytes) -> bytes | None:
        return next((key for key in self.keys if id_of(key) == key_id), None)


def id_of(key: bytes) -> bytes:
    """Four bytes that tell keys apart and say nothing about them."""
    return hashlib.sha256(b"wheeltapper key id\0" + key).digest()[:ID_BYTES]


def load(path: Path) -> Keys:
    """The keys in a file, which is made with a first key where it is not there.

    Raises
    ------
    WheeltapperError   for a file that holds something else.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        _write(path, (secrets.token_bytes(KEY_BYTES),), anew=True)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WheeltapperError(f"{path} cannot be read: {error}") from error
    try:
        keys = tuple(bytes.fromhex(line) for line in text.split())
    except ValueError:
        keys = ()
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise WheeltapperError(
            f"{path} does not hold keys of {KEY_BYTES} bytes in hex, one a line; take it away, and "
            "a new one is made: links that were sent before stop working"
        )
    return Keys(keys)


def change(path: Path, *, keep: bool) -> Keys:
    """Sign with a new key from now on; `keep` lets links of the one before still work."""
    old = load(path).keys if keep else ()
    keys = (secrets.token_bytes(KEY_BYTES), *old)[:KEPT]
    _write(path, keys, anew=False)
    return Keys(keys)


def _write(path: Path, keys: tuple[bytes, ...], *, anew: bool) -> None:
    """Whole or not at all; with `anew`, the first of several programs that start at once wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("".join(f"{key.hex()}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        if anew:
            with contextlib.suppress(FileExistsError):
                os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
