"""The `smallcap` command.

Belongs here: options, messages and exit codes. Heavy libraries are imported inside the commands, so
that `--help` and `query` start at once.

Exit codes: 0 done; 1 nothing was done or published; 2 wrong usage; 3 published, but a delivery could
not be used or a service gave nothing, and its domain keeps its last good rows; 4 another build holds
the warehouse. A service that is not asked because its setting is missing (the SEC's contact) is no 3.
"""

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import __version__, archive_cli, quarantine_cli, spark_cli
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


class Service(StrEnum):
    """The two processes behind the UI."""

    webserver = "webserver"
    daemon = "daemon"


class Framing(StrEnum):
    """How the sentences of the article are read."""

    as_written = "as_written"
    rolling = "rolling"


class QueryFormat(StrEnum):
    """Layouts of a query's result."""

    table = "table"
    csv = "csv"
    json = "json"


DespiteOption = Annotated[
    list[str] | None,
    typer.Option(
        "--publish-despite", metavar="CHECK_ID", help="Publish although this blocking check failed; needs --reason."
    ),
]
ReasonOption = Annotated[str, typer.Option(help="why; kept in meta.build and shown in the brief")]
ReplayOption = Annotated[str | None, typer.Option(help="read the replay known at this instant, not the build")]


def _database(replay: str | None) -> Path:
    """The published database, or that of the replay of an instant."""
    from dagster_project.warehouse.replay import read_instant, replay_database

    settings = load_settings()
    if replay is None:
        return settings.published_file
    return replay_database(settings.replays_dir, read_instant(replay))


def _console(piped_width: int = 120) -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else piped_width, highlight=False)


app.add_typer(quarantine_cli.app, name="quarantine")
app.add_typer(archive_cli.app, name="archive")
app.add_typer(spark_cli.app, name="spark")


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
    source: Annotated[
        str | None, typer.Option(help="sample, files or live (default: SMALLCAP_SOURCE, else sample)")
    ] = None,
    inbox: Annotated[
        Path | None, typer.Option(help="inbox of the files source, beside services too (default: SMALLCAP_INBOX)")
    ] = None,
    accept_removals: Annotated[
        bool, typer.Option("--accept-removals", help="Take payloads that lost many rows as meant.")
    ] = False,
    publish_despite: DespiteOption = None,
    reason: ReasonOption = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no brief.")] = False,
) -> None:
    """Extract, transform, check and publish; prints the brief. Safe to run again at any time."""
    from dagster_project.alerts import failed_build, incomplete_build, send
    from dagster_project.brief.facts import read_brief
    from dagster_project.brief.render import print_brief
    from dagster_project.build_log import build_log
    from dagster_project.orchestration.run import run_build
    from dagster_project.steps import (
        check_publish_override,
        check_source,
        live_client,
        new_build_id,
        open_problems,
        read_build_manifest,
        renew_layout,
    )
    from dagster_project.warehouse.check_results import Override
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
            override = Override(tuple(publish_despite or ()), reason)
            check_publish_override(settings, override)
            check_source(settings)
            renew_layout(settings)
            settings.apply_child_environment()
            run_build(settings, identifier, accept_removals, override)
        except SmallcapError as error:
            logger.error("build failed: %s", error, extra={"is_final": True})
            send(settings, failed_build(settings, identifier, [str(error)]))
            for problem in open_problems(settings):
                typer.secho(f"smallcap: {problem}", fg="red", err=True)
            raise
        gaps = incomplete_build(settings, identifier)
        if gaps:
            send(settings, gaps)
        if settings.source == "live":
            logger.info("asked services: %s", live_client(settings, identifier).summary)
    problems = read_build_manifest(settings.current_link)["problems"]
    if not quiet:
        print_brief(read_brief(settings.published_file), _console())
        typer.echo(f"Published {settings.current_link.resolve()}", err=True)
    for notice in settings.live.left_out if settings.source == "live" else ():
        typer.secho(f"smallcap: {notice}", fg="yellow", err=True)
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
def replay(
    known_at: Annotated[
        str,
        typer.Option("--known-at", help="YYYY-MM-DD (the end of that day in New York), or an instant with its zone"),
    ],
    source: Annotated[str | None, typer.Option(help="sample, files or live: which archive")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no brief.")] = False,
) -> None:
    """Make a second warehouse of what was known at an instant; the published build stays as it is."""
    from dagster_project import steps
    from dagster_project.brief.facts import read_brief
    from dagster_project.brief.render import print_brief
    from dagster_project.build_log import ROOT_LOGGER, build_log
    from dagster_project.warehouse.replay import read_instant

    settings = load_settings({"source": source})
    instant = read_instant(known_at)
    identifier = steps.new_build_id()
    with build_log(settings.logs_dir, f"{identifier}-replay", settings.secrets, terminal=not quiet):
        # dbt gives the root logger a handler that prints; only Dagster, which takes no part here, listens there.
        logging.getLogger(ROOT_LOGGER).propagate = False
        made = steps.replay(settings, identifier, instant)
    if not quiet:
        print_brief(read_brief(made / "market.duckdb"), _console())
    typer.echo(
        f"Made {made}. Read it with `smallcap brief --replay {known_at}` and `smallcap query --replay {known_at} ...`; "
        f"remove it with `rm -r {made}`.",
        err=True,
    )


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
    replay: ReplayOption = None,
) -> None:
    """Tell the story of a day from the published build: findings first, what came later last and apart."""
    from dagster_project.brief.facts import read_brief
    from dagster_project.brief.render import print_brief, to_json, to_markdown

    told = read_brief(_database(replay), as_of, framing)
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
    replay: ReplayOption = None,
    warehouse: Annotated[
        str | None,
        typer.Option(
            help="sample, files or live: ask its working file, also where checks kept it from being published"
        ),
    ] = None,
) -> None:
    """Ask the published build with SQL: read-only, without files, network or extensions."""
    import duckdb

    from dagster_project.brief.query import print_rows, write_csv, write_json
    from dagster_project.warehouse.connection import open_reader

    text = sys.stdin.read() if sql == "-" else sql
    working = load_settings({"source": warehouse}).warehouse_file if warehouse else None
    with open_reader(working or _database(replay)) as reader:
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
    replay: ReplayOption = None,
) -> None:
    """Write the tables of a day as an Excel workbook."""
    from dagster_project.warehouse.export import export_workbook

    day = export_workbook(_database(replay), xlsx, as_of)
    typer.echo(f"Wrote {xlsx}, as of {day}")


