"""The questions of docs/sql.md: reading them, asking a build, printing the answers as `smallcap query` does.

`python -m tests.golden.sql_cookbook MARKET_FILE` writes the answers of a build into the document.
"""

import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from dagster_project.brief.query import print_rows
from dagster_project.warehouse.connection import open_reader
from tests.helpers import REPO

COOKBOOK = REPO / "docs" / "sql.md"
QUESTION = re.compile(
    r"^## (?P<number>\d+) (?P<title>[^\n]+)\n(?P<words>.*?)^```sql\n(?P<sql>.*?)^```\n"
    r"(?:\n```text\n(?P<answer>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Question:
    """One question: its SQL and the printed answer."""

    number: int
    title: str
    sql: str
    answer: str | None


def questions() -> list[Question]:
    """The questions in the order of the document."""
    found = QUESTION.finditer(COOKBOOK.read_text(encoding="utf-8"))
    return [Question(int(q["number"]), q["title"], q["sql"], q["answer"]) for q in found]


def ask(database: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names and rows, over the connection that `smallcap query` uses."""
    with open_reader(database) as reader:
        cursor = reader.execute(sql)
        return [column[0] for column in cursor.description], cursor.fetchall()


def printed(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    """The rows as `smallcap query` prints them into a file."""
    console = Console(file=io.StringIO(), width=10_000, highlight=False)
    print_rows(names, rows, 50, console)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def with_answers(database: Path) -> str:
    """The document with the answers of a build."""

    def answered(question: re.Match[str]) -> str:
        answer = printed(*ask(database, question["sql"]))
        head = f"## {question['number']} {question['title']}\n{question['words']}```sql\n{question['sql']}```\n"
        return f"{head}\n```text\n{answer}```\n"

    return QUESTION.sub(answered, COOKBOOK.read_text(encoding="utf-8"))


if __name__ == "__main__":
    COOKBOOK.write_text(with_answers(Path(sys.argv[1])), encoding="utf-8")
