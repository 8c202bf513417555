"""What sqlfluff sees instead of dbt's `adapter`: a dispatched macro reads as a function call.

Only the linter loads this file (library_path in .sqlfluff); dbt never does.
"""

from collections.abc import Callable


def dispatch(macro_name: str, macro_namespace: str | None = None) -> Callable[..., str]:
    """Return a renderer of a call to the macro; the arguments are the SQL they were written as."""

    def render(*arguments: object) -> str:
        return f"{macro_name}({', '.join(str(argument) for argument in arguments)})"

    return render