@app.command()
@readable_errors
def dashboard(
    as_of: Annotated[str, typer.Option("--as-of", help="YYYY-MM-DD or latest")] = "latest",
    out: Annotated[Path | None, typer.Option(help="file to write (default: dashboard-DAY.html here)")] = None,
) -> None:
    """Write the page of a day: one HTML file that needs no network, with nothing on it that was known later."""
    from dagster_project.brief.facts import read_brief
    from dagster_project.dashboard.page import render_dashboard

    published = load_settings().published_file
    file = out or Path(f"dashboard-{read_brief(published, as_of).as_of}.html")
    file.write_text(render_dashboard(published, as_of), encoding="utf-8")
    typer.echo(f"Wrote {file}")


@app.command()
@readable_errors
def chart(
    name: Annotated[str | None, typer.Argument(help="name of the chart; --list gives them")] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="YYYY-MM-DD or latest")] = "latest",
    out: Annotated[Path | None, typer.Option(help="file to write, .png or .svg (default: NAME.png here)")] = None,
    pair: Annotated[str | None, typer.Option(help="pair of rebased and ytd_gap_years, such as IWM_SPY")] = None,
    basis: Annotated[str | None, typer.Option(help="its basis: price or total")] = None,
    chosen_range: Annotated[
        str | None, typer.Option("--range", help="range of rebased: SINCE_ELECTION, YTD, 3M, 6M, 12M, 3Y, ALL")
    ] = None,
    is_dark: Annotated[bool, typer.Option("--dark", help="Dark colours.")] = False,
    is_list: Annotated[bool, typer.Option("--list", help="Name the charts and leave.")] = False,
) -> None:
    """Draw a chart of the dashboard as PNG or SVG."""
    from dagster_project.charts.render import write_chart
    from dagster_project.dashboard.one_chart import DESCRIPTIONS, draw_chart

    if is_list:
        for known, description in DESCRIPTIONS.items():
            typer.echo(f"{known:<20}{description}")
        return
    if name is None:
        raise typer.BadParameter("name a chart, or give --list")
    file = out or Path(f"{name}.png")
    write_chart(draw_chart(load_settings().published_file, name, as_of, pair, basis, chosen_range), file, is_dark)
    typer.echo(f"Wrote {file}")


