"""The installation's keys: made once, at the first start, and never again."""

from pathlib import Path

from services.kit.keyring import Keyring, KeysRefused
from suandai.stack.component import StackError


def ensure_keys(directory: Path) -> None:
    """Create the keys where there are none. Raises ``StackError`` for a directory that holds only some of them.

    Losing the payload key makes every open case unreadable, so a directory that is there but does not load is never
    filled up with new keys.
    """
    if not directory.exists() or not any(directory.iterdir()):
        Keyring.create(directory)
        return
    try:
        Keyring.load(directory)
    except (OSError, KeysRefused) as error:
        raise StackError(f"the keys in {directory} cannot be used ({error}); restore them from their copy") from None
