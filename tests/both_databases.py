"""The whole suite on SQLite (with the browser) and on PostgreSQL at the same time: `python -m tests.both_databases`.

SQLite's progress shows as it goes, PostgreSQL's output follows whole; the exit code is 0 only if both passed.
Arguments go to both pytest runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

SUITE = [sys.executable, "-m", "pytest"]


def main() -> int:
    with tempfile.TemporaryFile("w+") as output:
        postgresql = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres", "--", *SUITE, "-m", "not browser", *sys.argv[1:]],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _say("SQLite")
            sqlite = subprocess.run([*SUITE, *sys.argv[1:]], env=_sqlite(), check=False).returncode
            postgresql.wait()
        finally:
            postgresql.terminate()
            postgresql.wait()
            _say("PostgreSQL")
            output.seek(0)
            sys.stdout.write(output.read())
    return sqlite or postgresql.returncode


def _sqlite() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return environment | {"EXPECT_DATABASE": "sqlite"}


def _say(database: str) -> None:
    sys.stdout.write(f"=== The suite on {database}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
