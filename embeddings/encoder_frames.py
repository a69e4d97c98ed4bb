"""How the service and its encoder worker speak: frames of a JSON header and raw bytes.

A frame is the header's length (4 bytes, big-endian), the header, and as many bytes as the header's
`bytes` says.

```
to the worker     {"id", "level", "texts": […]}
from the worker   {"ready": true, "size", "name", "precision"}     once the model is loaded
                  {"id", "count", "bytes"} + float32 [count, size]
                  {"id", "error"}                                  these texts could not be read
                  {"fatal"}                                        the model could not be loaded
```
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

LENGTH = struct.Struct(">I")
MOST_HEADER = 256 << 20


def frame(header: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame as bytes."""
    head = json.dumps({**header, "bytes": len(body)}).encode("utf-8", "backslashreplace")
    return LENGTH.pack(len(head)) + head + body


def header_length(raw: bytes) -> int:
    """The length of the header that follows.

    Raises:
        ValueError: these are no frames.
    """
    (length,) = LENGTH.unpack(raw)
    if length > MOST_HEADER:
        raise ValueError("not a frame")
    return int(length)


def read_frame(read: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next frame of a blocking stream; None at its end."""
    raw = read(LENGTH.size)
    if len(raw) < LENGTH.size:
        return None
    head = read(header_length(raw))
    header: dict[str, Any] = json.loads(head)
    body = read(header["bytes"]) if header["bytes"] else b""
    return header, body
