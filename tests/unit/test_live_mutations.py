"""A small fixed part of the campaign `tests.soak.payload_mutations`."""

from tests.soak.payload_mutations import run


def test_no_damaged_payload_crashes_a_parser_or_gets_a_bad_row_in() -> None:
    results = run(count=25, seed=1)
    assert {name: result.findings for name, result in results.items() if result.findings} == {}
    assert all(result.counts["refused"] for result in results.values())
    assert sum(sum(result.counts.values()) for result in results.values()) == 25 * len(results)
