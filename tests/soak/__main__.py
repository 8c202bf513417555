"""Long seeded campaigns: `make soak [CAMPAIGN=names] [SEED=n] [CASES=n]`, or python -m tests.soak [names].

A campaign is a module of this folder with `campaign(seed, cases)`, which writes its report (docs/soak_<name>.md) and
says whether everything held. What it writes besides is below data/soak. No part of the test suite: campaigns take
minutes to hours. What a campaign found becomes a case of the tests.
"""

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

CAMPAIGNS = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "__main__")


def main(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CAMPAIGN]...", help="All without a name.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other cases.")] = 20170526,
    cases: Annotated[int, typer.Option(min=1, help="How many a campaign draws.")] = 200,
) -> None:
    """Run campaigns; ends with 1 when one of them found a fault."""
    wanted = names or CAMPAIGNS
    unknown = sorted(set(wanted) - set(CAMPAIGNS))
    if unknown:
        raise typer.BadParameter(f"no campaign {', '.join(unknown)}; there are {', '.join(CAMPAIGNS)}")
    failed = [name for name in wanted if not importlib.import_module(f"tests.soak.{name}").campaign(seed, cases)]
    if failed:
        typer.echo(f"Faults in: {', '.join(failed)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
