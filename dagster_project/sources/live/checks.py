"""What several providers share: is this payload what was asked for at all, and safe reading of its text.

Belongs here: judgements over the bytes of a payload, and bytes to JSON or CSV.
Does not belong here: anything about one service, and judging rows (`contracts`).
"""

import csv
import io
import json
from datetime import datetime
from typing import Any

from dagster_project.errors import SourceError

SHOWN_BYTES = 80


def first_bytes(content: bytes) -> str:
    """The beginning of a payload for a message."""
    cut = "..." if len(content) > SHOWN_BYTES else ""
    return f"first bytes {content[:SHOWN_BYTES]!r}{cut} of {len(content):,}"


def is_html(content: bytes) -> bool:
    """Whether it is a web page, as services send with status 200 when they do not know an address any more."""
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start)


def refuse_other_than(content: bytes, expected: str, starts: tuple[bytes, ...] = ()) -> None:
    """Refuse an empty payload, a web page, and one that begins otherwise than with one of `starts`.

    Raises:
        SourceError: with `expected` in words and the first bytes.
    """
    if not content.strip():
        raise SourceError(f"expected {expected}, an empty payload came. Try again later.")
    if is_html(content):
        raise SourceError(f"expected {expected}, a web page came: {first_bytes(content)}. The address may have moved.")
    if starts and not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(starts):
        raise SourceError(f"expected {expected}, something else came: {first_bytes(content)}.")


def read_json(content: bytes, expected: str) -> Any:
    """The JSON value in a payload, its numbers as the text that came: the contract judges them.

    Raises:
        SourceError: it is no whole JSON text.
    """
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"expected {expected}, cannot be read ({error}): {first_bytes(content)}.") from error


def as_text(value: Any) -> str | None:
    """A JSON value as a cell: null and nothing are missing, anything but a text or number shows what it is."""
    return value if value is None or isinstance(value, str) else json.dumps(value)[:200]


def iso_date(text: str | None, *formats: str) -> str | None:
    """A date as `YYYY-MM-DD`; what fits none of the formats stays as it is, for the contract to reject."""
    for one in formats:
        try:
            return datetime.strptime((text or "").strip(), one).strftime("%Y-%m-%d")
        except ValueError:
            continue
    return text


def read_csv(content: bytes, expected: str) -> list[list[str]]:
    """The records of a CSV payload, blank lines left out; at least one.

    Raises:
        SourceError: it is no UTF-8 text, a field is too large, or there is nothing in it.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"expected {expected}, cannot be read ({error}): {first_bytes(content)}.") from error
    if not rows:
        raise SourceError(f"expected {expected}, there is not one line with text.")
    return rows
