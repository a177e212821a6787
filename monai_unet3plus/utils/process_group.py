# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A group of processes for distributed work, in which one that fails ends the others."""

from __future__ import annotations

import atexit
import datetime
import logging
import os
import secrets
import selectors
import socket
import threading
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
import torch.distributed as dist

__all__ = ["ProcessGroup", "gather_entries"]

logger = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

_DONE = b"done\n"  # a process that ends without it has failed
_CONNECT_SECONDS = 30.0
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # a machine that is lost is noticed in 45 s


class ProcessGroup:
    """
    Sets up ``torch.distributed`` for a process that any launcher has started, and ends it when another one fails.

    Processes that wait for one that is gone would wait until the group's timeout, which has to be longer than the
    reading of all volumes takes. Here each keeps a connection to the first one, which the system closes when a process
    ends, for whatever reason. Then all others log it and end with status 1.

    A group that exists already is left alone, as are its processes.

    Args:
        device: of this process; it decides about the backend, "nccl" or "gloo".
        timeout: for operations in which processes wait for each other.
        independent: whether processes work by themselves and meet at the end only. Then one that fails ends no others,
            and the backend is "gloo" on any device. Defaults to False.
    """

    def __init__(self, device: torch.device | str, timeout: datetime.timedelta, independent: bool = False) -> None:
        self.device = torch.device(device)
        self.timeout = timeout
        self.independent = independent
        self.connections: list[socket.socket] = []
        self.closed = threading.Event()

    def init_process_group(self) -> None:
        """Form the group, by the environment variables that launchers set; its processes are watched if dependent."""
        on_gpu = self.device.type == "cuda"
        own = not dist.is_initialized()
        if own:
            dist.init_process_group("nccl" if on_gpu and not self.independent else "gloo", timeout=self.timeout)
        if on_gpu:
            torch.cuda.set_device(self.device)
        if own and not self.independent and dist.get_world_size() > 1:
            self._watch()

    def destroy_process_group(self) -> None:
        """Leave the group. The other processes go on."""
        for connection in self.connections:
            try:
                connection.sendall(_DONE)
            except OSError:
                pass  # it is done already
        self.close()
        if dist.is_initialized():
            dist.destroy_process_group()

    def close(self) -> None:
        """Close the connections; without :py:meth:`destroy_process_group` before, the other processes end."""
        self.closed.set()  # before the sockets wake the thread that watches them
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self.connections = []

    def _watch(self) -> None:
        host, server = os.environ.get("MASTER_ADDR", "127.0.0.1"), None
        if dist.get_rank() == 0:
            server = socket.create_server(("", 0), backlog=dist.get_world_size())
        place: list[Any] = [(server.getsockname()[1], secrets.token_bytes(16))] if server is not None else [None]
        dist.broadcast_object_list(place, device=self.device if self.device.type == "cuda" else None)
        port, token = place[0]
        try:
            self.connections = self._accept(server, token) if server is not None else [_connect(host, port, token)]
        except OSError as e:
            logger.warning("processes are not watched, no connection to %s: %s", host, e)
            return
        atexit.register(self.close)
        for connection in self.connections:
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        threading.Thread(target=_end_with_others, args=(list(self.connections), self.closed), daemon=True).start()

    def _accept(self, server: socket.socket, token: bytes) -> list[socket.socket]:
        """The connections of all other processes."""
        connections: list[socket.socket] = []
        with server:
            server.settimeout(_CONNECT_SECONDS)
            while len(connections) < dist.get_world_size() - 1:
                connection, _ = server.accept()
                connection.settimeout(_CONNECT_SECONDS)
                if secrets.compare_digest(connection.recv(len(token), socket.MSG_WAITALL), token):
                    connection.settimeout(None)
                    connections.append(connection)
        return connections


def gather_entries(own: Mapping[K, V]) -> dict[K, V]:
    """
    Gather the entries of all processes of the group; of entries with one key, that of the highest rank counts.

    Args:
        own: entries of this process, all that there are without a group.
    """
    ranks: list[Mapping[K, V]] = [own]
    if dist.is_available() and dist.is_initialized():
        ranks = [{}] * dist.get_world_size()
        dist.all_gather_object(ranks, own)
    return {key: value for entries in ranks for key, value in entries.items()}


def _connect(host: str, port: int, token: bytes) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
    connection.sendall(token)
    connection.settimeout(None)
    return connection


def _end_with_others(connections: list[socket.socket], closed: threading.Event) -> None:
    """Wait until all others are done, or end this process with the first that fails."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                try:
                    message = key.fileobj.recv(len(_DONE))  # type: ignore[union-attr]
                except OSError:
                    message = b""
                if closed.is_set():  # by this process itself
                    return
                if message != _DONE:
                    logger.error("another process of this run has failed, so this one ends too")
                    logging.shutdown()
                    os._exit(1)
                selector.unregister(key.fileobj)
