"""The `smallcap` command.

Belongs here: options, messages and exit codes. Heavy libraries are imported inside the commands, so
that `--help` and `query` start at once.

Exit codes: 0 done; 1 nothing was done or published; 2 wrong usage; 3 published, but a delivery could
not be used and its domain keeps its last good rows; 4 another build holds the warehouse.
"""

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import __version__, quarantine_cli
from dagster_project.cli_errors import readable_errors
from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

PUBLISHED_WITH_PROBLEMS = 3

app = typer.Typer(
    name="smallcap",
    help="Are small caps being left behind, why, and does it matter? Build, read and mend the warehouse.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """Layouts for people and for scripts."""

    text = "text"
    markdown = "markdown"
    json = "json"


class Framing(StrEnum):
    """How the sentences of the article are read."""

    as_written = "as_written"
    rolling = "rolling"


class QueryFormat(StrEnum):
    """Layouts of a query's result."""

    table = "table"
    csv = "csv"
    json = "json"


def _console(piped_width: int = 120) -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else piped_width, highlight=False)


app.add_typer(quarantine_cli.app, name="quarantine")


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Options of the program as a whole."""
    if version:
        typer.echo(f"smallcap-watch {__version__}")
        raise typer.Exit


@app.command()
@readable_errors
def build(
    source: Annotated[str | None, typer.Option(help="sample or files (default: SMALLCAP_SOURCE, else sample)")] = None,
    inbox: Annotated[Path | None, typer.Option(help="inbox of the files source (default: SMALLCAP_INBOX)")] = None,
    accept_removals: Annotated[
        bool, typer.Option("--accept-removals", help="Take payloads that lost many rows as meant.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no brief.")] = False,
) -> None:
    """Extract, transform, check and publish; prints the brief. Safe to run again at any time."""
    from dagster_project.brief.facts import read_brief
    from dagster_project.brief.render import print_brief
    from dagster_project.build_log import build_log
    from dagster_project.orchestration.run import run_build
    from dagster_project.steps import check_source, new_build_id, open_problems, read_build_manifest, renew_layout
    from dagster_project.warehouse.lock import build_lock

    settings = load_settings({"source": source, "inbox": inbox})
    identifier = new_build_id()
    with (
        build_lock(settings.lock_file),
        build_log(settings.logs_dir, identifier, settings.secrets, terminal=not quiet) as log,
    ):
        logger = logging.getLogger("smallcap.build")
        logger.info("build %s of %s data, log %s", identifier, settings.mode, log)
        try:
            check_source(settings)
            renew_layout(settings)
            settings.apply_child_environment()
            run_build(settings, identifier, accept_removals)
        except SmallcapError as error:
            logger.error("build failed: %s", error, extra={"is_final": True})
            for problem in open_problems(settings):
                typer.secho(f"smallcap: {problem}", fg="red", err=True)
            raise
    problems = read_build_manifest(settings.current_link)["problems"]
    if not quiet:
        print_brief(read_brief(settings.published_file), _console())
        typer.echo(f"Published {settings.current_link.resolve()}", err=True)
    if problems:
        for problem in problems:
            typer.secho(f"smallcap: {problem}", fg="red", err=True)
        typer.secho(
            f"smallcap: published, but {len(problems)} deliveries could not be used; "
            "their tables keep the last good rows.",
            fg="yellow", err=True,
        )  # fmt: skip
        raise typer.Exit(PUBLISHED_WITH_PROBLEMS)


@app.command()
@readable_errors
def brief(
    as_of: Annotated[str, typer.Option("--as-of", help="YYYY-MM-DD or latest")] = "latest",
    layout: Annotated[Format, typer.Option("--format", help="text, markdown or json")] = Format.text,
    framing: Annotated[
        Framing | None,
        typer.Option(
            help="the article's sentences as_written, or rolling: read for the day (default: as_written on "
            "the article's day)"
        ),
    ] = None,
) -> None:
    """Tell the story of a day from the published build: findings first, what came later last and apart."""
    from dagster_project.brief.facts import read_brief
    from dagster_project.brief.render import print_brief, to_json, to_markdown

    told = read_brief(load_settings().published_file, as_of, framing)
    if layout is Format.text:
        print_brief(told, _console())
    else:
        typer.echo(to_json(told) if layout is Format.json else to_markdown(told), nl=False)


@app.command()
@readable_errors
def query(
    sql: Annotated[str, typer.Argument(help="one SQL statement; - reads it from standard input")],
    layout: Annotated[QueryFormat, typer.Option("--format", help="table, csv or json")] = QueryFormat.table,
    limit: Annotated[int, typer.Option(help="rows shown in a table; csv and json give all")] = 50,
) -> None:
    """Ask the published build with SQL: read-only, without files, network or extensions."""
    import duckdb

    from dagster_project.brief.query import print_rows, write_csv, write_json
    from dagster_project.warehouse.connection import open_reader

    text = sys.stdin.read() if sql == "-" else sql
    with open_reader(load_settings().published_file) as reader:
        try:
            cursor = reader.execute(text)
            if cursor is None:
                raise SmallcapError("The query is empty. Give one SQL statement, or - to read it from standard input.")
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        except duckdb.Error as error:
            raise SmallcapError(f"The query failed: {error}") from error
    if layout is QueryFormat.csv:
        write_csv(names, rows, sys.stdout)
    elif layout is QueryFormat.json:
        write_json(names, rows, sys.stdout)
    else:
        print_rows(names, rows, limit, _console(piped_width=10_000))


@app.command()
@readable_errors
def export(
    xlsx: Annotated[Path, typer.Option("--xlsx", help="workbook to write; replaced when it is there")],
    as_of: Annotated[str, typer.Option("--as-of", help="YYYY-MM-DD or latest")] = "latest",
) -> None:
    """Write the tables of a day as an Excel workbook."""
    from dagster_project.warehouse.export import export_workbook

    day = export_workbook(load_settings().published_file, xlsx, as_of)
    typer.echo(f"Wrote {xlsx}, as of {day}")


@app.command()
@readable_errors
def rebuild(
    source: Annotated[str | None, typer.Option(help="sample or files: which archive")] = None,
) -> None:
    """Make the raw tables again from the archive, vintages included. Then run `smallcap build`."""
    from dagster_project.build_log import build_log
    from dagster_project.steps import new_build_id, rebuild_raw

    settings = load_settings({"source": source})
    with build_log(settings.logs_dir, f"{new_build_id()}-rebuild", settings.secrets, terminal=True):
        rows = rebuild_raw(settings)
    for table, count in rows.items():
        typer.echo(f"raw.{table:<22}{count:>10} vintages")
    typer.echo("Raw is made again. The published build is as it was; `smallcap build` makes a new one.")


@app.command()
@readable_errors
def publish(
    source: Annotated[str | None, typer.Option(help="sample or files: which warehouse")] = None,
) -> None:
    """Audit the warehouse as it stands and publish it, without extracting or transforming."""
    from dagster_project import steps

    settings = load_settings({"source": source})
    typer.echo(f"Published {steps.publish(settings, steps.new_build_id())}")


@app.command()
@readable_errors
def rollback(
    build_id: Annotated[str | None, typer.Argument(help="build to go back to; default the one before")] = None,
) -> None:
    """Make an earlier published build current again."""
    from dagster_project.warehouse.lock import build_lock
    from dagster_project.warehouse.publish import roll_back

    settings = load_settings()
    with build_lock(settings.lock_file):
        typer.echo(f"Current is now {roll_back(settings.builds_dir, settings.current_link, build_id)}")


@app.command()
@readable_errors
def doctor() -> None:
    """Look for what is wrong with the installation, the archive and the published build."""
    from dagster_project.doctor import examine

    findings = examine(load_settings())
    for finding in findings:
        mark = typer.style("ok  ", fg="green") if finding.is_ok else typer.style("BAD ", fg="red")
        typer.echo(f"{mark} {finding.subject}: {finding.text}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


@app.command()
@readable_errors
def ui(
    port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    source: Annotated[str | None, typer.Option(help="sample or files: what the UI materializes")] = None,
    inbox: Annotated[Path | None, typer.Option(help="inbox of the files source")] = None,
) -> None:
    """Open the Dagster UI on the instance that knows every build."""
    import os

    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.orchestration.instance import prepare_instance

    settings: Settings = load_settings({"source": source, "inbox": inbox})
    settings.apply_child_environment()
    prepare_instance(settings.dagster_home)
    ensure_manifest(settings)
    # Replaces this process, so that Ctrl-C and a service manager's signals reach Dagster itself.
    module = ["-m", "dagster", "dev", "-m", "dagster_project.definitions", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, *module])
