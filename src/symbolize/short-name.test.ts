import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Demangler } from './demangle.js';
import { shortName } from './short-name.js';

test('leaves out parameters and return types, as c++filt -p does', () => {
  const cases: [demangled: string, short: string][] = [
    ['main', 'main'],
    ['ns::f(int, char const*)', 'ns::f'],
    ['void ns::f<int>(int) const', 'ns::f<int>'],
    ['std::vector<int> const& f<void (*)(int)>(void (*)(int))', 'f<void (*)(int)>'],
    ['ns::(anonymous namespace)::f(int)', 'ns::(anonymous namespace)::f'],
    ['f(int)::{lambda(char)#1}::operator()(char) const', 'f(int)::{lambda(char)#1}::operator()'],
    ['f(int)::counter', 'f(int)::counter'],
    ['A::operator<<(int)', 'A::operator<<'],
    ['bool operator< <int>(A<int>)', 'operator< <int>'],
    ['A::operator->() const', 'A::operator->'],
    ['A::operator unsigned long() const', 'A::operator unsigned long'],
    ['operator new(unsigned long)', 'operator new'],
    ['f(int) [clone .cold]', 'f'],
    ['g<(unsigned long)4, (int)-1, >(int)', 'g<4ul, -1>'],
    ['h<&ns::g(int), &ns::k<int>(char) const>(int)', 'h<&ns::g, &ns::k<int>>'],
    ['{virtual override thunk({offset(-8)}, A::f(int))}', 'non-virtual thunk to A::f(int)'],
    ['vtable for A', 'vtable for A'],
  ];
  for (const [demangled, short] of cases) assert.equal(shortName(demangled), short);
});

test('shortens what the demangler makes of mangled names', () => {
  const demangler = new Demangler();
  const short = (name: string): string => shortName(demangler.demangle(name));
  assert.equal(short('_ZN2v88internal7Isolate4InitEv'), 'v8::internal::Isolate::Init');
  assert.equal(
    short('_ZNSt6vectorIiSaIiEE9push_backEOi'),
    'std::vector<int, std::allocator<int> >::push_back',
  );
  assert.equal(short('_ZN3foo3barIiEEvT_.constprop.0'), 'foo::bar<int>');
});

test('is done with hostile names at once', () => {
  for (const piece of ['&a', '(', '<', 'operator', '&a<', '[clone ']) {
    const name = piece.repeat(30_000);
    assert.equal(shortName(name), name);
    shortName(piece.repeat(Math.floor(4000 / piece.length)));
  }
});
