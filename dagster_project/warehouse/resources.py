"""How much of the machine DuckDB may take, and what to say when that is not enough.

Belongs here: memory, threads and the folder for spilled rows. What does not: which queries run.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Resources:
    """What a build may take. Rows beyond the memory are spilled into a folder of this program's own."""

    memory_limit: str
    threads: int
    spill_dir: Path

    def duckdb_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """What a connection to the warehouse is opened with; dbt/profiles.yml says the same."""
        return {"memory_limit": self.memory_limit, "temp_directory": str(self.spill_dir)}

    def make_room(self) -> None:
        """Make the folder for spilled rows, without what a killed build left in it; under the lock of builds only."""
        shutil.rmtree(self.spill_dir, ignore_errors=True)
        self.spill_dir.mkdir(parents=True)

    def in_words(self, error: str) -> str:
        """What to raise, where an error of DuckDB says that something ran out; empty for any other error."""
        if "No space left on device" in error or "max_temp_directory_size" in error:
            return (
                f"the disk is full: rows that do not fit into memory go to {self.spill_dir}, tables to the warehouse. "
                "Free some space, point SMALLCAP_TEMP_DIR or SMALLCAP_DATA_DIR to a larger disk, or raise "
                f"SMALLCAP_MEMORY_LIMIT (now {self.memory_limit})"
            )
        if "Out of Memory Error" in error or "OutOfMemory" in error:
            return (
                f"memory ran out at SMALLCAP_MEMORY_LIMIT={self.memory_limit}: raise it, or lower SMALLCAP_THREADS "
                f"(now {self.threads} models at a time)"
            )
        return ""
