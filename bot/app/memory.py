"""The memory of a process that serves for weeks."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_BETWEEN_LOOKS = 50_000
_LARGE = 256 * 1024
"""Bytes from which on a block is a mapping of its own, which goes back to the system when it is freed."""


def give_large_blocks_back() -> None:
    """Let large blocks of memory go back to the system when they are freed (glibc's `M_MMAP_THRESHOLD`).

    By itself glibc learns from the first large block to keep such blocks: one
    login (Argon2 takes 19 MiB) would stay resident for good. Nor does each of
    the store's threads get a heap of its own: they hold the interpreter's lock
    most of the time, and eight heaps keep eight times what each once needed.
    Where there is another C library nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_MMAP_THRESHOLD, _LARGE)
        allocator.mallopt(_ARENA_MAX, 1)


def look_for_garbage_seldom() -> None:
    """Let the garbage collector look only once so many more objects live than at its last look.

    A start makes hundreds of thousands that stay. Turns leave none behind that it would have to find
    (`tests/engine/test_garbage.py`); plugins may. By itself it looked at each 700 objects, which a few turns have
    while they are under way: with a thousand of them under way it took a quarter of the process's time.
    """
    gc.set_threshold(_BETWEEN_LOOKS, 20, 20)


def leave_alone_what_stays() -> None:
    """Take all that lives as long as the process (content, models, modules) out of the garbage collector's sight.

    It would go through some hundred thousand objects again and again while turns wait (`gc.freeze`). What garbage
    there is by now stays with them: it is little, and looking for it would hold up the start.
    """
    gc.freeze()
