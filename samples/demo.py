"""A small program with a known profile, for trying Strata: two threads with two seconds of CPU time each.

The main thread does what Python programs do: C extensions (json, re), a generator, recursion, a method, a
lambda called from C. The second one compresses with zlib, which runs without the GIL. README.md in this
folder says what a right profile of it shows.

    python demo.py [SECONDS]
"""

import json
import re
import sys
import threading
import time
import zlib

ADDRESS = re.compile(r"(\w+)@(\w+)\.(com|org|net)")
TREE = [[[[leaf for leaf in range(8)] for _ in range(8)] for _ in range(8)] for _ in range(8)]
LETTER = "write to ada@example.org or to grace@example.com, not to nobody@nowhere " * 100


class Orders:
    def __init__(self, count):
        self.orders = [{"id": i, "price": i * 1.25, "tags": ["a", "b"]} for i in range(count)]

    def round_trip(self):
        """A method that spends its time in a C extension."""
        return json.loads(json.dumps(self.orders))


def count_leaves(tree):
    """Recursion: one frame for each call that is open, five at most."""
    if not isinstance(tree, list):
        return 1
    leaves = 0
    for branch in tree:
        leaves += count_leaves(branch)
    return leaves


def squares(count):
    """A generator: its frame comes and goes within its caller's."""
    for i in range(count):
        yield i * i


def add_squares(count):
    return sum(squares(count))


def find_addresses():
    """The matcher of re: C code inside the interpreter itself."""
    return ADDRESS.findall(LETTER)


def sort_by_key(count):
    """A lambda that C code (list.sort) calls."""
    values = [(i * 7919) % 10_007 for i in range(count)]
    values.sort(key=lambda value: -value)
    return values


def compress_for(seconds):
    """The second thread: C code in a library of its own, without the GIL."""
    data = json.dumps(list(range(60_000))).encode()
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        zlib.compress(data, 6)


def work_for(seconds):
    orders = Orders(300)
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        orders.round_trip()
        count_leaves(TREE)
        add_squares(8_000)
        find_addresses()
        sort_by_key(3_000)


def main(seconds):
    thread = threading.Thread(target=compress_for, args=(seconds,))
    thread.start()
    work_for(seconds)
    thread.join()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
