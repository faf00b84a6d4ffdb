import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawProfile } from '../testing/drawn.js';
import { libraries, libraryOfFile, libraryOfModule, OWN, shortFile } from './libraries.js';

const FILES: readonly (readonly [file: string, library: string | undefined, short: string])[] = [
  // The standard library, as pyenv, uv, conda, Debian and free-threaded builds have it.
  ['/home/me/.pyenv/versions/3.12.1/lib/python3.12/json/decoder.py', 'json', 'json/decoder.py'],
  [
    '/root/.local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/lib/python3.13/re/_parser.py',
    're',
    're/_parser.py',
  ],
  ['/opt/conda/envs/ml/lib/python3.11/queue.py', 'queue', 'queue.py'],
  ['/usr/lib64/python3.14t/threading.py', 'threading', 'threading.py'],
  ['/usr/lib/python312.zip/json/encoder.pyc', 'json', 'json/encoder.pyc'],
  ['<frozen importlib._bootstrap>', 'importlib', '<frozen importlib._bootstrap>'],
  // What is installed beside it.
  [
    '/home/me/app/.venv/lib/python3.12/site-packages/requests/api.py',
    'requests',
    'requests/api.py',
  ],
  ['/usr/lib/python3/dist-packages/yaml/loader.py', 'yaml', 'yaml/loader.py'],
  ['/home/me/.local/lib/python3.10/site-packages/six.py', 'six', 'six.py'],
  [
    '/x/site-packages/zope.interface-5.4-py3.9.egg/zope/interface/ro.py',
    'zope',
    'zope/interface/ro.py',
  ],
  ['/home/me/app/__pypackages__/3.12/lib/httpx/_api.py', 'httpx', 'httpx/_api.py'],
  // What libraries make at run time.
  ['<attrs generated init app.Point>', 'attr', '<attrs generated init app.Point>'],
  ['<__array_function__ internals>', 'numpy', '<__array_function__ internals>'],
  ['<decorator-gen-12>', 'decorator', '<decorator-gen-12>'],
  // One's own: projects, editable installs, archives, notebooks, what is typed in.
  ['/home/me/project/app.py', undefined, '/home/me/project/app.py'],
  ['/home/me/lib/python/app.py', undefined, '/home/me/lib/python/app.py'],
  ['/srv/app.pyz/main.py', undefined, '/srv/app.pyz/main.py'],
  ['app.py', undefined, 'app.py'],
  ['<string>', undefined, '<string>'],
  ['<stdin>', undefined, '<stdin>'],
  ['<python-input-0>', undefined, '<python-input-0>'],
  ['<ipython-input-3-1a2b3c>', undefined, '<ipython-input-3-1a2b3c>'],
  ['/tmp/ipykernel_4242/123456.py', undefined, '/tmp/ipykernel_4242/123456.py'],
];

test('whose code a file is, and its path inside the installation', () => {
  for (const [file, library, short] of FILES) {
    assert.equal(libraryOfFile(file), library, file);
    assert.equal(shortFile(file), short, file);
  }
});

test('native modules are of the package that brings them; extensions that are not installed are own', () => {
  const of = (path: string): string | undefined =>
    libraryOfModule(path.slice(path.lastIndexOf('/') + 1), path);
  const tag = 'cpython-312-x86_64-linux-gnu.so';
  assert.equal(of(`/v/lib/python3.12/site-packages/numpy/_core/_multiarray_umath.${tag}`), 'numpy');
  assert.equal(of('/v/lib/python3.12/site-packages/numpy.libs/libscipy_openblas64_.so'), 'numpy');
  assert.equal(of(`/v/lib/python3.12/site-packages/_cffi_backend.${tag}`), '_cffi_backend');
  assert.equal(of(`/usr/lib/python3.12/lib-dynload/_json.${tag}`), '_json');
  assert.equal(of('/usr/lib/x86_64-linux-gnu/libc.so.6'), 'libc.so.6');
  assert.equal(of('[kernel]'), '[kernel]');
  assert.equal(of(`/home/me/project/fast.${tag}`), undefined);
  assert.equal(of('/home/me/project/fast.abi3.so'), undefined);
});

test('what dataclasses make is not own, though its file does not tell', () => {
  const profile = drawProfile(
    '__create_fn__.<locals>.__init__[python=<string>]\n<module>[python=<string>]',
  );
  const { of, names } = libraries(profile);
  assert.equal(names[of[0]], 'dataclasses');
  assert.equal(of[1], OWN);
});
