"""What the checks of several providers share: is this payload what was asked for at all.

Belongs here: judgements over the first bytes and the end of a payload.
Does not belong here: anything about one service, and judging rows (`contracts`).
"""

import json
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
    """The JSON value in a payload; NaN and numbers beyond a double are refused like any other damage.

    Raises:
        SourceError: it is no whole JSON text.
    """

    def no_constant(word: str) -> None:
        raise ValueError(f"{word} is no JSON number")

    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"expected {expected}, cannot be read ({error}): {first_bytes(content)}.") from error
