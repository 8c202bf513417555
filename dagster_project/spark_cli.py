"""`smallcap spark`: the two ends of a build on Spark; `make spark` runs them with Spark between (docs/scale.md).

Belongs here: options and layout. The work is done in `scale_out`.
"""

from typing import Annotated

import typer

from dagster_project.cli_errors import readable_errors
from dagster_project.settings import load_settings

app = typer.Typer(help="Inputs and results of a build on Apache Spark.", no_args_is_help=True)

SourceOption = Annotated[str | None, typer.Option(help="sample, files or live: which warehouse")]


@app.callback()
def main() -> None:
    """The SQL models run on Spark, all else runs here."""


@app.command("inputs")
@readable_errors
def inputs(source: SourceOption = None) -> None:
    """Write what the SQL models read as Parquet; prints the folder that Spark works in."""
    from dagster_project.build_log import build_log
    from dagster_project.scale_out import write_inputs
    from dagster_project.steps import new_build_id

    settings = load_settings({"source": source})
    with build_log(settings.logs_dir, f"{new_build_id()}-spark-inputs", settings.secrets, terminal=True):
        rows = write_inputs(settings)
    typer.echo(f"{len(rows)} tables, {sum(rows.values()):,} rows written below {settings.spark_dir}", err=True)
    typer.echo(settings.spark_dir)


@app.command("load")
@readable_errors
def load(source: SourceOption = None) -> None:
    """Take in the tables that Spark made and run every check on them. Then run `smallcap publish`."""
    from dagster_project.build_log import build_log
    from dagster_project.scale_out import load_and_check
    from dagster_project.steps import new_build_id

    settings = load_settings({"source": source})
    build_id = new_build_id()
    with build_log(settings.logs_dir, f"{build_id}-spark-load", settings.secrets, terminal=True):
        rows = load_and_check(settings, build_id)
    typer.echo(f"{len(rows)} tables, {sum(rows.values()):,} rows taken in")
