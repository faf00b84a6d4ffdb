"""Two threads that keep two CPUs busy for a time: hashing and compression, which run without the GIL, below
a moderately deep stack of Python functions. The work is what they got done.

    threads.py RESULT SECONDS
"""

import hashlib
import json
import os
import sys
import threading
import time
import zlib

DEPTH = 12
BLOCK = os.urandom(1 << 13) + bytes(1 << 13)


def digest(block):
    return hashlib.sha256(block).digest()


def pack(block):
    return zlib.compress(block, 1)


def step(depth):
    """A stack of DEPTH functions; half of the work lies half-way down."""
    if depth == 0:
        return len(pack(BLOCK))
    if depth == DEPTH // 2:
        digest(BLOCK)
    return step(depth - 1)


def work(end, done):
    steps = 0
    while time.perf_counter() < end:
        for _ in range(20):
            step(DEPTH)
        steps += 20
    done.append(steps)


if __name__ == "__main__":
    wall, cpu = time.perf_counter(), time.process_time()
    end, done = wall + float(sys.argv[2]), []
    threads = [threading.Thread(target=work, args=(end, done)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with open(sys.argv[1], "w") as file:
        json.dump({"pid": os.getpid(), "wall": wall, "cpu": cpu, "work": sum(done)}, file)
