"""Write the keys of all assets and asset checks beside this file, for the test that watches them.

Run it after adding or removing an asset or a check on purpose: python tests/contract/write_asset_and_check_keys.py
"""

import os
import sys
import tempfile
from pathlib import Path

KEYS_FILE = Path(__file__).with_name("asset_and_check_keys.txt")


def asset_and_check_keys() -> list[str]:
    """`asset raw/daily_bars` and `check raw/daily_bars: has_rows`, sorted."""
    from dagster_project.definitions import defs

    graph = defs.resolve_asset_graph()
    assets = [f"asset {key.to_user_string()}" for key in graph.get_all_asset_keys()]
    checks = [f"check {key.asset_key.to_user_string()}: {key.name}" for key in graph.asset_check_keys]
    return sorted([*assets, *checks])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data_dir:
        os.environ["SMALLCAP_DATA_DIR"] = data_dir
        text = "\n".join(asset_and_check_keys()) + "\n"
    if "--print" in sys.argv:
        sys.stdout.write(text)
    else:
        KEYS_FILE.write_text(text, encoding="utf-8")
