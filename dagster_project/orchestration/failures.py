"""Why a step failed, in words for a person.

Belongs here: reading Dagster's events. Does not belong here: what is done with the words (`run`, `sensors`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterEvent

OURS = "dagster_project.errors."


def failure_in_words(event: "DagsterEvent") -> str:
    """Step and reason of a step failure.

    Dagster wraps errors in its own, which say nothing to a reader: the reason is the outermost error of this project,
    which has words for people, else the first cause.
    """
    failure = event.step_failure_data
    if failure.user_failure_data:
        return f"{event.step_key}: {(failure.user_failure_data.description or '').strip()}"
    error = failure.error
    while error is not None and error.cause is not None and not error.message.startswith(OURS):
        error = error.cause
    text = error.message.strip() if error else "unknown error"
    return f"{event.step_key}: {text.partition(': ')[2] if text.startswith(OURS) else text}"
