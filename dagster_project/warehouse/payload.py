"""The rows of an archived payload, whoever delivered it, in pieces that fit into memory.

Belongs here: choosing the reader, cutting a large file into pieces, what a payload of a service speaks for.
Does not belong here: judging rows (`contracts`), formats (`sources`).
"""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from dagster_project.contracts.model import Contract
from dagster_project.sources.table_file import TableFile, TextTable, open_table_file, to_frame
from dagster_project.warehouse.archive import Archive, LedgerEntry

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PIECE_ROWS = 200_000
BUCKETS = 4096
"""Of series by their hash: a piece is a range of them, and what is compared is a number, not a text once a piece."""


def read_payload(
    connection: "duckdb.DuckDBPyConnection", archive: Archive, contract: Contract, entry: LedgerEntry
) -> Iterator[TextTable]:
    """Rows of one entry as text; a function of the archive alone. Row numbers are those of the payload.

    All rows of a series are in one piece, so whatever a contract asks of several rows can be asked of a piece; most
    payloads are one. Of a payload that was asked for certain days only rows of these days are left: later ones are
    not settled yet.

    Raises:
        SourceError: the bytes cannot be read as what they should be.
        WarehouseError: the archive does not have them.
    """
    if entry.provider:
        yield _of_service(archive, contract, entry)
        return
    file = open_table_file(archive.verified_file(entry), entry.origin)
    first, second = next(file.batches, None), next(file.batches, None)
    if first is None or second is None:
        import pyarrow as pa

        only = first or pa.table({name: pa.array([], pa.string()) for name in file.names})
        yield TextTable(to_frame(only), file.ragged, file.lines)
    else:
        yield from _pieces(connection, contract, file, chain([first, second], file.batches))


def _of_service(archive: Archive, contract: Contract, entry: LedgerEntry) -> TextTable:
    from dagster_project.sources.live.registry import parse_payload

    table = parse_payload(entry.provider, contract.table, entry.name, archive.read(entry))
    days = table.frame[contract.time_column]
    outside = (days < entry.first_day) | ((days > entry.last_day) if entry.last_day else False)
    return TextTable(table.frame[~outside.fillna(False)], table.ragged, table.lines)


def _pieces(
    connection: "duckdb.DuckDBPyConnection", contract: Contract, file: TableFile, batches: "Iterator[pa.Table]"
) -> Iterator[TextTable]:
    """Write the text into a temporary table, which goes to disk where it must, and read it series by series."""
    import pyarrow as pa

    # DuckDB takes Close and close for one name
    columns = {f"c{number}": name for number, name in enumerate(file.names)}
    names = ["row_number", *columns]

    def numbered() -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in batches:
            numbers = pa.array(range(rows, rows + batch.num_rows), pa.int64())
            rows += batch.num_rows
            yield from pa.table([numbers, *batch.columns], names=names).to_batches()

    kinds = [(name, pa.int64() if name == "row_number" else pa.string()) for name in names]
    of_series = [f"coalesce(trim({column}), '')" for column, name in columns.items() if name in contract.series]
    bucket = f"hash({', '.join(of_series)}) % {BUCKETS}" if of_series else "0"
    connection.register("_text", pa.RecordBatchReader.from_batches(pa.schema(kinds), numbered()))
    connection.execute(
        f"create or replace temp table payload_text as select *, cast({bucket} as usmallint) as bucket from _text"
    )
    connection.unregister("_text")
    [(rows,)] = connection.execute("select count(*) from payload_text").fetchall()
    pieces = min(max(rows // PIECE_ROWS, 1), BUCKETS) if of_series else 1
    ragged = file.ragged
    for number in range(pieces):
        first, last = BUCKETS * number // pieces, BUCKETS * (number + 1) // pieces - 1
        sql = f"select * exclude (bucket) from payload_text where bucket between {first} and {last} order by row_number"
        found: pa.Table = connection.sql(sql).to_arrow_table()
        if not found.num_rows:
            continue
        frame = to_frame(found.drop_columns(["row_number"]).rename_columns(file.names))
        frame.index = found["row_number"].to_pandas()
        yield TextTable(frame, ragged, file.lines)
        ragged = ()
    connection.execute("drop table payload_text")
