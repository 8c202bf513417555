"""The comparison of two engines finds what it is there to find."""

import duckdb
import pytest

from tests.spark.compare import compare

LEFT = "(select * from (values (1, 'a', 1e6::double), (2, 'b', null), (3, null, 'nan')) as t(id, word, figure))"


def other(changes: str = "", rows: str = "true") -> str:
    replaced = f"replace ({changes})" if changes else ""
    return f"(select * {replaced} from {LEFT} where {rows})"


@pytest.mark.parametrize("keys", [("id",), ()])
@pytest.mark.parametrize("right", [other(), other("figure * (1 + 1e-10) as figure"), other("id::bigint as id")])
def test_equal_within_the_tolerance(keys: tuple[str, ...], right: str) -> None:
    with duckdb.connect() as connection:
        found = compare(connection, "model", LEFT, right, keys)
    assert found.faults == ()
    assert (found.rows, found.cells) == (3, 9)


@pytest.mark.parametrize(
    ("right", "fault"),
    [
        (other("figure * (1 + 1e-8) as figure"), "figure differs in 1 rows"),
        (other("coalesce(figure, 0) as figure"), "figure differs in 1 rows"),
        (other("case when id = 3 then null else figure end as figure"), "figure differs in 1 rows"),
        (other("case when id = 3 then 0.0::double else figure end as figure"), "figure differs in 1 rows"),
        (other("coalesce(word, '') as word"), "word differs in 1 rows"),
        (other(rows="id > 1"), "1 rows only in the first, 0 only in the second"),
        (other("id + 1 as id"), "1 rows only in the first, 1 only in the second"),
        (other("id::varchar as id"), "column id is INTEGER and VARCHAR"),
        (f"(select * exclude (word) from {LEFT})", "column word is only in one"),
        (f"(from {LEFT} union all from {LEFT})", "0 rows only in the first, 3 only in the second"),
    ],
)
def test_a_difference_is_told(right: str, fault: str) -> None:
    with duckdb.connect() as connection:
        found = compare(connection, "model", LEFT, right, ("id",))
    assert any(fault in one for one in found.faults), found.faults
