# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A lock that keeps a second run off a folder."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monai.config import PathLike

from .errors import InputError

__all__ = ["locked_folder"]

logger = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked_folder(folder: PathLike, name: str) -> Iterator[None]:
    """
    Keep other runs off a folder while the block lasts. A run that was killed leaves no lock: the system drops it.

    There is no lock on Windows. A file system without locks is warned of.

    Args:
        folder: the folder; it is made if it is not there.
        name: the variable that names it, for messages.

    Raises:
        InputError: When another run is at work there, or the folder can't be written to.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        file = (Path(folder) / ".lock").open("a")
    except OSError as e:
        raise InputError(f"{name}: {folder} can't be written to: {e.strerror}.") from e
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows
            logger.debug("no locks on this system")
        except BlockingIOError as e:
            raise InputError(f"{name}: another run is at work in {folder}. Wait for it, or give another folder.") from e
        except OSError as e:  # some network file systems have none
            if e.errno not in _NO_LOCKS:
                raise
            logger.warning("%s can't be locked, start no other run on it", folder)
        yield
