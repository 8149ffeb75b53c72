"""What a forked process finds: ``python -m tests.stack.probe <question>``."""

import os
import random
import signal
import sys
import uuid

import uuid_utils


def main(question: str, *names: str) -> None:
    if question == "ids":
        print(uuid_utils.uuid7(), uuid.uuid4(), random.getrandbits(64), uuid_utils.uuid4(), sep="\n")
    elif question == "place":
        print(*(f"{name}={text}" for name, text in os.environ.items() if name.startswith("SUANDAI_")), sep="\n")
        print("leads its session" if os.getsid(0) == os.getpid() else "in another's session")
        print(f"input: {sys.stdin.read()!r}")
    elif question == "read":
        print(f"missing: {[name for name in names if name not in sys.modules]}")
        print(f"threads: {len(os.listdir('/proc/self/task'))}")
    elif question == "refuse":
        print("refused")
        sys.exit(3)
    elif question == "break":
        raise RuntimeError("the settings are wrong")
    else:
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
