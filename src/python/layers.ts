/**
 * Which frames of a CPython process are Python, which are the interpreter's machinery, and which do work
 * of their own.
 *
 * CPython names a Python function's trampoline `py::QUALNAME:FILENAME` (`Python/perf_trampoline.c`).
 * Between two such frames stand C functions of the interpreter that only carry the call from one to the
 * other; a Python programmer has no use for them. A builtin that does something (`list_sort`, a dict
 * lookup, the garbage collector) is worth seeing. Names are of CPython 3.8 to 3.15.
 */
import { Layer } from '../profile/profile.js';

/**
 * `python`, `python3.12`, `libpython3.13td.so.1.0`, `python3.13-nogil`: the program or its library, of
 * any folder. Extension modules (`_json.cpython-312-x86_64-linux-gnu.so`) and `python-config` are not.
 */
const INTERPRETER_FILE =
  /^(?:python[23]?(?:\.\d+)?[dmtu]{0,3}(?:-(?:dbg|debug|nogil|freethreading))?|libpython[23](?:\.\d+)?[dmtu]{0,3}\.so(?:\.\d+)*)$/;

/** Whether a mapping's path is the interpreter's own file: the `python` program or `libpython`. */
export function isInterpreterModule(path: string): boolean {
  const whole = path.endsWith(' (deleted)') ? path.slice(0, -' (deleted)'.length) : path;
  return INTERPRETER_FILE.test(whole.slice(whole.lastIndexOf('/') + 1));
}

/** A Python function as its trampoline names it. */
export interface PythonName {
  /** `Class.method`, `outer.<locals>.inner`, `<module>`. */
  readonly qualname: string;
  /** A path as the interpreter was given it, or `<frozen importlib._bootstrap>`; empty if cut off. */
  readonly filename: string;
}

const PYTHON_PREFIX = 'py::';

/**
 * Takes a trampoline's symbol name apart; `undefined` where it is none.
 *
 * The two parts are divided by the first colon outside of angle brackets: names have no colon otherwise,
 * while IPython's do within (`<cell line: 1>`), and file names may have any.
 */
export function parsePythonName(symbol: string): PythonName | undefined {
  if (!symbol.startsWith(PYTHON_PREFIX)) return undefined;
  let depth = 0;
  for (let i = PYTHON_PREFIX.length; i < symbol.length; i++) {
    const char = symbol.charCodeAt(i);
    if (char === 0x3c) depth++;
    else if (char === 0x3e) depth--;
    else if (char === 0x3a && depth <= 0) {
      return { qualname: symbol.slice(PYTHON_PREFIX.length, i), filename: symbol.slice(i + 1) };
    }
  }
  return { qualname: symbol.slice(PYTHON_PREFIX.length), filename: '' };
}

/**
 * The layer of a function of the interpreter's own file ({@link isInterpreterModule}):
 * {@link Layer.Interpreter} where it only runs Python code or passes calls on, {@link Layer.Native}
 * where it does work of its own. A function without a name (`undefined`) is taken for machinery: in a
 * stripped interpreter most frames are the eval loop's.
 */
export function layerOfInterpreterFunction(name: string | undefined): Layer {
  return name === undefined || isMachinery(name) ? Layer.Interpreter : Layer.Native;
}

function isMachinery(symbol: string): boolean {
  // What compilers append: .cold, .part.0, .constprop.0, .isra.0, .lto_priv.0, .llvm.123.
  const dot = symbol.indexOf('.', 1);
  const name = dot < 0 ? symbol : symbol.slice(0, dot);
  return MACHINERY.has(name) || MACHINERY_FAMILIES.test(name) || symbol.endsWith('@plt');
}

