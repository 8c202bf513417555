"""docs/quality.md: what the data are like and what the checks make of them, written from a published build.

    python -m dagster_project.quality_report --source files --input "what was delivered"

Belongs here: turning the quality marts and schema `meta` of one build, and the reviewed seeds, into a page for people.
Does not belong here: figures of its own. What is counted here is counted from published tables; what the checks cost is
measured in `quality_cost`.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.quality_cost import Cost, measure
from dagster_project.settings import PROJECT_ROOT
from dagster_project.warehouse.connection import open_reader

if TYPE_CHECKING:
    import duckdb

QUALITY_PAGE = PROJECT_ROOT / "docs" / "quality.md"
SEEDS = PROJECT_ROOT / "dbt" / "seeds"
CHECKS_OF_MARTS = "daily_bars"
"""Table whose years count for checks that are about marts."""

INTRODUCTION = """\
Made by `{command}` from build {build_id} ({built_at}, {kind} data: {source}).
Prices through {data_through}. Change the seeds it speaks of, not this page.

## How data are judged

- **Contracts** judge each row by itself and each payload as a whole. A row goes to quarantine, a payload is refused;
  the table keeps its last good rows.
- **`int_flows__*` and `int_fundamentals__*`** judge rows against the rows before. The row stays, no figure uses it, and
  a reason stands in its place.
- **Market checks** hold series against the calendar, each other, their index and what was published. A finding stands
  in mart `data_quality_findings`; `error` keeps the build from being published, `warn` does not.
- **dbt tests** say what must hold for any mart.

Limits stand in seed `check_thresholds` with the day and the figures they were set from. A finding that was looked up is
listed in seed `known_faults` with its reason and with how many findings it stands for: one more on the same days is a
new fault. So a green run says that nothing is there that was not looked at, and not that the data are clean.

Nothing is published unless every blocking check of that build has run on what is there and passed. A blocking finding
keeps the whole build: the published one stays as it is, with all domains of one day. That is on purpose: marts of
several domains stand beside each other in the brief and in the claims, and no reader would see that one of them is
older. A refused payload, a row in quarantine or a warning touches its own table alone; the other domains stay fresh. To
publish despite a finding: `smallcap build --publish-despite CHECK_ID --reason "..."`, kept in `meta.build`, in the
manifest and in the brief.

A **false alarm** is a finding that names no fault of the input: one listed as an event, a holiday or rounding, or one
not listed at all. The rate of a check is their number over the years from the first to the last day of the table that
it reads (of the prices, for checks of marts).

What no check can see: share counts stamped a session late in the only file there is (`flows_shares_lagged` needs an
earlier vintage or another source; `flows_published` shows it where a week was printed); an error that all sources
share; a frozen EFFR, which stood still for months in 2015 and 2023.
"""


@dataclass(frozen=True)
class Build:
    """What the page needs of one build, read once."""

    meta: Mapping[str, Any]
    checks: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    coverage: Sequence[Mapping[str, Any]]
    results: Sequence[Mapping[str, Any]]
    quarantine: Sequence[Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Seeds:
    """The reviewed files behind the checks, as text."""

    known_faults: Sequence[Mapping[str, str]]
    thresholds: Sequence[Mapping[str, str]]


def read_build(published_file: Path) -> Build:
    """Read the quality tables of a published database."""
    with open_reader(published_file) as reader:
        [meta] = _rows(reader, "select * from meta.build")
        return Build(
            meta,
            _rows(reader, "select * from marts.dim_check order by family, check_id"),
            _rows(
                reader,
                "select check_id, is_known, fault_id, known_kind, known_reason, table_name, count(*) as findings, "
                "min(series) as first_series, count(distinct series) as series, min(day) as first_day, "
                "max(day) as last_day from marts.data_quality_findings group by all order by first_day",
            ),
            _rows(reader, "select * from marts.data_quality_coverage order by table_name, series, calendar_year"),
            _rows(reader, "select * from meta.checks where not passed order by asset, check_id"),
            _rows(reader, "select * from meta.quarantine order by table_name, rule"),
            _rows(
                reader,
                "select build_id, count(*) as checks, count_if(not passed) as failed, "
                "count_if(not passed and is_blocking) as blocking, sum(case when not passed then failed_rows end) "
                "as rows from meta.check_history group by build_id order by build_id",
            ),
        )


def quality_page(build: Build, seeds: Seeds, costs: Sequence[Cost], source: str, command: str) -> str:
    """The page in Markdown.

    Args:
        source: the input in words.
        command: what wrote the page.
    """
    meta = build.meta
    parts = [
        "# Data quality",
        INTRODUCTION.format(
            build_id=meta["build_id"],
            built_at=f"{meta['built_at_utc']:%Y-%m-%d %H:%M} UTC",
            kind="simulated" if meta["is_simulated"] else "real",
            source=source,
            command=command,
            data_through=meta["data_through"],
        ).rstrip(),
        *_checks(build),
        *_limits(seeds.thresholds),
        *_faults(build),
        *_warnings(build, seeds.known_faults),
        *_coverage(build),
        *_history(build),
        *_cost(costs),
    ]
    return "\n\n".join(parts) + "\n"


def years_of_tables(coverage: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Years from the first to the last day of every table."""
    ends: dict[str, tuple[Any, Any]] = {}
    for row in coverage:
        if row["first_day"] is None:  # a year without any row, inside the series
            continue
        first, last = ends.get(row["table_name"], (row["first_day"], row["last_day"]))
        ends[row["table_name"]] = min(first, row["first_day"]), max(last, row["last_day"])
    years = {table: (last - first).days / 365.25 for table, (first, last) in ends.items()}
    return years | {"marts": years.get(CHECKS_OF_MARTS, 0.0)}


