"""`smallcap quarantine`: look at rejected rows and decide about them.

Belongs here: options and layout. The work is done in `warehouse.quarantine`.
"""

import json
from typing import Annotated

import typer

from dagster_project.cli_errors import readable_errors
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings, load_settings

app = typer.Typer(help="Rows that broke a rule: list, show, release, drop.", no_args_is_help=True)

Source = Annotated[str | None, typer.Option(help="sample, files or live: which warehouse")]
Note = Annotated[str, typer.Option(help="why; kept with the decision for ever")]


def _settings(source: str | None) -> Settings:
    settings = load_settings({"source": source})
    if not settings.warehouse_file.exists():
        raise SmallcapError(f"{settings.warehouse_file} is not there. Run `smallcap build` first.")
    return settings


@app.command("list")
@readable_errors
def list_rows(
    table: Annotated[str | None, typer.Option(help="only this table")] = None,
    everything: Annotated[bool, typer.Option("--all", help="decided rows and earlier deliveries too")] = False,
    source: Source = None,
) -> None:
    """List open rows with the rule they broke; ids with an r are rows in raw that no figure counts."""
    from dagster_project.steps import warehouse
    from dagster_project.warehouse.quarantine import quarantined_rows

    if table is not None and table not in CONTRACTS:
        raise SmallcapError(f"--table {table}: no such table; there are {', '.join(CONTRACTS)}.")
    with warehouse(_settings(source)) as connection:
        rows = quarantined_rows(connection, table, everything)
    for row in rows:
        decided = "" if row.decision == "open" else f" [{row.decision}: {row.note}]"
        typer.echo(f"{row.row_id:28} {row.name}  {row.rule}: {row.reason}{decided}")
    typer.echo(f"{len({row.row_id for row in rows})} rows", err=True)


@app.command("show")
@readable_errors
def show(row_id: Annotated[str, typer.Argument(help="as listed")], source: Source = None) -> None:
    """Show one row as it was read, with everything that is wrong with it."""
    from dagster_project.steps import warehouse
    from dagster_project.warehouse.quarantine import quarantined_rows

    with warehouse(_settings(source)) as connection:
        rows = [row for row in quarantined_rows(connection, decided_too=True) if row.row_id == row_id]
    if not rows:
        raise SmallcapError(f"{row_id} is no row in quarantine; `smallcap quarantine list --all` names them.")
    for row in rows:
        typer.echo(f"{row.rule}: {row.reason}")
    typer.echo(f"state: {rows[0].decision}{' (' + rows[0].note + ')' if rows[0].note else ''}")
    try:
        for name, value in json.loads(rows[0].row_json).items():
            typer.echo(f"  {name:24} {'' if value is None else value}")
    except ValueError:
        typer.echo(f"  {rows[0].row_json}")


@app.command("release")
@readable_errors
def release(row_ids: list[str], note: Note, source: Source = None) -> None:
    """Let rows in although they broke a rule; each becomes a vintage marked is_released."""
    _decide("release", row_ids, note, source)


@app.command("drop")
@readable_errors
def drop(row_ids: list[str], note: Note, source: Source = None) -> None:
    """Say that rows are wrong for good; checks do not warn of them any more."""
    _decide("drop", row_ids, note, source)


def _decide(decision: str, row_ids: list[str], note: str, source: str | None) -> None:
    from dagster_project.steps import decide_quarantine

    new = decide_quarantine(_settings(source), "release" if decision == "release" else "drop", row_ids, note)
    typer.echo(f"{len(row_ids)} rows: {decision}; {new} new vintages. `smallcap build` brings it into the marts.")
