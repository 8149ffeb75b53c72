"""The installation's keys: made once, at the first start, and never again."""

import shutil
from pathlib import Path

from services.kit.keyring import Keyring, KeysRefused
from suandai.stack.component import StackError

# What a worker needs: to read and write what the engine stores, and to check signatures without being able to make any.
_WORKERS_SHARE = ("payload-*.jwk", "*.public.jwks", "GENERATED")


def ensure_keys(directory: Path, worker_directory: Path) -> None:
    """Create the keys where there are none, and give the worker its share of them.

    Losing the payload key makes every open case unreadable, so a directory that is there but does not load is never
    filled up with new keys: that raises ``StackError``.
    """
    try:
        if not directory.exists() or not any(directory.iterdir()):
            Keyring.create(directory)
        else:
            Keyring.load(directory)
    except KeysRefused as error:
        raise StackError(f"the keys in {directory} cannot be used ({error}); restore them from their copy") from None
    worker_directory.mkdir(mode=0o700, exist_ok=True)
    for pattern in _WORKERS_SHARE:
        for file in directory.glob(pattern):
            # With its mode: a key that others could read would be refused.
            shutil.copy2(file, worker_directory / file.name)
