"""Every setting of the service. Each is read from `FINGERPOST_…` in the environment.

`docs/settings.md` is made from this file; a test holds them equal.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from personas.errors import InvalidInput

PREFIX = "FINGERPOST_"
# Read by acceptance programs, by the command line and by tests, not by the service.
FOREIGN = ("FINGERPOST_CMD", "FINGERPOST_URL", "FINGERPOST_TEST_")


class Settings(BaseSettings):
    """What can be set, with its default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    data_dir: Path = Field(
        Path("fingerpost-data"), description="Folder for everything that is kept: made if absent."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 is every one.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    store_url: str | None = Field(
        None,
        pattern=r"^(rediss?|unix)://",
        description="Redis or Valkey for the visitors' state, as in `redis://host:6379/0`. "
        "Without it a server of our own is started in the data folder.",
    )
    index_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Qdrant server for vectors, as in `http://host:6333`. "
        "Without it vectors are kept in the data folder.",
    )
    event_log_url: str | None = Field(
        None,
        description="Folder of the event log, or a `file://` URL of one; "
        "without it `log` in the data folder.",
    )
    encoder: str = Field(
        "all-MiniLM-L6-v2",
        min_length=1,
        description="Name or path of the sentence-transformers model that reads content. "
        "The default one comes with the package and needs no download.",
    )
    publishable_key: str | None = Field(
        None,
        min_length=8,
        max_length=256,
        repr=False,
        description="A publishable key of site `default` that is valid while this is set.",
    )
    secret_key: str | None = Field(
        None,
        min_length=8,
        max_length=256,
        repr=False,
        description="A secret key of site `default` that is valid while this is set.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Web origins, parted by commas, whose pages may call the API; "
        "without it every origin may (keys decide what they may do).",
    )
    most_requests: int = Field(
        128,
        ge=1,
        description="Requests worked on at once; more are told to come again (429, Retry-After).",
    )
    import_allow_private: bool = Field(
        False,
        description="Imports may also fetch from private, loopback and link-local addresses, and "
        "from any port: for a website within your own network.",
    )
    import_user_agent: str = Field(
        "Fingerpost/0.1 (content import)",
        min_length=1,
        max_length=200,
        pattern=r"^[ -~]+$",
        description="How imports call themselves; robots.txt may name what stands before the `/`.",
    )
    import_pause: float = Field(
        0.2,
        ge=0,
        le=60,
        description="Seconds between two requests of an import to one host; a longer `Crawl-delay` "
        "of its robots.txt goes before.",
    )
    import_most_pages: int = Field(
        20_000, ge=1, le=1_000_000, description="Pages that one import takes; the rest is left."
    )
    demo: bool = Field(
        False,
        description="Serve the demo's pages under /demo/; `fingerpost demo` sets it. "
        "They show what is known of visitors of the demo: not for a real site.",
    )
    console: bool = Field(
        True,
        description="Serve the marketer's pages under /console; false on replicas that only serve.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How it is logged: for people, or one JSON object a line."
    )
    access_log: bool = Field(True, description="Log a line for each request, without its query.")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _parted(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("event_log_url")
    @classmethod
    def _folder(cls, value: str | None) -> str | None:
        if value and "://" in value and not value.startswith("file://"):
            raise ValueError("only folders and file:// URLs are known so far")
        return value

    @property
    def event_log_folder(self) -> Path:
        """Where the event log lies."""
        if not self.event_log_url:
            return self.data_dir / "log"
        return Path(self.event_log_url.removeprefix("file://"))


def load(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:  # noqa: ANN401 - fields' own types
    """Settings from the environment, with what is given (and not None) going before it.

    Raises:
        InvalidInput: a value cannot be used, or a variable is none of ours; says how to mend it.
    """
    refuse_unknown(os.environ if environment is None else environment)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"])
        variable = name.upper() if name.upper().startswith(PREFIX) else PREFIX + name.upper()
        raise InvalidInput(f"{variable}: {first['msg']}.", "invalid-setting", f"/{name}") from None


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be silently without effect, so it is refused.

    Raises:
        InvalidInput: names it, and what may have been meant.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for variable in environment:
        if variable.startswith(PREFIX) and variable not in known:
            if variable.startswith(FOREIGN):
                continue
            near = difflib.get_close_matches(variable, known, 1, 0.75)
            hint = f" Did you mean {near[0]}?" if near else " docs/settings.md lists all."
            raise InvalidInput(f"There is no setting {variable}.{hint}", "unknown-setting")


def table() -> str:
    """All settings as a table in Markdown."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, bool):
            default = str(default).lower()
        shown = f"`{default}`" if default not in (None, ()) else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"
