import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Layer } from '../profile/profile.js';
import { isInterpreterModule, layerOfInterpreterFunction, parsePythonName } from './layers.js';

test('knows the interpreter by its file name', () => {
  for (const path of [
    '/usr/bin/python3.12',
    '/usr/bin/python3',
    '/usr/bin/python',
    '/usr/bin/python2.7',
    '/usr/bin/python3.11-dbg',
    '/home/u/.pyenv/versions/3.13.0/bin/python3.13',
    '/home/u/.pyenv/versions/3.13.0/lib/libpython3.13.so.1.0',
    '/opt/conda/envs/x/bin/python3.13t',
    '/usr/lib/libpython3.13td.so.1.0',
    '/usr/lib/x86_64-linux-gnu/libpython3.6m.so.1.0',
    '/proc/7/root/usr/bin/python3.14d',
    '/usr/bin/python3.12 (deleted)',
  ]) {
    assert.ok(isInterpreterModule(path), path);
  }
  for (const path of [
    '/usr/lib/python3.12/lib-dynload/_json.cpython-312-x86_64-linux-gnu.so',
    '/usr/lib/python3.12/site-packages/x.so',
    '/usr/bin/python3.12-config',
    '/usr/bin/ipython3',
    '/usr/bin/pythonic',
    '/usr/lib/libboost_python312.so.1.83.0',
    '/usr/bin/pypy3.10',
    'python3.12.py',
    '',
  ]) {
    assert.ok(!isInterpreterModule(path), path);
  }
});

test('takes the names of Python functions apart', () => {
  const cases: [string, string, string][] = [
    ['py::main:/app/main.py', 'main', '/app/main.py'],
    ['py::A.b.<locals>.<lambda>:/app/x.py', 'A.b.<locals>.<lambda>', '/app/x.py'],
    ['py::<genexpr>:<string>', '<genexpr>', '<string>'],
    [
      'py::_find_and_load:<frozen importlib._bootstrap>',
      '_find_and_load',
      '<frozen importlib._bootstrap>',
    ],
    ['py::<cell line: 1>:/tmp/ipykernel_1/2.py', '<cell line: 1>', '/tmp/ipykernel_1/2.py'],
    ['py::grüße:/päth with spaces/a:b.py', 'grüße', '/päth with spaces/a:b.py'],
    ['py::cut_off', 'cut_off', ''],
    ['py::cut_off:', 'cut_off', ''],
    ['py::', '', ''],
    ['py::odd>name:/x.py', 'odd>name', '/x.py'],
  ];
  for (const [symbol, qualname, filename] of cases) {
    assert.deepEqual(parsePythonName(symbol), { qualname, filename }, symbol);
  }
  assert.equal(parsePythonName('PyDict_New'), undefined);
  assert.equal(parsePythonName('Py::main:/x.py'), undefined);
});

test('tells machinery from work', () => {
  const machinery = `
    _PyEval_EvalFrameDefault _PyEval_EvalFrameDefault.cold _PyEval_EvalFrameDefault.part.0
    _TAIL_CALL_LOAD_FAST _PyEval_Vector PyEval_EvalCode _PyEvalFrameClearAndPop
    py_trampoline_evaluator _Py_trampoline_func_start _PyFunction_Vectorcall PyObject_Vectorcall
    _PyObject_VectorcallTstate _PyObject_MakeTpCall _PyObject_Call PyObject_CallOneArg
    _Py_VectorCall_StackRefSteal _Py_BuiltinCallFastWithKeywords_StackRef
    _Py_CallBuiltinClass_StackRef _PyCallMethodDescriptorFast_StackRef
    _PyVectorcall_Call cfunction_vectorcall_FASTCALL_KEYWORDS cfunction_call method_vectorcall
    method_vectorcall_O type_call slot_tp_call slot_nb_add slot_tp_init wrap_binaryfunc
    gen_send_ex gen_send_ex2 gen_iternext object_vacall vectorcall_method.constprop.0
    _Py_Specialize_LoadAttr builtin_exec builtin___build_class__ PyImport_ImportModuleLevelObject
    run_mod pymain_run_python.constprop.0 Py_RunMain Py_BytesMain main _start thread_run t_bootstrap
    PyNumber_Add PyNumber_InPlaceAdd binary_op1 PyObject_RichCompare PyObject_GetIter
    _Py_slot_tp_getattr_hook libpython3.12.so.1.0@plt pythread_wrapper sys_trace_line_func call_instrumentation_vector.part.0.isra.0`;
  const work = `
    list_sort list_sort_impl list_vectorcall long_mul long_add PyDict_GetItem insertdict
    _Py_dict_lookup unicode_concatenate PyUnicode_Join gc_collect_main.constprop.0 deduce_unreachable
    _PyObject_Malloc _PyObject_Calloc PyObject_Calloc _PyObject_Free PyObject_CallFinalizer
    object_dealloc subtype_dealloc builtin_sum builtin_sorted sre_ucs1_match _PyObject_GenericGetAttrWithDict
    _PyType_Lookup method_dealloc gen_dealloc wrap_in_stopiteration_handler take_gil
    PyNumber_Long PyObject_Repr PyObject_GetItemData PyIter_NextItem2 _PyPegen_run_parser thread_PyThread_start_new_thread main_loop`;
  const of = (text: string, layer: Layer): void => {
    for (const name of text.trim().split(/\s+/)) {
      assert.equal(layerOfInterpreterFunction(name), layer, name);
    }
  };
  of(machinery, Layer.Interpreter);
  of(work, Layer.Native);
  assert.equal(layerOfInterpreterFunction(undefined), Layer.Interpreter);
});
