"""Runs a command to its end and writes what it cost to a file, as JSON.

    measure.py RESULT TIMEOUT COMMAND [ARGUMENT...]

A program that has ended but was not yet waited for still has its line in /proc/PID/stat: its own CPU time,
of all its threads, apart from that of the children it waited for. So the cost of a recorder is told from
the cost of what it records, by the kernel itself, in ticks of 10 ms.
"""

import json
import os
import signal
import subprocess
import sys
import time

# proc_pid_stat(5), counted from the field after the name: utime is field 14.
UTIME, STIME, CUTIME, CSTIME = 11, 12, 13, 14


def run(command, timeout):
    started = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGALRM, lambda *_: child.kill())
    signal.alarm(timeout)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    wall = time.monotonic() - started
    signal.alarm(0)
    with open(f"/proc/{child.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    _, status, usage = os.wait4(child.pid, 0)
    tick = os.sysconf("SC_CLK_TCK")
    return {
        "wall": wall,
        "user": int(fields[UTIME]) / tick,
        "system": int(fields[STIME]) / tick,
        "children": (int(fields[CUTIME]) + int(fields[CSTIME])) / tick,
        "peak": usage.ru_maxrss * 1024,
        "code": os.waitstatus_to_exitcode(status),
        "timedOut": wall >= timeout,
    }


if __name__ == "__main__":
    result = run(sys.argv[3:], int(sys.argv[2]))
    with open(sys.argv[1], "w") as file:
        json.dump(result, file)
