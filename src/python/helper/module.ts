/**
 * The Python module that programs import to say what is worth recording. It is one file, which
 * `strata python-helper` puts where an interpreter finds it. How it speaks with the recorder: record/control.ts.
 */

/** Its file's name. */
export const HELPER_NAME = 'strata.py';

/** By which an installed file is known to be ours. */
export const HELPER_MARK = '# Made by strata python-helper: it may be replaced and removed.';

/** Python 3.8 and later. */
export const HELPER_TEXT = String.raw`"""Says from within a program what is worth recording, and gives parts of it names.

    with strata.sample("load"):        # samples only in there: strata record --control program -D -1
    with strata.region("parse"):       # marks only: strata report --region parse
    with strata.record("slow.data"):   # starts a recorder of its own for this block

sample and region are decorators, too, of functions, generators and coroutines. Where nobody records, all
of it does nothing. A region is the time that its thread spends from one mark to the other; in a coroutine that
includes other tasks of the thread. This file depends on nothing but the standard library of Python 3.8.
"""

import atexit
import functools
import os
import select
import sys
import threading
import time

__all__ = ["sample", "region", "record", "enable", "disable", "is_recording"]

#: A recorder that does not answer in this time, or whose FIFO stays full, is left alone (seconds).
PATIENCE = 2.0
#: How long it may take until one is looked for again (seconds).
RETRY = 1.0


class _Recorder:
    """Two FIFOs (perf-record(1), --control): commands go out by one, answers come back by the other."""

    def __init__(self, commands=None, answers=None, always_on=False):
        self.commands, self.answers = commands, answers
        #: Whether sampling is on all the time, so that blocks need not switch it.
        self.always_on = always_on
        self.fd = None
        self.next_try = 0.0
        self.depth = 0
        self.lock = threading.RLock()

    def connect(self):
        """Whether somebody listens, as far as that is known without asking."""
        with self.lock:
            if self.fd is None and self.commands is not None and time.monotonic() >= self.next_try:
                try:
                    self.fd = os.open(self.commands, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                except OSError:  # ENXIO: nobody has it open for reading
                    self.next_try = time.monotonic() + RETRY
            return self.fd is not None

    def drop(self):
        fd, self.fd = self.fd, None
        self.next_try = time.monotonic() + RETRY
        if fd is not None:
            os.close(fd)

    def send(self, line):
        """Writes a line, which arrives whole as it is shorter than PIPE_BUF."""
        with self.lock:
            if not self.connect():
                return False
            try:
                # POLLERR: the recorder has gone. Writing might end us by SIGPIPE.
                if _poll(self.fd, select.POLLOUT, PATIENCE) == select.POLLOUT:
                    os.write(self.fd, line.encode("ascii") + b"\n")
                    return True
            except OSError:
                pass
            self.drop()
            return False

    def ask(self, command, patience=PATIENCE):
        """Sends a command and waits until it has been carried out."""
        with self.lock:
            if self.answers is None or not self.connect():
                return self.send(command)
            try:
                answers = os.open(self.answers, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return False
            try:
                return self.send(command) and _read_line(answers, patience)
            finally:
                os.close(answers)

    def count(self, change):
        """Counts the blocks to sample: the first switches sampling on, the last off."""
        with self.lock:
            self.depth += change
            if self.depth == max(change, 0) and not self.always_on:
                self.ask("enable" if change > 0 else "disable")


def _poll(fd, event, seconds):
    """What is so of a descriptor once anything is; 0 when the time is over."""
    poll = select.poll()
    poll.register(fd, event)
    return dict(poll.poll(max(seconds, 0.0) * 1000)).get(fd, 0)


def _read_line(fd, patience):
    """Byte by byte: what follows may be the answer to another process."""
    deadline = time.monotonic() + patience
    while _poll(fd, select.POLLIN, deadline - time.monotonic()):
        try:
            if os.read(fd, 1) in (b"\n", b""):
                return True
        except BlockingIOError:
            pass  # another process was faster
    return False


def _from_environment():
    get = os.environ.get
    return _Recorder(get("STRATA_CONTROL"), get("STRATA_ACK"), get("STRATA_SAMPLING") == "on")


def _after_fork():
    """The child's blocks are its own: those that it is in were its parent's."""
    global _recorder
    old = _recorder
    _recorder = _Recorder(old.commands, old.answers, old.always_on)
    if old.fd is not None:
        os.close(old.fd)


_recorder = _from_environment()
os.register_at_fork(after_in_child=_after_fork)


def _encoded(name):
    """Percent-encoded, to be one word; long names are cut."""
    utf8 = str(name)[:80].encode("utf-8", "replace") or b" "
    return "".join("%c" % b if b < 128 and chr(b).isalnum() else "%%%02X" % b for b in utf8)


class region:
    """Gives a block or a function a name."""

    _samples = False

    def __init__(self, name):
        self.name = name
        self._word = _encoded(name)
        self._entered = []

    def __enter__(self):
        if _recorder.commands is not None and _recorder.connect():
            me = os.getpid(), threading.get_native_id()
            if self._samples:
                _recorder.count(1)
            self._entered.append(me)
            self._send("begin", me)
        return self

    def __exit__(self, *_):
        if not self._entered:
            return
        pid = os.getpid()
        mine = [one for one in self._entered if one[0] == pid]  # not what was entered before a fork
        if mine:
            me = pid, threading.get_native_id()
            me = me if me in mine else mine[-1]  # a generator may end in another thread
            self._entered.remove(me)
            self._send("end", me)
            if self._samples:
                _recorder.count(-1)

    def _send(self, kind, me):
        _recorder.send("region-%s %s %d %d %d" % (kind, self._word, *me, time.monotonic_ns()))

    def __call__(self, function):
        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & 0x80:  # a coroutine (inspect.CO_COROUTINE, which takes long to import)

            async def marked(*args, **kwargs):
                with self:
                    return await function(*args, **kwargs)

        elif flags & 0x20:  # a generator

            def marked(*args, **kwargs):
                with self:
                    return (yield from function(*args, **kwargs))

        else:

            def marked(*args, **kwargs):
                with self:
                    return function(*args, **kwargs)

        return functools.wraps(function)(marked)


class sample(region):
    """As region, with sampling switched on for it; off again when the last such block ends."""

    _samples = True


def enable():
    """Switches sampling on. Returns whether a recorder did so."""
    return _recorder.ask("enable")


def disable():
    """Switches sampling off. Returns whether a recorder did so."""
    return _recorder.ask("disable")


def is_recording():
    """Whether a recorder listens."""
    return _recorder.connect()


class record:
    """Records a block: by strata record as a child, or where a recorder listens already, by that.

    Further arguments are options of strata record. The program is found on PATH, or named by STRATA_BIN.
    """

    def __init__(self, output="perf.data", *options, name="record"):
        self.output, self.options, self.name = output, options, name
        self.process = None

    def __enter__(self):
        if not _recorder.connect():
            self._start()
        self._block = sample(self.name).__enter__()
        return self

    def __exit__(self, *_):
        self._block.__exit__()
        if self.process is not None and os.getpid() == self._pid:
            _recorder.ask("stop")
            self.process.wait()
            self._end()

    def _start(self):
        import shlex
        import subprocess
        import tempfile

        global _recorder
        self._pid = os.getpid()
        self._folder = tempfile.mkdtemp(prefix="strata-")
        fifos = [os.path.join(self._folder, name) for name in ("commands", "answers")]
        for fifo in fifos:
            os.mkfifo(fifo, 0o600)
        options = ["-p", str(self._pid), "-o", self.output, "-D", "-1", "--control", "fifo:" + ",".join(fifos)]
        command = shlex.split(os.environ.get("STRATA_BIN", "strata")) + ["record", "-q"] + options
        try:
            _name_functions()
            self.process = subprocess.Popen(command + list(self.options), stdin=subprocess.DEVNULL)
            _recorder = _Recorder(*fifos)
            while not (_recorder.connect() and _recorder.ask("ping", 30.0)):
                _recorder.next_try = 0.0
                if self.process.poll() is not None:
                    raise RuntimeError("strata record ended with code %d" % self.process.returncode)
                time.sleep(0.01)
        except BaseException:
            self._end()
            raise

    def _end(self):
        import shutil

        global _recorder
        _recorder.drop()
        _recorder = _from_environment()
        shutil.rmtree(self._folder, ignore_errors=True)


def _name_functions():
    """Perf support of CPython 3.12 and later. It stays on: switching it on a second time crashes."""
    try:
        if not sys.is_stack_trampoline_active():
            sys.activate_stack_trampoline("perf")
            atexit.register(_remove_names, os.getpid())
    except (AttributeError, ValueError, RuntimeError, OSError):
        pass  # older, built without it, or the JIT is on: the recording says so


def _remove_names(pid):
    path = "/tmp/perf-%d.map" % pid
    if os.getpid() == pid and os.path.exists(path):
        os.unlink(path)

${HELPER_MARK}
`;
