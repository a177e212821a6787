# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A lock that keeps a second run off a folder, or off a shard of it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from monai.config import PathLike

from .errors import InputError

__all__ = ["locked_folder"]

logger = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked_folder(folder: PathLike, name: str, shard: str | None = None) -> Iterator[None]:
    """
    Keep other runs off a folder while the block lasts. A run that was killed leaves no lock: the system drops it.

    A run of a shard keeps off those of the same shard, of shards of another count, which may have the same cases, and
    of all cases. There is no lock on Windows. A file system without locks is warned of.

    Args:
        folder: the folder; it is made if it is not there.
        name: the variable that names it, for messages.
        shard: "3/8" for the third of eight shards. Defaults to None, all cases.

    Raises:
        InputError: When another run is at work there, or the folder can't be written to.
    """
    with ExitStack() as locks:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            for file, shared, other in _list_locks(Path(folder), shard):
                lock = locks.enter_context(file.open("a+"))  # network file systems demand read access for a shared lock
                if not _take(lock, shared):
                    raise InputError(f"{name}: {other} at work in {folder}. Wait for it, or give another folder.")
        except OSError as e:
            raise InputError(f"{name}: {folder} can't be written to: {e.strerror}.") from e
        if shard is None:  # no shard is at work, so its file is a leftover
            for file in Path(folder).glob(_name_lock("*/*")):
                with suppress(OSError):
                    file.unlink()
        yield


def _list_locks(folder: Path, shard: str | None) -> Iterator[tuple[Path, bool, str]]:
    """The files that a run locks, whether it shares the lock, and the run that holds it otherwise."""
    yield folder / ".lock", shard is not None, "another run is"
    if shard is None:
        return
    yield folder / _name_lock(shard), False, f"shard {shard} is"
    count = shard.partition("/")[2]
    # after its own lock: of two runs that start at once with different counts one at least sees the other
    for file in folder.glob(_name_lock("*/*")):
        if file.name.rpartition("_")[2] != count:
            yield file, True, f"a shard of another number of shards than {count} is"


def _name_lock(shard: str) -> str:
    return f".lock_{shard.replace('/', '_of_')}"


def _take(file: IO[str], shared: bool) -> bool:
    """Lock a file until it is closed; whether that was possible."""
    try:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except ImportError:  # Windows
        logger.debug("no locks on this system")
    except BlockingIOError:
        return False
    except OSError as e:  # some network file systems have none
        if e.errno not in _NO_LOCKS:
            raise
        logger.warning("%s can't be locked, start no other run of the same cases", file.name)
    return True
