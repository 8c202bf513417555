"""A small fixed sample of the campaign of `tests/soak/payload_mutations_sec.py`."""

import pytest

from tests.soak.payload_mutations_sec import SUBJECTS, run


@pytest.mark.parametrize("name", SUBJECTS)
def test_damaged_payloads_end_as_rows_of_the_contract_or_as_a_refusal(name: str) -> None:
    tally = run(count=20, seed=8, names=(name,))[name]
    assert tally.failures == []
    assert tally.outcomes.total() == 20
    assert tally.outcomes["refused"] > 0
