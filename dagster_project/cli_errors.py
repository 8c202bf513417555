"""How commands end when something is wrong: one message and an exit code, never a traceback.

Belongs here: the decorator for commands.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from dagster_project.errors import SmallcapError

P = ParamSpec("P")
R = TypeVar("R")


def readable_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Errors of the project, and of the disk, end as one message and an exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SmallcapError as error:
            typer.secho(f"smallcap: {error}", fg="red", err=True)
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError:
            # The reader of our output (head, less) has seen enough. Nothing may be written any more, at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            typer.secho(
                f"smallcap: the disk refused{where}: {error.strerror or error}. Check the rights and the space of "
                "the data directory (SMALLCAP_DATA_DIR).", fg="red", err=True,
            )  # fmt: skip
            raise typer.Exit(1) from error

    return wrapped
