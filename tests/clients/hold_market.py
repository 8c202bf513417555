"""A reader that keeps the published file open and asks until its standard input ends; prints what it saw as JSON."""

import json
import sys
import threading

import duckdb

is_over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
answers, builds = 0, set()
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    sys.stdout.write("open\n")
    sys.stdout.flush()
    while not is_over.is_set():
        builds |= set(connection.execute("select build_id from meta.build").fetchall())
        connection.execute("from v_today").fetchall()
        answers += 1
        is_over.wait(1)  # a person's pace: the build needs the processor
sys.stdout.write(json.dumps({"answers": answers, "builds": sorted(name for (name,) in builds)}))
