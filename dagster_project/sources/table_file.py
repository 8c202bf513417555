"""Table files (CSV, CSV.gz, Parquet) to frames of text.

Belongs here: everything about file formats. A frame holds text only, so that the contract alone
decides what a value is, and a message can show the value as it stands in the file. Files are read batch by batch:
one may be larger than memory.
Does not belong here: columns and types of any table (`contracts`).
"""

import codecs
import csv
import gzip
import io
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from dagster_project.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz", ".parquet")
BLOCK_BYTES = 16 << 20
"""Of CSV read at a time: a smaller file is one batch."""
BATCH_ROWS = 100_000
"""Of Parquet read at a time."""
DELIMITERS = {";": "semicolon", "\t": "tab", "|": "vertical bar"}

Opener = Callable[[], BinaryIO]


@dataclass(frozen=True)
class RaggedRow:
    """A row with another number of fields than the header."""

    line: int
    text: str
    fields: int


@dataclass(frozen=True)
class RecordLines:
    """First physical lines (from 1) of the records of a CSV after the header, found when the first one is asked for.

    A record may span lines in quotes, and blank lines are no records, so lines cannot be counted by rows.
    """

    opener: Opener

    @property
    def fitting(self) -> "array[int]":
        """Of records that fit the header, in order."""
        return self._found[0]

    @property
    def ragged(self) -> "array[int]":
        """Of those that do not."""
        return self._found[1]

    @cached_property
    def _found(self) -> "tuple[array[int], array[int]]":
        width, start = 0, 1
        fitting, ragged = array("Q"), array("Q")
        with self.opener() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            reader = csv.reader(text)
            for record in reader:
                if record and not width:
                    width = len(record)
                elif record:
                    (fitting if len(record) == width else ragged).append(start)
                start = reader.line_num + 1
        return fitting, ragged


@dataclass(frozen=True)
class TextTable:
    """A payload, or a part of one, as text: `frame` has one `string` column per column of the file, missing where
    empty, its index are the numbers of the rows in the payload from 0; `ragged` are rows that do not fit the header."""

    frame: "pd.DataFrame"
    ragged: tuple[RaggedRow, ...] = ()
    lines: RecordLines | None = None
    """Of a CSV."""

    @classmethod
    def of_columns(cls, columns: Mapping[str, Sequence[str | None]]) -> "TextTable":
        """A table from its columns, for payloads that are no table files; None and `""` are missing."""
        import pandas as pd

        return cls(pd.DataFrame({name: pd.array(values, dtype="string") for name, values in columns.items()}))

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
        return row + 1 if self.lines is None else self.lines.fitting[row]


@dataclass
class TableFile:
    """A table file that is open to be read once; `batches` are Arrow tables of text, missing where empty."""

    names: list[str]
    """Of its columns, without spaces around them."""
    batches: "Iterator[pa.Table]"
    lines: RecordLines | None = None
    _invalid: list[tuple[str, int]] = field(default_factory=list)

    @property
    def ragged(self) -> tuple[RaggedRow, ...]:
        """Rows that do not fit the header, once the batches have been read."""
        if not self._invalid or self.lines is None:
            return ()
        found = zip(self.lines.ragged, self._invalid, strict=True)
        return tuple(RaggedRow(line, text, fields) for line, (text, fields) in found)


def open_table_file(content: bytes | Path, origin: str) -> TableFile:
    """Open the bytes of a table file, or the file itself; the ending of `origin` tells the format.

    Raises:
        SourceError: it is not such a table, which may show only while its batches are read; the message says why and
            what to do.
    """
    opener = cast("Opener", partial(content.open, "rb") if isinstance(content, Path) else partial(io.BytesIO, content))
    with opener() as file:
        if not file.read(1):
            raise SourceError(f"{origin}: the file is empty; expected a header and rows. Deliver it again.")
    if origin.endswith(".parquet"):
        return _open_parquet(opener, origin)
    return _open_csv(cast("Opener", lambda: gzip.open(opener())) if origin.endswith(".gz") else opener, origin)


