"""The error tree. Every error that leaves a package is one of these.

FingerpostError
├── InvalidInput          the caller's input cannot be used; says how to mend it
│   └── UnknownName       a name that nothing answers to (journey, persona, version, filter …)
├── Unavailable           a back end does not answer now; try again
│   ├── StoreUnavailable
│   ├── IndexUnavailable
│   ├── EncoderUnavailable
│   └── LogUnavailable    what was sent could not be made durable
├── CorruptArtefact       a stored model or log does not match its checksum
└── NotEnoughData         a fit was asked for that the data cannot carry
"""

from __future__ import annotations


class FingerpostError(Exception):
    """Base of all errors; `str(error)` is a sentence for people that says what to do next."""


class InvalidInput(FingerpostError):
    """The caller's input cannot be used.

    Args:
        detail: what is wrong and how to mend it.
        code: stable, kebab-case.
        pointer: RFC 6901 pointer into the input, "" for the whole.
    """

    def __init__(self, detail: str, code: str = "invalid-input", pointer: str = "") -> None:
        super().__init__(detail)
        self.detail, self.code, self.pointer = detail, code, pointer


class UnknownName(InvalidInput):
    """A name that nothing answers to."""

    def __init__(self, detail: str, code: str = "unknown-name", pointer: str = "") -> None:
        super().__init__(detail, code, pointer)


class Unavailable(FingerpostError):
    """A back end does not answer now."""


class StoreUnavailable(Unavailable):
    """The visitor store does not answer now."""


class IndexUnavailable(Unavailable):
    """The vector index does not answer now."""


class EncoderUnavailable(Unavailable):
    """The text encoder does not answer now."""


class LogUnavailable(Unavailable):
    """What was sent could not be made durable."""


class CorruptArtefact(FingerpostError):
    """A stored model or log record does not match its checksum or schema."""


class NotEnoughData(FingerpostError):
    """The data cannot carry the fit that was asked for."""
