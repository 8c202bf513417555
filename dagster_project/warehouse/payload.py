"""The rows of an archived payload, whoever delivered it.

Belongs here: choosing the reader, and what a payload of a service speaks for.
Does not belong here: judging rows (`contracts`), formats (`sources`).
"""

from dagster_project.contracts.model import Contract
from dagster_project.sources.table_file import TextTable, read_table_file
from dagster_project.warehouse.archive import Archive, LedgerEntry


def read_payload(archive: Archive, contract: Contract, entry: LedgerEntry) -> TextTable:
    """Rows of one entry as text; a function of the archive alone. Row numbers are those of the payload.

    Of a payload that was asked for certain days only rows of these days are left: later ones are not settled yet.

    Raises:
        SourceError: the bytes cannot be read as what they should be.
        WarehouseError: the archive does not have them.
    """
    content = archive.read(entry)
    if not entry.provider:
        return read_table_file(content, entry.origin)
    from dagster_project.sources.live.registry import parse_payload

    table = parse_payload(entry.provider, contract.table, entry.name, content)
    days = table.frame[contract.time_column]
    outside = (days < entry.first_day) | ((days > entry.last_day) if entry.last_day else False)
    return TextTable(table.frame[~outside.fillna(False)], table.ragged, table.csv_content)