def read_table_file(content: bytes | Path, origin: str) -> TextTable:
    """A table file as a whole.

    Raises:
        SourceError: it is not such a table; the message says why and what to do.
    """
    import pyarrow as pa

    file = open_table_file(content, origin)
    empty = pa.schema([(name, pa.string()) for name in file.names]).empty_table()
    return TextTable(to_frame(pa.concat_tables([empty, *file.batches])), file.ragged, file.lines)


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """A pandas frame of `string` columns, rows numbered from 0."""
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=lambda _: pd.StringDtype())
    return frame


def _open_csv(opener: Opener, origin: str) -> TableFile:
    import pyarrow as pa
    from pyarrow import csv as pacsv

    _check_text(opener, origin)
    header = _header(opener, origin)
    names = [name.strip() for name in header]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SourceError(f"{origin}: column {repeated[0]} stands twice in line 1. Remove one of them.")
    invalid: list[tuple[str, int]] = []

    def keep_ragged(row: pacsv.InvalidRow) -> str:
        invalid.append((row.text, row.actual_columns))
        return "skip"

    def batches() -> Iterator[pa.Table]:
        try:
            with opener() as file:
                reader = pacsv.open_csv(
                    pa.PythonFile(file, "r"),
                    read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                    parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep_ragged),
                    convert_options=pacsv.ConvertOptions(
                        column_types=dict.fromkeys(header, pa.string()),
                        null_values=[""],
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=True,
                    ),
                )
                for batch in reader:
                    yield pa.Table.from_batches([batch]).rename_columns(names)
        except pa.ArrowInvalid as error:
            raise SourceError(f"{origin}: cannot be read as CSV ({error}). Deliver it again.") from error

    return TableFile(names, batches(), RecordLines(opener), invalid)


def _check_text(opener: Opener, origin: str) -> None:
    """Raise SourceError unless it is text in UTF-8 that is not blank, to its end."""
    decoder, lines, is_blank = codecs.getincrementaldecoder("utf-8")(), 0, True
    try:
        with opener() as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
                lines += chunk.count(b"\n")
                is_blank = is_blank and not chunk.strip()
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{origin}: line {line} is not UTF-8 (byte 0x{error.object[error.start]:02x}). Save the file as UTF-8."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{origin}: not a whole gzip file ({error}). Deliver it again.") from error
    if is_blank:
        raise SourceError(f"{origin}: the file has no rows; expected a header and rows. Deliver it again.")


def _header(opener: Opener, origin: str) -> list[str]:
    with opener() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        first = next(line for line in text if line.strip("\r\n")).lstrip("\r\n").splitlines()[0]
    header = next(csv.reader([first]))
    if len(header) == 1:
        for sign, word in DELIMITERS.items():
            if sign in first:
                raise SourceError(
                    f"{origin}: line 1 has no comma but {word}s; expected a comma as delimiter. Save it as CSV "
                    "with commas."
                )
    return header


def _open_parquet(opener: Opener, origin: str) -> TableFile:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.PythonFile(opener(), "r"))
        schema = file.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{origin}: not a whole Parquet file ({error}). Deliver it again.") from error
    repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if repeated:
        raise SourceError(f"{origin}: not a Parquet table: column {repeated[0]} is there twice. Remove one of them.")
    names = _as_text(schema.empty_table(), origin).column_names

    def batches() -> Iterator[pa.Table]:
        try:
            for batch in file.iter_batches(BATCH_ROWS):
                yield _as_text(pa.Table.from_batches([batch]), origin)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(f"{origin}: not a whole Parquet file ({error}). Deliver it again.") from error

    return TableFile(names, batches())


def _as_text(table: "pa.Table", origin: str) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import compute

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
    return pa.table(columns, names=[str(name).strip() for name in table.column_names])