def false_alarms(findings: Sequence[Mapping[str, Any]], check_id: str) -> int:
    """Findings of a check that name no fault: those listed as another kind, and those not listed."""
    return sum(row["findings"] for row in findings if row["check_id"] == check_id and row["known_kind"] != "fault")


def _checks(build: Build) -> list[str]:
    years = years_of_tables(build.coverage)
    families: dict[str, list[_Judged]] = {}
    for check in build.checks:
        families.setdefault(check["family"], []).append(_judged(check, build.findings, years))
    everything = [judged for found in families.values() for judged in found]
    return [
        "## Market checks",
        _table(
            ("family", "checks", "of them blocking", "faults found", "false alarms", "false alarms a year"),
            [_family(name, found) for name, found in (*families.items(), ("all", everything))],
        ),
        "Faults and false alarms are findings of this build, that is over the whole history of each table. Rates of a "
        "family add up those of its checks.",
        _table(
            ("check", "table", "", "what it catches", "limits", "faults", "false alarms", "a year"),
            [
                (f"`{judged.check['check_id']}`", judged.check["table_name"],
                 "blocks" if judged.is_blocking else "warns", judged.check["what_it_catches"],
                 judged.check["limits_text"] or "-", str(judged.faults), str(judged.alarms),
                 "-" if judged.alarms_a_year is None else f"{judged.alarms_a_year:.2f}")
                for judged in everything
            ],
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class _Judged:
    """A check with what came of it; the rate is None for a table of less than a year."""

    check: Mapping[str, Any]
    faults: int
    alarms: int
    alarms_a_year: float | None

    @property
    def is_blocking(self) -> bool:
        return bool(self.check["severity"] == "error")


def _judged(check: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], years: Mapping[str, float]) -> _Judged:
    alarms = false_alarms(findings, check["check_id"])
    found = sum(row["findings"] for row in findings if row["check_id"] == check["check_id"])
    span = years.get(check["table_name"], 0.0)
    return _Judged(check, found - alarms, alarms, alarms / span if span >= 1 else None)


def _family(name: str, found: Sequence[_Judged]) -> tuple[str, ...]:
    blocking = sum(judged.is_blocking for judged in found)
    faults, alarms = sum(judged.faults for judged in found), sum(judged.alarms for judged in found)
    rate = sum(judged.alarms_a_year or 0.0 for judged in found)
    return name, str(len(found)), str(blocking), str(faults), str(alarms), f"{rate:.2f}"


def _limits(thresholds: Sequence[Mapping[str, str]]) -> list[str]:
    rows = [
        (f"`{row['check_id']}`", row["parameter"].replace("_", " "), f"{float(row['value']):,.12g}", row["unit"],
         row["set_on"], row["reason"])
        for row in thresholds
    ]  # fmt: skip
    return [
        "## Limits",
        "Seed `check_thresholds`: what each limit is, since when, and the figures of the real history it was set from.",
        _table(("check", "limit", "value", "unit", "set on", "figures and reason"), rows),
    ]


def _faults(build: Build) -> list[str]:
    rows = [
        (row["known_kind"], f"`{row['check_id']}`", _series(row), _days(row), str(row["findings"]), row["known_reason"])
        for row in sorted(build.findings, key=lambda row: (str(row["check_id"]), row["first_day"]))
        if row["is_known"]
    ]
    unknown = sum(row["findings"] for row in build.findings if not row["is_known"])
    return [
        "## Known faults",
        f"Listed and met in this build ({sum(row['findings'] for row in build.findings)} findings, {unknown} of them "
        "not listed).",
        _table(("kind", "check", "series", "days", "findings", "reason"), rows),
    ]


def _warnings(build: Build, listed: Sequence[Mapping[str, str]]) -> list[str]:
    kind = "true" if build.meta["is_simulated"] else "false"
    reasons = {row["check_id"]: row["reason"] for row in listed if not row["findings"] and row["is_simulated"] == kind}
    rows = [
        (f"`{row['check_id']}`", row["asset"], row["severity"], str(row["failed_rows"]),
         reasons.get(row["check_id"], "**not explained**: " + row["message"]))
        for row in build.results
    ]  # fmt: skip
    return [
        "## Open warnings",
        "Checks of contracts, tests and market checks that did not pass in this build, one by one.",
        _table(("check", "about", "severity", "rows", "reason"), rows) if rows else "None.",
    ]


def _coverage(build: Build) -> list[str]:
    series: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in build.coverage:
        series.setdefault((row["table_name"], row["series"]), []).append(row)
    rows = []
    for (table, name), years in series.items():
        held = [row for row in years if row["days_held"]]
        missing = [f"{row['calendar_year']} ({row['days_missing']})" for row in years if row["days_missing"]]
        rows.append(
            (table, name, f"{held[0]['first_day']} to {held[-1]['last_day']}", str(len(held)),
             f"{sum(row['days_held'] for row in years):,}", ", ".join(missing) or "-",
             f"{sum(row['rows_told'] for row in years):,}", f"{sum(row['revisions'] for row in years):,}",
             f"{sum(row['removals'] for row in years):,}")
        )  # fmt: skip
    quarantined = [
        (row["table_name"], row["rule"], row["judged_by"], str(row["open_rows"]), row["first_row"])
        for row in build.quarantine
    ]
    header = ("table", "series", "days", "years", "days held", "days missing", "rows", "revisions", "removals")
    return [
        "## Coverage, vintages and revisions",
        "Days missing are sessions without a row between the first and the last day of a series, for rates without "
        "Columbus Day and Veterans Day. A revision is a vintage beyond the first of a row. Year by year: mart "
        "`data_quality_coverage`.",
        _table(header, rows),
        "## Quarantine",
        "Rows not decided upon. `contract`: broke a rule by itself and never came into raw. `warehouse`: does not fit "
        "other rows; it is in raw and in no figure.",
        _table(("table", "rule", "judged by", "rows", "first"), quarantined) if quarantined else "Empty.",
    ]


def _history(build: Build) -> list[str]:
    rows = [
        (row["build_id"], str(row["checks"]), str(row["failed"]), str(row["blocking"]), f"{int(row['rows'] or 0):,}")
        for row in build.history
    ]
    return [
        "## Checks over time",
        "The last builds of this warehouse, published or not (`meta.check_history`).",
        _table(("build", "checks", "not passed", "of them blocking", "rows"), rows),
    ]


def _cost(costs: Sequence[Cost]) -> list[str]:
    rows = [(cost.part, str(cost.nodes), f"{cost.cpu_seconds:.1f}") for cost in costs]
    rows.append(("all", str(sum(cost.nodes for cost in costs)), f"{sum(cost.cpu_seconds for cost in costs):.1f}"))
    return [
        "## What the checks cost",
        "CPU seconds on this input, measured by the command above on a copy of the warehouse: each part in an "
        "invocation of dbt of its own, less what one costs that does next to nothing. Rows are validated while they "
        "are read in; that is not counted here.",
        _table(("part", "models or checks", "CPU seconds"), rows),
    ]


def _series(row: Mapping[str, Any]) -> str:
    return str(row["first_series"]) if row["series"] == 1 else f"{row['series']} series"


def _days(row: Mapping[str, Any]) -> str:
    return str(row["first_day"]) if row["first_day"] == row["last_day"] else f"{row['first_day']} to {row['last_day']}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _rows(reader: "duckdb.DuckDBPyConnection", sql: str) -> list[dict[str, Any]]:
    cursor = reader.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def read_seeds() -> Seeds:
    """The reviewed files of the project."""
    return Seeds(*(_csv(SEEDS / f"{name}.csv") for name in ("known_faults", "check_thresholds")))


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Write the page from the published build and its warehouse."""
    import argparse
    import shlex
    import sys

    from dagster_project.settings import load_settings

    parser = argparse.ArgumentParser(description="Write docs/quality.md from the published build.")
    parser.add_argument("--source", choices=("sample", "files"), help="whose warehouse and build")
    parser.add_argument("--input", required=True, help="the input of the build in words")
    parser.add_argument("--out", type=Path, default=QUALITY_PAGE)
    given = parser.parse_args()
    settings = load_settings({"source": given.source})
    command = shlex.join(["python", "-m", "dagster_project.quality_report", *sys.argv[1:]])
    page = quality_page(read_build(settings.published_file), read_seeds(), measure(settings), given.input, command)
    given.out.write_text(page, encoding="utf-8")
    sys.stdout.write(f"wrote {given.out}\n")


if __name__ == "__main__":
    main()
