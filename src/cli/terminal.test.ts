import assert from 'node:assert/strict';
import test from 'node:test';

import { describeTerminal, hasUnicode } from './terminal.js';

const TERMINAL = { isTTY: true, columns: 80 };

test('colours and width are a terminal’s', () => {
  assert.deepEqual(describeTerminal(TERMINAL, {}), { colour: true, columns: 80 });
  assert.deepEqual(describeTerminal({}, {}), { colour: false, columns: undefined });
});

test('NO_COLOR and dumb terminals get none', () => {
  assert.deepEqual(describeTerminal(TERMINAL, { NO_COLOR: '1' }), { colour: false, columns: 80 });
  assert.deepEqual(describeTerminal(TERMINAL, { TERM: 'dumb' }), { colour: false, columns: 80 });
  // An empty NO_COLOR counts as unset (no-color.org).
  assert.equal(describeTerminal(TERMINAL, { NO_COLOR: '' }).colour, true);
});

test('the locale says whether UTF-8 is read as such', () => {
  assert.ok(hasUnicode({ LANG: 'en_US.UTF-8' }));
  assert.ok(hasUnicode({ LC_ALL: '', LC_CTYPE: 'C.utf8', LANG: 'C' }));
  assert.ok(hasUnicode({}), 'as in most containers');
  assert.ok(!hasUnicode({ LC_ALL: 'C', LANG: 'en_US.UTF-8' }));
  assert.ok(!hasUnicode({ LANG: 'de_DE.ISO-8859-1' }));
});
