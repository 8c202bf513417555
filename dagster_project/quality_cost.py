"""What the checks cost, measured on a copy of the warehouse.

Belongs here: running the checks apart from everything else, in CPU seconds: a busy machine stretches only the clock.
Does not belong here: validating rows while they are read in, which is part of ingestion.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.checks.contract_checks import contract_check_results
from dagster_project.contracts.tables import CONTRACTS
from dagster_project.dbt_runner import invoke_dbt
from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings
from dagster_project.steps import warehouse

NOTHING = ["run", "--select", "dim_check"]
"""dbt with next to nothing to do: what every invocation costs."""
MODELS = ["run", "--select", "path:models/quality", "stg_quality__*", "data_quality_*"]
MARKET = ["test", "--select", "test_name:no_unknown_findings"]
OTHERS = ["test", "--select", "test_type:data", "--exclude", "test_name:no_unknown_findings"]


@dataclass(frozen=True)
class Cost:
    """A part of the checks: how many models or checks, and CPU seconds of this process."""

    part: str
    nodes: int
    cpu_seconds: float


def measure(settings: Settings) -> list[Cost]:
    """CPU seconds of every part of the checks on a copy of the warehouse.

    Raises:
        SmallcapError: there is no warehouse to copy, or a model or check could not run on it.
    """
    if not settings.warehouse_file.exists():
        raise SmallcapError(f"{settings.warehouse_file} is not there. Run `smallcap build` first.")
    with tempfile.TemporaryDirectory() as directory:
        copy = settings.model_copy(update={"data_dir": Path(directory)})
        copy.warehouse_file.parent.mkdir(parents=True)
        shutil.copyfile(settings.warehouse_file, copy.warehouse_file)
        _dbt(copy, NOTHING)  # the first one parses the project
        idle, _ = _timed(lambda: _dbt(copy, NOTHING))
        costs = [
            Cost(part, nodes, max(seconds - idle, 0.0))
            for part, (seconds, nodes) in (
                ("findings and coverage (models)", _timed(lambda: _dbt(copy, MODELS))),
                ("market checks", _timed(lambda: _dbt(copy, MARKET))),
                ("tests of seeds, models and marts", _timed(lambda: _dbt(copy, OTHERS))),
            )
        ]
        seconds, checks = _timed(lambda: _contract_checks(copy))
        return [Cost("contract checks (Python)", checks, seconds), *costs]


def _dbt(settings: Settings, arguments: Sequence[str]) -> int:
    results = invoke_dbt(settings, arguments)
    if broken := [result.name for result in results if result.status in ("error", "skipped")]:
        raise SmallcapError(f"{broken[0]} could not run on a copy of the warehouse. Run `smallcap build`.")
    return len(results)


def _contract_checks(settings: Settings) -> int:
    with warehouse(settings) as connection:
        return sum(len(contract_check_results(connection, contract, [], [])) for contract in CONTRACTS.values())


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done