@app.command()
@readable_errors
def rebuild(
    source: Annotated[str | None, typer.Option(help="sample, files or live: which archive")] = None,
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
    source: Annotated[str | None, typer.Option(help="sample, files or live: which warehouse")] = None,
    publish_despite: DespiteOption = None,
    reason: ReasonOption = "",
) -> None:
    """Audit the warehouse as it stands and publish it, without extracting or transforming."""
    from dagster_project import steps
    from dagster_project.warehouse.check_results import Override

    settings = load_settings({"source": source})
    override = Override(tuple(publish_despite or ()), reason)
    steps.check_publish_override(settings, override)
    typer.echo(f"Published {steps.publish(settings, steps.new_build_id(), override=override)}")


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
def doctor(
    network: Annotated[
        bool, typer.Option("--network", help="Try every public service with one small request.")
    ] = False,
) -> None:
    """Look for what is wrong with the installation, the archive and the published build."""
    from collections import Counter

    from dagster_project.doctor import examine, probe_services
    from dagster_project.warehouse.archive import utc_now

    settings = load_settings()
    if network:
        line = "{:<18} {:<20} {:<26} {:>7} {:>10} {:>6}  {:<10}  {}"
        marks, said = Counter[str](), {""}
        typer.echo("     " + line.format("provider", "table", "host", "seconds", "bytes", "rows", "newest", "due"))
        for found in probe_services(settings, utc_now()):
            marks[found.mark] += 1
            mark = typer.style(f"{found.mark:<4}", fg={"ok": "green", "BAD": "red"}.get(found.mark, "yellow"))
            figures = (f"{found.seconds:.1f}", f"{found.size_bytes:,}", f"{found.rows:,}")
            told = line.format(found.provider, found.table, found.host, *figures, found.newest, found.due)
            typer.echo(f"{mark} {told.rstrip()}")
            if found.text not in said:
                typer.echo(f"     {found.text}")
            said.add(found.text)
        typer.echo(
            f"{marks['ok']} ok, {marks['late']} late (newest, the last day in the answer, is before due), "
            f"{marks['BAD']} bad, {marks['skip']} not asked. What to do: docs/live.md."
        )
        if marks["BAD"]:
            raise typer.Exit(1)
        return
    findings = examine(settings)
    for finding in findings:
        mark = typer.style("ok  ", fg="green") if finding.is_ok else typer.style("BAD ", fg="red")
        typer.echo(f"{mark} {finding.subject}: {finding.text}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


@app.command()
@readable_errors
def ui(
    port: Annotated[int, typer.Option(help="port of the Dagster UI")] = 3000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    only: Annotated[
        Service | None, typer.Option(help="one of its two processes alone, for a service manager (docs/deploy.md)")
    ] = None,
    source: Annotated[str | None, typer.Option(help="sample, files or live: what the UI materializes")] = None,
    inbox: Annotated[Path | None, typer.Option(help="inbox of the files source")] = None,
) -> None:
    """Open the Dagster UI on the instance that knows every build."""
    import os

    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.orchestration.instance import prepare_instance

    settings: Settings = load_settings({"source": source, "inbox": inbox})
    settings.apply_child_environment()
    prepare_instance(settings)
    ensure_manifest(settings)
    definitions, listening = ["-m", "dagster_project.definitions"], ["-h", host, "-p", str(port)]
    command = {
        None: ["dagster", "dev", *definitions, *listening],
        Service.webserver: ["dagster_webserver", *definitions, *listening],
        Service.daemon: ["dagster._daemon", "run", *definitions],
    }[only]
    # Replaces this process, so that Ctrl-C and a service manager's signals reach Dagster itself.
    os.execv(sys.executable, [sys.executable, "-m", *command])
