"""A whole build as one Dagster run in this process.

Belongs here: starting the job on the shared instance and turning its failure into words.
"""

from typing import Any

from dagster_project.errors import SmallcapError
from dagster_project.settings import Settings
from dagster_project.warehouse.check_results import Override


def run_build(settings: Settings, build_id: str, accept_removals: bool, override: Override | None = None) -> None:
    """Run the job `daily`; the UI shows the run like any other.

    Args:
        override: failed blocking checks to publish despite of.

    Raises:
        SmallcapError: a step failed (the message is that of the first error behind it), or the run history cannot be
            written.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        reasons = _run(settings, build_id, accept_removals, override)
    except DBAPIError as error:
        where = "behind SMALLCAP_POSTGRES_URL" if settings.postgres_url else f"in {settings.dagster_home}"
        raise SmallcapError(
            f"Dagster's run history {where} cannot be written: {error.orig}. Look at the space and the rights there "
            "(SMALLCAP_DATA_DIR), then build again. The published build stays."
        ) from error
    if reasons:
        raise SmallcapError("; ".join(reasons))


def _run(settings: Settings, build_id: str, accept_removals: bool, override: Override | None) -> list[str]:
    """Why the run failed; empty when it did not."""
    from dagster_project.orchestration.instance import open_instance, prepare_instance, relax_history_writes

    settings.apply_child_environment()
    prepare_instance(settings)
    relax_history_writes()
    from dagster_project.assets.common import BUILD_ID_TAG
    from dagster_project.contracts.tables import CONTRACTS
    from dagster_project.definitions import defs
    from dagster_project.orchestration.failures import failure_in_words
    from dagster_project.orchestration.retention import COMMAND_LINE, STARTED_BY_TAG, end_dead_runs, forget_old_runs

    ops: dict[str, Any] = {}
    if accept_removals:
        ops |= {f"raw__{table}": {"config": {"accept_removals": True}} for table in CONTRACTS}
    if override and override.check_ids:
        config = {"publish_despite": list(override.check_ids), "reason": override.reason}
        ops |= {step: {"config": config} for step in ("dbt_models", "audit_and_publish")}
    run_config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": ops}
    with open_instance(settings) as instance:
        end_dead_runs(instance, settings)
        tags = {BUILD_ID_TAG: build_id, STARTED_BY_TAG: COMMAND_LINE}
        result = defs.resolve_job_def("daily").execute_in_process(
            instance=instance, raise_on_error=False, tags=tags, run_config=run_config
        )
        forget_old_runs(instance, settings)
    if result.success:
        return []
    reasons = [failure_in_words(event) for event in result.all_events if event.is_step_failure]
    return reasons or ["the run failed; see the log"]
