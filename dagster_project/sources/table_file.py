"""Bytes of a table file (CSV, CSV.gz, Parquet) to a frame of text.

Belongs here: everything about file formats. The frame holds text only, so that the contract alone
decides what a value is, and a message can show the value as it stands in the file.
Does not belong here: columns and types of any table (`contracts`).
"""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dagster_project.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz", ".parquet")
DELIMITERS = {";": "semicolon", "\t": "tab", "|": "vertical bar"}


@dataclass(frozen=True)
class RaggedRow:
    """A row with another number of fields than the header."""

    line: int
    text: str
    fields: int


@dataclass(frozen=True)
class TextTable:
    """A file as text: `frame` has one `string` column per column of the file, missing where empty,
    and rows numbered from 0; `ragged` are the rows that do not fit the header."""

    frame: "pd.DataFrame"
    ragged: tuple[RaggedRow, ...]
    csv_content: bytes | None

    @classmethod
    def of_columns(cls, columns: Mapping[str, Sequence[str | None]]) -> "TextTable":
        """A table from its columns, for payloads that are no table files; None and `""` are missing."""
        import pandas as pd

        return cls(pd.DataFrame({name: pd.array(values, dtype="string") for name, values in columns.items()}), (), None)

    @cached_property
    def _record_lines(self) -> list[int]:
        assert self.csv_content is not None
        return record_lines(self.csv_content)[0]

    @property
    def ragged_frame(self) -> "pd.DataFrame":
        """Ragged rows as far as they can be read: surplus fields are cut off, lacking ones are missing."""
        import pandas as pd

        names = list(self.frame.columns)
        fields = [next(csv.reader([row.text]), []) for row in self.ragged]
        padded = [(found + [""] * len(names))[: len(names)] for found in fields]
        return pd.DataFrame(padded, columns=names, dtype="string")

    def line(self, row: int) -> int:
        """Line of the file on which a row of `frame` starts; for Parquet the row number from 1."""
        return row + 1 if self.csv_content is None else self._record_lines[row]


def read_table_file(content: bytes, origin: str) -> TextTable:
    """Read a table file; the ending of `origin` tells the format.

    Raises:
        SourceError: the bytes are not such a table; the message says why and what to do.
    """
    if not content:
        raise SourceError(f"{origin}: the file is empty; expected a header and rows. Deliver it again.")
    if origin.endswith(".parquet"):
        return TextTable(_parquet_text(content, origin), (), None)
    if origin.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{origin}: not a whole gzip file ({error}). Deliver it again.") from error
    return _csv_text(content, origin)


def record_lines(csv_content: bytes) -> tuple[list[int], list[int]]:
    """First physical lines (from 1) of the records after the header: those that fit it, and ragged ones.

    A record may span lines in quotes, and blank lines are no records, so lines cannot be counted by rows.
    """
    reader = csv.reader(io.StringIO(csv_content.decode("utf-8-sig"), newline=""))
    width = 0
    fitting: list[int] = []
    ragged: list[int] = []
    start = 1
    for record in reader:
        if record and not width:
            width = len(record)
        elif record:
            (fitting if len(record) == width else ragged).append(start)
        start = reader.line_num + 1
    return fitting, ragged


def _csv_text(content: bytes, origin: str) -> TextTable:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{origin}: line {line} is not UTF-8 (byte 0x{content[error.start]:02x}). Save the file as UTF-8."
        ) from error
    if not content.strip():
        raise SourceError(f"{origin}: the file has no rows; expected a header and rows. Deliver it again.")
    header_line = content.decode("utf-8-sig").lstrip("\r\n").splitlines()[0]
    header = next(csv.reader([header_line]))
    if len(header) == 1:
        for sign, word in DELIMITERS.items():
            if sign in header_line:
                raise SourceError(
                    f"{origin}: line 1 has no comma but {word}s; expected a comma as delimiter. Save it as CSV "
                    "with commas."
                )
    names = [name.strip() for name in header]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SourceError(f"{origin}: column {repeated[0]} stands twice in line 1. Remove one of them.")
    found: list[pacsv.InvalidRow] = []

    def keep_ragged(row: pacsv.InvalidRow) -> str:
        found.append(row)
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            read_options=pacsv.ReadOptions(use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep_ragged),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(f"{origin}: cannot be read as CSV ({error}). Deliver it again.") from error
    lines = record_lines(content)[1] if found else []
    ragged = [RaggedRow(line, row.text, row.actual_columns) for line, row in zip(lines, found, strict=True)]
    return TextTable(_to_pandas(table), tuple(ragged), content)


def _parquet_text(content: bytes, origin: str) -> "pd.DataFrame":
    import pyarrow as pa
    from pyarrow import compute, parquet

    try:
        table = parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{origin}: not a whole Parquet file ({error}). Deliver it again.") from error
    columns = []
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            column = compute.strftime(column, format="%Y-%m-%dT%H:%M:%S")
        try:
            columns.append(column.cast(pa.string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SourceError(
                f"{origin}: column {name} has type {column.type}; expected numbers, dates or text."
            ) from error
    return _to_pandas(pa.table(columns, names=table.column_names))


def _to_pandas(table: "pa.Table") -> "pd.DataFrame":
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=lambda _: pd.StringDtype())
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame
