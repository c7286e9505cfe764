"""All benchmarks at full size, on a database of their own unless DATABASE_URL names one."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

# Not run here: what others stand on, and what needs a directory of data.
OTHERS = {"__init__", "__main__", "forecast", "frame", "projects", "schedule", "slips", "workspace"}


def main() -> None:
    """The workspace is made once, by the first; extra arguments, such as --features, go to each."""
    with TemporaryDirectory(prefix="interlock-benchmarks-") as home:
        environment = {**os.environ, "INTERLOCK_HOME": home}
        modules = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in OTHERS)
        for name in ["workspace", *modules]:
            command = [sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