/** Families of functions. */
const MACHINERY_FAMILIES = new RegExp(
  `^(?:${[
    // The eval loop, its frames, its specializer and tracing
    '_?PyEval_',
    '_PyEvalFrame',
    '_TAIL_CALL_', // 3.14+, one function per instruction
    '_Py_Specialize_',
    '_PyFrame_(?:Clear|Push|MakeAndSet)',
    '_PyThreadState_(?:Push|Pop)Frame',
    '_Py_call_instrumentation',
    'sys_(?:trace|profile)_',
    '_Py_trampoline_func_',
    // Calls
    '_?PyObject_(?:Call(?!oc|Finalizer)|Vectorcall|FastCall)',
    '_?PyVectorcall_',
    '_PyFunction_(?:Vectorcall|FastCall)',
    '_?PyCFunction_(?:Call|FastCall|Vectorcall)',
    '_PyMethodDef_RawFastCall',
    '_PyMethodDescr_(?:Fast|Vector)call',
    // 3.15: what the eval loop calls for its call instructions
    '_Py_(?:VectorCall|BuiltinCall|CallBuiltinClass)\\w*_StackRef',
    '_PyCallMethodDescriptor\\w*_StackRef',
    '_PyStack_',
    '_?PyArg_',
    'vgetargs',
    'vectorcall_',
    'cfunction_(?:call|vectorcall)',
    'method_vectorcall',
    // A type's slots, filled by Python methods; and Python's view of slots filled by C
    '(?:_Py_)?slot_(?:tp|nb|sq|mp|am|bf)_',
    // The abstract protocols: they look for a type's slot and call it
    'PyNumber_(?:InPlace)?(?:Add|Subtract|Multiply|MatrixMultiply|TrueDivide|FloorDivide)$',
    'PyNumber_(?:InPlace)?(?:Remainder|Divmod|Power|Lshift|Rshift|And|Xor|Or)$',
    'PyNumber_(?:Negative|Positive|Absolute|Invert)$',
    '(?:binary|ternary)_i?op1?$',
    'PyObject_(?:RichCompare(?:Bool)?|GetIter|GetItem|SetItem|DelItem|GetAttr|SetAttr|IsTrue|Not)$',
    // Start and end of the interpreter and of its scripts
    'pymain_',
    'pyinit_',
    '_?PyRun_',
    'pyrun_',
    '_?Py_Initialize',
    '_?Py_Finalize',
    'init_interp_',
  ].join('|')})`,
);

const MACHINERY: ReadonlySet<string> = new Set(
  [
    // The eval loop
    `py_trampoline_evaluator call_instrumentation_vector call_trampoline trace_trampoline
     profile_trampoline call_trace call_trace_protected call_exc_trace call_profile_func
     eval_frame_handle_pending make_pending_calls _Py_HandlePending handle_signals
     clear_thread_frame clear_gen_frame initialize_locals specialize_py_call`,
    // Calls
    `_PyObject_MakeTpCall _PyObject_Call_Prepend object_vacall callmethod call_function call_method
     call_maybe call_attribute call_unbound call_unbound_noarg do_call_core function_call
     function_code_fastcall method_call type_call wrapper_call wrapperdescr_call
     classmethoddescr_call instancemethod_call sm_call lookup_method
     lookup_maybe_method do_richcompare PyIter_Next _Py_CheckFunctionResult PyErr_Occurred
     PyThreadState_Get _PyThreadState_UncheckedGet`,
    // wrap_*: what `int.__add__` and the like call; other functions begin so, hence one by one
    `wrap_binaryfunc wrap_binaryfunc_l wrap_binaryfunc_r wrap_buffer wrap_call wrap_del wrap_delattr
     wrap_delitem wrap_descr_delete wrap_descr_get wrap_descr_set wrap_hashfunc wrap_indexargfunc
     wrap_init wrap_inquirypred wrap_lenfunc wrap_next wrap_objobjargproc wrap_objobjproc
     wrap_releasebuffer wrap_richcmpfunc wrap_setattr wrap_sq_delitem wrap_sq_item wrap_sq_setitem
     wrap_ternaryfunc wrap_ternaryfunc_r wrap_unaryfunc richcmp_lt richcmp_le richcmp_eq richcmp_ne
     richcmp_gt richcmp_ge tp_new_wrapper`,
    // Generators and coroutines
    `gen_send gen_send_ex gen_send_ex2 gen_iternext gen_throw _gen_throw gen_close gen_close_iter
     _PyGen_Send PyGen_am_send PyIter_Send coro_await coro_wrapper_send coro_wrapper_iternext
     coro_wrapper_throw coro_wrapper_close async_gen_anext async_gen_asend async_gen_asend_send
     async_gen_asend_iternext async_gen_asend_throw async_gen_athrow_send async_gen_athrow_iternext
     async_gen_athrow_throw async_gen_unwrap_value`,
    // Running code, classes and imports: each runs Python code and adds nothing of its own
    `builtin_exec builtin_exec_impl builtin_eval builtin_eval_impl builtin___build_class__ run_mod
     run_eval_code_obj builtin___import__ builtin___import___impl import_name import_find_and_load
     PyImport_Import PyImport_ImportModule PyImport_ImportModuleLevel
     PyImport_ImportModuleLevelObject`,
    // The program's and a thread's start
    `_start main Py_Main Py_BytesMain Py_RunMain init_import_site init_importlib
     t_bootstrap thread_run pythread_wrapper`,
  ].flatMap((group) => group.trim().split(/\s+/)),
);
