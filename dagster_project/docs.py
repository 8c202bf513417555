"""Documents and declarations that follow from others: `make docs` writes them, a test keeps them true.

Belongs here: the data dictionary, the dbt source declarations made from the contracts, the list of settings.
Does not belong here: text that a person writes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dagster_project.contracts.model import Contract
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.sources.live.config import LiveConfig
from dagster_project.warehouse.ddl import VINTAGE_COLUMNS
from dagster_project.warehouse.meta import META_COLUMNS

DBT_SOURCES = PROJECT_ROOT / "dbt" / "models" / "staging" / "_sources.yml"
DATA_DICTIONARY = PROJECT_ROOT / "docs" / "data_dictionary.md"
ENV_EXAMPLE = PROJECT_ROOT / ".env.example"


def dbt_sources() -> str:
    """The dbt declaration of schema `raw`: per table grain, source priority and columns."""
    lines = [
        "# Made from dagster_project/contracts by `make docs`; change it there.",
        "version: 2",
        "",
        "sources:",
        "  - name: raw",
        "    schema: raw",
        "    description: Append-only vintages, written by the Python side and never by dbt.",
        "    tables:",
        "      - name: warehouse_mode",
        "        description: The mode of this warehouse file. Exactly one row.",
        "        columns:",
        "          - name: is_simulated",
        "            data_type: boolean",
        "          - name: source_mode",
        "            data_type: varchar",
        "      - name: split_events",
        "        description: Splits that were observed to rescale what had been read before.",
    ]
    for contract in CONTRACTS.values():
        lines += [
            f"      - name: {contract.current_relation}",
            f"        description: {_yaml(contract.description)}",
            "        config:",
            "          meta:",
            f"            grain: [{', '.join(contract.grain)}]",
            f"            source_priority: [{', '.join(contract.source_priority)}]",
            "        columns:",
        ]
        for name, kind, description in _raw_columns(contract):
            lines += [
                f"          - name: {name}",
                f"            data_type: {kind.lower()}",
                f"            description: {_yaml(description)}",
            ]
    return "\n".join(lines) + "\n"


def env_example() -> str:
    """Every setting with its default, for copying to `.env`."""
    lines = [
        "# Every setting with its default; made by `make docs`. Copy what you change to .env, without the #.",
        "",
    ]
    for name, setting in Settings.model_fields.items():
        nested = name == "live"
        if nested:
            lines += ["", "# The live source (docs/live.md)."]
        fields = LiveConfig.model_fields if nested else {name: setting}
        prefix = "SMALLCAP_LIVE__" if nested else "SMALLCAP_"
        for field, declared in fields.items():
            default = "" if declared.default is None or isinstance(declared.default, Path) else declared.default
            lines.append(f"# {prefix}{field.upper()}={default}  # {declared.description}")
    return "\n".join(lines) + "\n"


def data_dictionary(manifest: Mapping[str, Any]) -> str:
    """Every published and raw table in Markdown: marts from dbt, raw from the contracts."""
    parts = [
        "# Data dictionary",
        "Made by `make docs` from the contracts (`dagster_project/contracts/tables/`) and the dbt models "
        "(`dbt/models/marts/`); change it there. `methodology.md` beside it says how the numbers are defined.",
        "## Published: schema `marts`",
    ]
    marts = sorted(
        (n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["schema"] == "marts"),
        key=lambda node: str(node["name"]),
    )
    for node in marts:
        parts.append(f"### {node['name']}\n\n{node['description'].strip()}")
        parts.append(
            _table(
                ("column", "type", "meaning"),
                [(c["name"], c["data_type"] or "", c["description"]) for c in node["columns"].values()],
            )
        )
    parts.append("## Published: schema `meta`")
    for table, columns in META_COLUMNS.items():
        parts.append(f"### {table}\n\n" + _table(("column", "meaning"), list(columns.items())))
    parts.append(
        "## Raw\n\nAppend-only vintages. A file of the inbox may also carry `source` and `available_at`. After the "
        "columns below every raw table has:\n\n"
        + _table(("column", "type", "meaning"), [(n, k, d) for n, (k, d) in VINTAGE_COLUMNS.items()])
    )
    parts.extend(_raw_section(contract) for contract in CONTRACTS.values())
    return "\n\n".join(parts) + "\n"


def _raw_section(contract: Contract) -> str:
    rows = [(c.name, c.kind, "yes" if c.required else "no", c.unit, c.bounds, c.description) for c in contract.columns]
    rules = [f"- `{name}`: {description}" for name, description in contract.checks.items()]
    return "\n\n".join(
        [
            f"### {contract.table}",
            contract.description,
            f"Grain: {', '.join(contract.grain)}. Available {contract.availability.words}. "
            f"Sources by priority: {', '.join(contract.source_priority)}. Live: {contract.live_source}.",
            _table(("column", "kind", "required", "unit", "bounds", "meaning"), rows),
            "Checks:\n\n" + "\n".join(rules),
        ]
    )


def _raw_columns(contract: Contract) -> list[tuple[str, str, str]]:
    own = [(c.name, c.sql_type, f"{c.description} ({c.unit})" if c.unit else c.description) for c in contract.columns]
    return own + [(n, k, d) for n, (k, d) in VINTAGE_COLUMNS.items() if n not in contract.column]


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_all() -> list[Path]:
    """Write every generated file; returns those that changed."""
    from dagster_project.dbt_runner import ensure_manifest, read_manifest
    from dagster_project.settings import load_settings

    changed = _write(DBT_SOURCES, dbt_sources()) + _write(ENV_EXAMPLE, env_example())
    manifest = read_manifest(ensure_manifest(load_settings()))
    return changed + _write(DATA_DICTIONARY, data_dictionary(manifest))


def _write(path: Path, text: str) -> list[Path]:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    path.write_text(text, encoding="utf-8")
    return [path]


def write_dbt_docs() -> Path:
    """dbt's own documentation as one page, with the columns of the warehouse where there is one."""
    from dagster_project.dbt_runner import invoke_dbt
    from dagster_project.settings import load_settings

    settings = load_settings()
    catalog = [] if settings.warehouse_file.exists() else ["--empty-catalog"]
    invoke_dbt(settings, ["docs", "generate", "--static", "--no-compile", *catalog])
    return settings.dbt_target_dir / "static_index.html"


if __name__ == "__main__":
    import sys

    for written in [*write_all(), write_dbt_docs()]:
        sys.stdout.write(f"wrote {written}\n")
