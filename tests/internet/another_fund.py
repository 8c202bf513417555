"""A fund that no file of the project knows but one row of the universe. SIMULATED."""

from pathlib import Path

from dagster_project.sources.live import universe

SYMBOL = "NEWF"
ROW = f"{SYMBOL},ishares,999999,iShares Simulated ETF,false,test\n"


def universe_with_it(directory: Path) -> Path:
    """The project's universe and that row, as a file."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "universe.csv"
    file.write_text(universe.FILE.read_text(encoding="utf-8") + ROW, encoding="utf-8")
    return file
