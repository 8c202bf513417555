"""What a test of dbt asks of the data, in one sentence for people who look at its result.

Belongs here: the words, made from dbt's manifest. Does not belong here: running tests.
"""

from collections.abc import Mapping
from typing import Any


def test_in_words(node: Mapping[str, Any], market_checks: Mapping[str, str]) -> str:
    """A sentence about one test of dbt's manifest; its name where nothing else is known of it.

    Args:
        market_checks: what each market check catches, by `check_id`.
    """
    name = str(node["name"]).removeprefix("assert_").replace("_", " ")
    generic = node.get("test_metadata")
    if not generic:
        lines = [line.strip() for line in node["raw_code"].splitlines()]
        return " ".join(line.removeprefix("--").strip() for line in lines if line.startswith("--")) or name
    given = generic["kwargs"]
    column = given.get("column_name")
    words = {
        "unique_grain": f"One row per {', '.join(given.get('columns', []))}, none of them null.",
        "not_null": f"{column} is never null.",
        "accepted_values": f"{column} is one of {', '.join(map(str, given.get('values', [])))}.",
        "relationships": f"Every {column} is a {given.get('field')} of {str(given.get('to'))[5:-2]}.",
        "no_unknown_findings": market_checks.get(str(given.get("check_id")), ""),
    }
    return words.get(generic["name"]) or name
