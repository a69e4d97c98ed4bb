"""What programs that do long work for the service have in common.

Progress is told as lines of JSON on standard output, the result is the last of them; who started
the program holds its standard input open.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from personas.errors import FingerpostError

NICENESS = 10  # requests go first


def ran(work: Callable[[], dict[str, Any]]) -> int:
    """Does the work and tells its result; the status to end with: 1 where it failed, with a
    sentence on standard error."""
    os.nice(NICENESS)
    _end_with_parent()
    try:
        result = work()
    except FingerpostError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _say({"result": result})
    return 0


def tell(share: float, what: str) -> None:
    """How far it is."""
    _say({"progress": round(share, 4), "detail": what})


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """Who started us holds our standard input open; its end is the parent's end."""
    if sys.stdin is None or sys.stdin.isatty():
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
