import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FileSource } from '../base/source.js';
import { ElfImage } from '../formats/elf/image.js';
import { PltNames } from './plt.js';

test("names the entries of this program's own linkage table", (t) => {
  const source = new FileSource(process.execPath);
  const image = ElfImage.read(source);
  const names = PltNames.read(image);
  const section = image.section('.plt.sec') ?? image.section('.plt');
  if (names === undefined || section === undefined) {
    source.close();
    t.skip('node has no table of a kind that is known here');
    return;
  }
  const found = new Set<string>();
  for (let at = section.address; at < section.address + section.size; at += 4) {
    const entry = names.find(at);
    if (entry === undefined) continue;
    assert.ok(entry.start <= at && at < entry.start + entry.size);
    assert.equal(names.find(entry.start)?.name, entry.name);
    found.add(entry.name);
  }
  // What a program on V8 and libuv cannot do without.
  for (const name of ['pthread_create', 'memcpy', 'mmap']) {
    assert.ok(
      [...found].some((one) => one.startsWith(name)),
      `${name} is not among ${found.size}`,
    );
  }
  assert.equal(names.find(section.address - 1), undefined);
  source.close();
});
