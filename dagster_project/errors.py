"""Errors that people read.

Belongs here: the error types whose message goes to the terminal as it is. A message says what was
expected, what came, from which file or address, and what to do next.
Does not belong here: errors of a single function that its caller handles.
"""


class SmallcapError(Exception):
    """Something the user can mend; shown without a traceback.

    `exit_code` is what the `smallcap` command ends with: 1 nothing was done or published.
    """

    exit_code = 1


class SourceError(SmallcapError):
    """A payload could not be planned or fetched."""


class WarehouseError(SmallcapError):
    """The warehouse, the archive or a published build is not in the state that was expected."""


class BusyError(SmallcapError):
    """Another build holds the warehouse."""

    exit_code = 4


class AuditError(SmallcapError):
    """Blocking checks of this build did not pass: nothing was published."""
