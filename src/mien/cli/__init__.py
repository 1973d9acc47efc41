"""The command line: one thin file a command, everything heavy imported inside it."""

import sys
from typing import Annotated

import typer

from mien.errors import InputError, MienError

app = typer.Typer(
    name="mien",
    help="Read faces offline: Action Units, displayed emotion with evidence, apparent age, attractiveness.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from mien import __version__

        print(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def _mien(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def _register() -> None:
    from mien.cli.analyze import analyze
    from mien.cli.clean import clean
    from mien.cli.compare import compare
    from mien.cli.data import data
    from mien.cli.evaluate import evaluate
    from mien.cli.export import export
    from mien.cli.models import models
    from mien.cli.profile import profile
    from mien.cli.rank import rank
    from mien.cli.serve import serve
    from mien.cli.study import study
    from mien.cli.taste import taste
    from mien.cli.train import train

    for command in (analyze, compare, rank, models, clean, train, evaluate, export, study, profile, serve):
        app.command()(command)
    app.add_typer(data, name="data")
    app.add_typer(taste, name="taste")


_register()


def main() -> None:
    """Entry point: errors that mien raises on purpose are said in one line, exit code 2 for a usage error."""
    try:
        app()
    except InputError as error:
        sys.exit(_complain(error, 2))
    except MienError as error:
        sys.exit(_complain(error, 1))


def _complain(error: MienError, code: int) -> int:
    print(f"mien: {error}", file=sys.stderr)
    return code
