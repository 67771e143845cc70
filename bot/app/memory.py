"""Memory settings of a process that serves for weeks."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
_LARGE_BLOCK = 256 * 1024
"""From this many bytes, a block is a separate mapping, which returns to the system when it is freed."""


def return_large_blocks() -> None:
    """Let large blocks of memory go back to the system when they are freed (glibc's `M_MMAP_THRESHOLD`).

    By default glibc raises that threshold once a large block is freed: the memory
    of one login (Argon2 takes 19 MiB) would stay resident permanently. The store's
    threads also share one heap: they hold the interpreter's lock most of the time,
    and eight heaps would keep eight times what each once needed.
    With another C library this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK)
        allocator.mallopt(_ARENA_MAX, 1)


def collect_garbage_rarely() -> None:
    """Let the garbage collector run only when 50,000 more objects are alive than at its last run.

    A start makes hundreds of thousands that stay. Turns leave none behind that it would have to find
    (`tests/engine/test_garbage.py`); plugins may. By default it runs every 700 objects, which a few turns have while
    they are under way: with a thousand of them under way it took a quarter of the process's time.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def freeze_long_lived_objects() -> None:
    """Exempt everything that lives as long as the process (content, models, modules) from garbage collection.

    Otherwise the collector would go through some hundred thousand objects again and again while turns wait
    (`gc.freeze`). Garbage that exists by now is kept, too: it is little, and collecting it would delay the start.
    """
    gc.freeze()
