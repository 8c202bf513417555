"""The `files` source: the user's own or licensed data in an inbox, one folder per contract table.

Belongs here: finding the files of the inbox.
Does not belong here: what is inside them (`table_file`, `contracts`).
"""

from collections.abc import Iterable
from pathlib import Path

from dagster_project.sources.base import Fetched, PayloadRef, Plan, SourceError
from dagster_project.sources.table_file import SUFFIXES


class FilesSource:
    """Files `INBOX/<table>/<name>.csv | .csv.gz | .parquet`; several files make one table."""

    mode = "files"
    is_simulated = False

    def __init__(self, inbox: Path, known_tables: Iterable[str], is_optional: bool = False) -> None:
        self.inbox = inbox
        self.known_tables = frozenset(known_tables)
        self.is_optional = is_optional
        """Whether there may be no inbox: beside the live source it holds what no service gives."""

    def plan(self, tables: Iterable[str]) -> Plan:
        """List the files of `tables`; anything else in the inbox becomes a remark."""
        if self.is_optional and not self.inbox.exists():
            return Plan(())
        if not self.inbox.is_dir():
            came = "is a file" if self.inbox.exists() else "does not exist"
            raise SourceError(
                f"Inbox {self.inbox} {came}; expected a folder with one folder per table "
                f"({', '.join(sorted(self.known_tables))}). Set INBOX (or SMALLCAP_INBOX) to yours."
            )
        remarks = [
            f"{entry}: not a table of the contracts, left alone (known: {', '.join(sorted(self.known_tables))})"
            for entry in sorted(self.inbox.iterdir())
            if entry.name not in self.known_tables and not entry.name.startswith((".", "README"))
        ]
        payloads: list[PayloadRef] = []
        for table in tables:
            folder = self.inbox / table
            if not folder.exists():
                continue
            if not folder.is_dir():
                remarks.append(f"{folder}: expected a folder with files of table {table}, found a file")
                continue
            for entry in sorted(folder.iterdir()):
                if entry.name.endswith(SUFFIXES):
                    payloads.append(PayloadRef(table, entry.name, str(entry)))
                elif not entry.name.startswith((".", "README")):
                    remarks.append(f"{entry}: ending not known, left alone (known: {', '.join(SUFFIXES)})")
        return Plan(tuple(payloads), tuple(remarks))

    def fetch(self, ref: PayloadRef) -> Fetched:
        """Name the file, which can be opened: it may be larger than memory."""
        path = Path(ref.origin)
        if path.is_dir():
            raise SourceError(f"{path}: expected a file, found a folder. Move its files one level up.")
        try:
            path.open("rb").close()
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror}). Check the file and its rights.") from error
        return Fetched(path, ref.origin)
