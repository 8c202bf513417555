"""`smallcap archive`: what is archived, and giving up a part of it.

Belongs here: options and layout. The work is done in `warehouse.prune`.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from dagster_project.cli_errors import readable_errors
from dagster_project.errors import SmallcapError
from dagster_project.settings import load_settings

app = typer.Typer(help="The archived payloads from which raw can be made again.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """The archive is kept for ever unless a part of it is given up here."""


@app.command("prune")
@readable_errors
def prune_payloads(
    before: Annotated[str, typer.Option(help="YYYY-MM-DD: payloads observed before this day (UTC)")],
    source: Annotated[str | None, typer.Option(help="sample, files or live: which archive")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would be lost.")] = False,
    note: Annotated[str, typer.Option(help="why; kept in the ledger")] = "",
) -> None:
    """Remove old payloads and say what no rebuild or replay can bring back; the warehouse keeps its rows."""
    from dagster_project.steps import warehouse
    from dagster_project.warehouse.archive import Archive
    from dagster_project.warehouse.prune import prunable, prune

    try:
        instant = datetime.strptime(before, "%Y-%m-%d").replace(tzinfo=UTC).replace(tzinfo=None)
    except ValueError as error:
        raise SmallcapError(f"--before {before}: expected a day YYYY-MM-DD.") from error
    settings = load_settings({"source": source})
    if not settings.warehouse_file.exists():
        raise SmallcapError(f"{settings.warehouse_file} is not there. Run `smallcap build` first.")
    archive = Archive(settings.archive_dir)
    with warehouse(settings) as connection:
        chosen = prunable(connection, archive, instant)
        for one in chosen:
            lost = f"{one.vintages:,} vintages of {one.first_day} to {one.last_day}" if one.vintages else "nothing"
            typer.echo(
                f"{one.table}: {len(one.entries)} payloads, {one.size_bytes / 1e6:.1f} MB; "
                f"no rebuild brings back {lost}"
            )
        if not chosen:
            typer.echo(f"No payload observed before {before} can go.")
        elif yes:
            prune(archive, chosen, note)
            typer.echo("Removed. `smallcap rebuild` and `smallcap replay` do without these from now on.")
        else:
            typer.echo("Nothing was removed. Say --yes to do it.")
