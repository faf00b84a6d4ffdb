/**
 * What a running interpreter is asked to run. A script uses only modules that are built in, unless it says
 * why, and answers with a word: an exception is an answer, too.
 *
 * `sys.deactivate_stack_trampoline` is never called. After it, activating perf support again, by whomever,
 * kills the process: the second activation registers a second watcher that counts destroyed code objects, so
 * that trampolines are unmapped while they run (CPython issues 143228, 146522; seen in 3.13.18, 3.14.10 and
 * 3.15.2). Instead the evaluator of frames, which calls the trampolines, is put aside (PEP 523) and back.
 */

/** Where the scripts remember, in the interpreter: its PID, the evaluator, the perf map's text or None. */
const MEMORY = 'sys._strata_perf_support';

/**
 * Runs `work()` in the first thread that comes to it and writes what it returns to `answer`, through a file
 * of another name so that it is whole.
 */
function script(answer: string, work: string): string {
  return `import posix, sys
${work}
def main(answer):
    try:
        fd = posix.open(answer + ".part", posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        text = work()
    except BaseException as error:
        text = "failed " + type(error).__name__ + ": " + str(error)
    posix.write(fd, text.encode("utf-8", "backslashreplace"))
    posix.close(fd)
    posix.rename(answer + ".part", answer)
main(${JSON.stringify(answer)})
`;
}

/**
 * The evaluator of frames, and how to replace it (by None: with the plain one). Nothing that is built in
 * reaches the functions of PEP 523. With `ctypes` comes a descriptor of libffi.so, which libffi keeps.
 */
const EVALUATOR = `
def evaluator():
    from ctypes import c_void_p, cast, pythonapi
    current = pythonapi.PyInterpreterState_Get
    get, put = pythonapi._PyInterpreterState_GetEvalFrameFunc, pythonapi._PyInterpreterState_SetEvalFrameFunc
    current.restype = get.restype = c_void_p
    get.argtypes = [c_void_p]
    put.restype, put.argtypes = None, [c_void_p, c_void_p]
    plain = cast(pythonapi._PyEval_EvalFrameDefault, c_void_p).value
    return get(current()), lambda other: put(current(), other or plain)
`;

/**
 * Switches perf support on. Answers `active` where it was on; `on`; `on own-map` where the perf map is there
 * only now; `spent` where it must not be switched on again.
 * @param hasTrampolines whether trampolines are mapped in the process
 */
export function enableScript(answer: string, hasTrampolines: boolean): string {
  return script(
    answer,
    `${EVALUATOR}
def work():
    if sys.is_stack_trampoline_active():
        return "active"
    path = "/tmp/perf-%d.map" % posix.getpid()
    try:
        posix.lstat(path)
        done = "on"
    except OSError:
        done = "on own-map"
    pid, trampolines, names = getattr(sys, "_strata_perf_support", (None, None, None))
    if pid == posix.getpid():
        if names is not None and done != "on":
            fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o600)
            while names:
                names = names[posix.write(fd, names):]
            posix.close(fd)
        evaluator()[1](trampolines)
        del ${MEMORY}
        return done
    if ${hasTrampolines ? 'True' : 'False'}:
        return "spent"
    sys.activate_stack_trampoline("perf")
    return done
`,
  );
}

/**
 * Switches perf support off. Answers `off`, also where it was off already.
 * @param ownMap whether the perf map is to go; the interpreter remembers its names, each of which CPython
 *   writes only once
 */
export function disableScript(answer: string, ownMap: boolean): string {
  return script(
    answer,
    `${EVALUATOR}
def work():
    if not sys.is_stack_trampoline_active():
        return "off"
    trampolines, put = evaluator()
    put(None)
    ${MEMORY} = posix.getpid(), trampolines, None
    if ${ownMap ? 'True' : 'False'}:
        from ctypes import pythonapi
        pythonapi.PyUnstable_PerfMapState_Fini()
        path = "/tmp/perf-%d.map" % posix.getpid()
        with open(path, "rb") as file:
            names = file.read()
        posix.unlink(path)
        ${MEMORY} = posix.getpid(), trampolines, names
    return "off"
`,
  );
}
