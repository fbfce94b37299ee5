"""Writes a small .mmdb file, so that tests have one whose content they know.

Method: MaxMind DB File Format Specification 2.0; IPv4 only, 32-bit records.
"""

import ipaddress
import struct

_MARKER = b"\xab\xcd\xefMaxMind.com"
_TEXT, _DOUBLE, _UINT16, _UINT32, _MAP = 2, 3, 5, 6, 7


def _head(kind, size):
    assert size < 285
    return bytes([kind << 5 | size]) if size < 29 else bytes([kind << 5 | 29, size - 29])


def _encode(value):
    if isinstance(value, dict):
        parts = b"".join(_encode(k) + _encode(v) for k, v in value.items())
        return _head(_MAP, len(value)) + parts
    if isinstance(value, str):
        return _head(_TEXT, len(value.encode())) + value.encode()
    if isinstance(value, float):
        return _head(_DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, list):
        assert not value
        return b"\x00\x04"  # an array: type 11, extended
    return _head(_UINT32, 4) + struct.pack(">I", value)


def _short(value):
    return _head(_UINT16, 2) + struct.pack(">H", value)


def _metadata(node_count):
    # The reader wants each number in the type that the specification gives it.
    values = {
        "node_count": _encode(node_count),
        "record_size": _short(32),
        "ip_version": _short(4),
        "database_type": _encode("test"),
        "languages": _encode([]),
        "description": _encode({}),
        "binary_format_major_version": _short(2),
        "binary_format_minor_version": _short(0),
        "build_epoch": b"\x08\x02" + struct.pack(">Q", 1_700_000_000),
    }
    return _head(_MAP, len(values)) + b"".join(_encode(k) + v for k, v in values.items())


def write(path, records):
    """`records` by network, such as {"1.2.3.0/24": {"country": {"iso_code": "NL"}}}."""
    nodes, data, leaves = [[None, None]], b"", {}
    for text, record in records.items():
        network = ipaddress.ip_network(text)
        bits = f"{int(network.network_address):032b}"[: network.prefixlen]
        node = 0
        for bit in bits[:-1]:
            if nodes[node][int(bit)] is None:
                nodes.append([None, None])
                nodes[node][int(bit)] = len(nodes) - 1
            node = nodes[node][int(bit)]
        leaves[node, int(bits[-1])] = len(data)
        data += _encode(record)
    tree = b""
    for number, sides in enumerate(nodes):
        for side, child in enumerate(sides):
            if (number, side) in leaves:
                child = len(nodes) + 16 + leaves[number, side]
            tree += struct.pack(">I", len(nodes) if child is None else child)
    path.write_bytes(tree + bytes(16) + data + _MARKER + _metadata(len(nodes)))
    return path
