"""`fingerpost`: the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personas.errors import FingerpostError, InvalidInput

if TYPE_CHECKING:
    from service.settings import Settings

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
app = typer.Typer(
    name="fingerpost",
    help="Who your visitors are, where they stand, and which content takes them further.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Url = Annotated[str, typer.Option("--url", envvar="FINGERPOST_URL", help="Where the service runs.")]
Key = Annotated[
    str | None,
    typer.Option("--key", envvar="FINGERPOST_SECRET_KEY", help="A secret key of the site."),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder for everything that is kept. [./fingerpost-data]"),
]
LOCAL = "http://127.0.0.1:8080"


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [8080]")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the service, with everything it needs, in one folder.

    The first start prints the site's keys. Further settings are environment variables:
    docs/settings.md lists them.
    """
    _one_thread_each()
    from service.settings import load

    run_service(load(host=host, port=port, data_dir=data_dir))


def run_service(settings: Settings) -> None:
    """Serve until told to stop."""
    import asyncio

    from service import logs
    from service.app import create_app
    from service.serve import serve as serving

    logs.configure(settings.log_level, settings.log_format)
    asyncio.run(serving(create_app(settings), settings, _say_ready))


def _say_ready(address: str) -> None:
    typer.echo(f"Fingerpost answers at {address} (the API: {address}/docs). Ctrl-C ends it.")


def _one_thread_each() -> None:
    """Many BLAS threads in one request make all others wait; read before numpy is imported."""
    for variable in ONE_THREAD:
        os.environ.setdefault(variable, "1")


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Folder for everything that is kept.")
    ] = Path(".demo"),
) -> None:
    """See it at work: a made-up company's site with content, visitors and trained models.

    The first start fills the folder, which takes a few minutes; later starts take seconds.
    """
    _one_thread_each()
    from service.demo.start import demo as start

    sys.exit(start(data_dir, host, port))


@app.command("import")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files of JSONL or CSV, also gzipped (.gz); folders of Markdown with front "
            "matter; addresses of feeds and sitemaps."
        ),
    ],
    url: Url = LOCAL,
    key: Key = None,
    kind: Annotated[
        str, typer.Option("--as", help="events or content; found out by itself.")
    ] = "auto",
    rejected: Annotated[
        Path | None, typer.Option(help="Write what was rejected, and why, to this file.")
    ] = None,
) -> None:
    """Import content or events through the running service.

    Events are Segment messages, content has the fields of PUT /v1/content; in CSV a column such as
    `properties.price` is a field within. Run it again after an interruption: what is there already
    is not counted twice.
    """
    from service.cli_import import import_all

    import_all(sources, url, key, kind, rejected)


@app.command()
def train(
    models: Annotated[
        list[str] | None, typer.Argument(help="personas, phases, tagger, ranker; all of them.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Train models from what the running service knows, and use them."""
    from service.cli_models import train_models

    train_models(models or [], url, key)


@app.command()
def evaluate(
    policies: Annotated[
        list[str] | None,
        typer.Argument(help="active, prior, a version of the models, popularity, uniform."),
    ] = None,
    slot: Annotated[str | None, typer.Option(help="Answers of this slot only.")] = None,
    reward: Annotated[str | None, typer.Option(help="clicks or conversions. [clicks]")] = None,
    experiment: Annotated[str | None, typer.Option(help="Results of this experiment.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """What would a change be worth? Told from the answers that were given, before it ships.

    It takes a slot that explores; where the log cannot tell, it says so.
    """
    from service.cli_evaluate import evaluate as asking
    from service.cli_evaluate import policy_of

    asked = {"slot": slot, "reward": reward, "experiment": experiment}
    asking(asked | {"policies": [policy_of(each) for each in policies or ()] or None}, url, key)


keys = typer.Typer(help="Make, list and revoke keys.", no_args_is_help=True)
models_app = typer.Typer(help="List versions of models, and choose one.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(models_app, name="models")


@keys.command("create")
def create_key(
    kind: Annotated[str, typer.Argument(help="publishable, secret, content or console.")],
    label: Annotated[str, typer.Option(help="Where it is used, for people.")] = "",
    role: Annotated[str, typer.Option(help="Of a console key: editor or viewer.")] = "editor",
    url: Url = LOCAL,
    key: Key = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Without a service running: the folder it runs in.")
    ] = None,
) -> None:
    """Make a key; it is shown this once.

    With every secret key lost, stop the service and use --data-dir.
    """
    from service.cli_keys import create

    create(kind, label, role, url, key, data_dir)


@keys.command("list")
def list_keys(url: Url = LOCAL, key: Key = None) -> None:
    """List the site's keys; they themselves are never shown again."""
    from service.cli_keys import listed

    listed(url, key)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="As in `fingerpost keys list`.")],
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let nobody call with this key any more."""
    from service.cli_keys import revoke

    revoke(key_id, url, key)


@models_app.command("list")
def list_models(url: Url = LOCAL, key: Key = None) -> None:
    """List the versions of the site's models."""
    from service.cli_models import listed

    listed(url, key)


@models_app.command("activate")
def activate_model(
    version: Annotated[str, typer.Argument(help="As in `fingerpost models list`.")],
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Use this version from now on; also the way back to an older one."""
    from service.cli_models import activate

    activate(version, url, key)


def main() -> None:
    """The entry point: every failure is one sentence that says what to do next."""
    try:
        app()
    except InvalidInput as error:
        _fail(str(error), 2)
    except FingerpostError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Stopped.", 130)


def _fail(sentence: str, code: int) -> None:
    typer.echo(f"fingerpost: {sentence}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
