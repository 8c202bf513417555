"""Rules of the dbt project, checked on its manifest: `make check` runs this module.

Belongs here: what must hold for every model and seed whatever it is about: documented, keyed, named for its layer.
Does not belong here: how SQL is laid out (sqlfluff), and what holds for data (dbt tests).

The rules are those of dbt-project-evaluator that matter here; the package itself would be a download at run time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Node = Mapping[str, Any]

NAMES = {
    "staging": re.compile(r"stg_[a-z]+__[a-z_]+"),
    "intermediate": re.compile(r"int_[a-z]+__[a-z_]+"),
    "quality": re.compile(r"quality__[a-z_]+"),
    "quarantine": re.compile(r"[a-z_]+"),
    "marts": re.compile(r"(?!stg_|int_|quality__)[a-z][a-z_0-9]*"),
}
"""Folder of `models/` and what its models are called."""

KEYED = ("staging", "quality", "quarantine", "marts", "seeds")
"""Layers whose every relation has a tested key and typed columns; the others are read by these."""

WITHOUT_KEY = {
    "stg_fundamentals__company_fact_vintages": "vintages: a key has as many rows as it was told",
    "stg_fundamentals__index_fundamental_vintages": "vintages: a key has as many rows as it was told",
    "stg_membership__symbol_vintages": "vintages: a key has as many rows as it was told",
    "stg_prices__bar_vintages": "vintages: a key has as many rows as it was told",
    "stg_quality__values_by_source": "vintages: a key has as many rows as it was told",
    "stg_quality__vintages_told": "vintages: a key has as many rows as it was told",
    "stg_rates__inbox_fomc_meetings": "tested in stg_rates__fomc_meetings, which is this and the seed",
}
"""Relations of those layers without a tested key, and why."""

MODE_TABLE = "warehouse_mode"
"""The one source that models of every layer read, through the macro is_simulated."""


def broken_rules(manifest: Mapping[str, Any]) -> list[str]:
    """Every breach as `name: rule`, sorted; empty when all is well."""
    nodes: Mapping[str, Node] = manifest["nodes"]
    relations = [node for node in nodes.values() if node["resource_type"] in ("model", "seed")]
    keyed = {
        node["attached_node"]
        for node in nodes.values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "unique_grain"
    }
    found = [
        f"{node['name']}: {rule}"
        for node in relations
        for rule in (
            *_documentation(node),
            *_name(node),
            *_sources(node, manifest["sources"]),
            *_contract(node),
            *_key(node, node["unique_id"] in keyed),
        )
    ]
    return sorted(found + _stale_exceptions(relations, keyed))


def layer_of(node: Node) -> str:
    """Folder of `models/` that a model lies in; `seeds` for seeds."""
    return "seeds" if node["resource_type"] == "seed" else Path(str(node["original_file_path"])).parts[1]


def _documentation(node: Node) -> Iterator[str]:
    is_typed = node["resource_type"] == "model" and layer_of(node) in KEYED
    if not node["description"].strip():
        yield "has no description"
    elif "Grain:" not in node["description"]:
        yield "does not say its grain in its description (`Grain: one row per ...`)"
    if not node["columns"]:
        yield "documents no columns"
    for name, column in node["columns"].items():
        if not column["description"].strip():
            yield f"column {name} has no description"
        if is_typed and not column["data_type"]:
            yield f"column {name} has no data_type"
    beside = str(Path(str(node["original_file_path"])).with_suffix(".yml"))
    if not str(node.get("patch_path") or "").endswith(beside):
        yield f"is not described in {beside}"


def _name(node: Node) -> Iterator[str]:
    layer = layer_of(node)
    if layer == "seeds":
        return
    if layer not in NAMES:
        yield f"lies in models/{layer}, which is no layer: {', '.join(NAMES)}"
    elif not NAMES[layer].fullmatch(str(node["name"])):
        yield f"is not named as models of {layer} are: {NAMES[layer].pattern}"


def _sources(node: Node, sources: Mapping[str, Node]) -> Iterator[str]:
    if layer_of(node) == "staging":
        return
    for parent in node.get("depends_on", {}).get("nodes", ()):
        if parent in sources and sources[parent]["name"] != MODE_TABLE:
            yield f"reads source {sources[parent]['name']}: only staging does"


def _contract(node: Node) -> Iterator[str]:
    if layer_of(node) != "marts":
        return
    if not node["config"]["contract"]["enforced"]:
        yield "is a mart without an enforced contract"
    if list(node["columns"])[-1:] != ["is_simulated"]:
        yield "is a mart whose last column is not is_simulated"


def _key(node: Node, is_keyed: bool) -> Iterator[str]:
    if layer_of(node) in KEYED and not is_keyed and node["name"] not in WITHOUT_KEY:
        yield "has no unique_grain test"


def _stale_exceptions(relations: Sequence[Node], keyed: set[str]) -> list[str]:
    needed = {node["name"] for node in relations if node["unique_id"] not in keyed}
    return [f"{name}: stands in WITHOUT_KEY and needs not" for name in WITHOUT_KEY if name not in needed]


def main() -> int:
    """Check the project as it stands; returns the exit code."""
    import sys

    from dagster_project.dbt_runner import ensure_manifest, read_manifest
    from dagster_project.settings import load_settings

    found = broken_rules(read_manifest(ensure_manifest(load_settings())))
    for line in found:
        sys.stderr.write(f"dbt rules: {line}\n")
    sys.stdout.write("dbt rules: all kept\n" if not found else "")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
