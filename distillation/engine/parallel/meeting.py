"""How the processes of a run find each other: a store on this machine's loopback, nothing that others could reach."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

import torch.distributed as dist
from torch._C._distributed_c10d import TCPStore

TIMEOUT = timedelta(minutes=30)
"""How long one waits for another in a step, or for the leader's validation."""
STORE_TIMEOUT = timedelta(seconds=60)
"""All are ready before they meet."""
HOST = "127.0.0.1"


def open_store(size: int) -> TCPStore:
    """The leader's: on a free port of the loopback."""
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(size)
    port = listener.getsockname()[1]
    return TCPStore(HOST, port, size, True, STORE_TIMEOUT, wait_for_workers=False, master_listen_fd=listener.detach())


def reach_store(port: int, size: int) -> TCPStore:
    """Another process's way to it."""
    return TCPStore(HOST, port, size, False, STORE_TIMEOUT, wait_for_workers=False)


def meet(store: TCPStore, rank: int, size: int, device: str) -> None:
    """Set ``torch.distributed`` up: NCCL between GPUs, else gloo over the loopback. Waits for all."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    backend = "gloo" if device == "cpu" else "nccl"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)


def part() -> None:
    """Undo :func:`meet`."""
    if dist.is_initialized():
        dist.destroy_process_group()
