import subprocess
import sys
import textwrap

SCRIPT = """
    from interlock.config import supervisor
    supervisor.STEADY, supervisor.PATIENCE, supervisor.LOOK = 10, {patience}, 0.01
    raise SystemExit(supervisor.supervise({{"it": ["false"], "other": ["sleep", "60"]}}))
"""


def test_a_process_that_never_stays_up_is_given_up_and_the_others_are_ended():
    script = textwrap.dedent(SCRIPT.format(patience=2))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "interlock serve: it ended (with status 1); starting it again",
        "interlock serve: it ended (with status 1); starting it again",
        "interlock serve: giving up: what is said above keeps it from starting",
    ]
