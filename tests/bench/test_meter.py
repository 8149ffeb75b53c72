"""Processor time and memory of a process and of those it started."""

import os
import signal
import subprocess
import sys
import time

from suandai.bench.meter import Meter, spent

# A parent that only waits, and a child that works and holds memory. It ends by itself, should nobody be left to end it.
_CHILD = """
import sys, time
held = bytearray(40_000_000)
print("at work", flush=True)
until = time.monotonic() + 120
while time.monotonic() < until:
    sum(range(10_000))
"""
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_CHILD!r}])"


def test_the_work_of_children_counts_and_that_of_others_does_not() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, start_new_session=True)
    idle = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"at work\n"
        meter = Meter({"starter": os.getpid(), "working": parent.pid, "idle": idle.pid})
        before = meter.cpu_ms()
        deadline = time.monotonic() + 60
        while (used := spent(before, meter.cpu_ms()))["working"] < 200:
            assert time.monotonic() < deadline, used
            time.sleep(0.05)
        assert used["idle"] < 200
        assert used["starter"] < used["working"], "what a component started is counted once"
        memory = meter.memory_mb()
        assert memory["working"] > 38 + memory["idle"] / 2
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        for process in (parent, idle):
            process.kill()
            process.wait()
