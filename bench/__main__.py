"""Run all benchmarks that take minutes at most, or say which data they miss."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from bench import lists, loading, matching, pipeline, related, search, topics

if __name__ == "__main__":
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data"))
    if not data.is_dir():
        sys.exit(f"no real data at {data}: set MEDSAFE_SHARED_DATA to its folder")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    for benchmark in (pipeline, matching, topics, related, search, loading, lists):
        print(f"\n== {benchmark.__name__}")
        benchmark.main()
