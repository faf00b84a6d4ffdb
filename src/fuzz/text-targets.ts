/** Texts. */
import { MemorySource } from '../base/source.js';
import { parseKallsyms } from '../formats/kallsyms.js';
import { openKallsyms } from '../formats/kallsyms-parts.js';
import { parsePerfMap } from '../formats/perfmap.js';
import { isFolded } from '../formats/folded/sniff.js';
import { isPerfScript } from '../formats/perfscript/sniff.js';
import { definitionsOf } from '../python/definitions.js';
import { profileOfFolded } from '../session/folded.js';
import { profileOfScript } from '../session/script-text.js';
import { words } from './fields.js';
import { reportAll } from './reports.js';
import { fixtureSeeds, seed, type Target } from './target.js';

const PERF_MAP = `7f0000001000 b py::main:/home/user/app.py
7f0000001010 b py::leaf:/home/user/a b.py
0x7f0000001020 0x1b LazyCompile:*f app.js:1:2
7f0000001018 100 Ljava/lang/String;::hashCode
7f0000002000 20 caf\u00e9
7f0000001000 40 later
`;

const KALLSYMS = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81001000 t do_one
ffffffff81001000 W do_one_alias
ffffffff81001100 T do_two
ffffffff82000000 D data
ffffffffc0001000 t nf_hook\t[nf_tables]
ffffffffc0001100 T nf_other\t[nf_tables]
ffffffffc0101000 t bpf_prog_6deef7357e7b4530_f\t[bpf]
`;

const FOLDED = `# of perf
python3-12/34;py::<module>:/srv/a b.py;_PyEval_EvalFrameDefault;py::f:/srv/a b.py_[j] 10101010
my_app;main;std::vector<int>::push_back;entry_SYSCALL_64;vfs_read_[k] 1.5
<module> (app.py:1);work (app.py:12);[libz.so.1] 7

`;
const COMPARED = 'main;parse;read 31 28\nmain;parse_[i] 0 4\nmain 1 0\n';

/** Source, which annotate reads the places of functions from. */
const PYTHON = `@cache(lambda key: {1: [x for x in key]})
class Orders(Base[int], metaclass=Meta):
    def parse(self, text=f"{name!r:>{width}} {'a' if b else "c"}"):
        global total, \\
            count
        return (line for line in text if not line.startswith('''#''')), lambda *a, b=1: a
async def outer():
\tdef inner(): return {k: v async for k, v in rows()}
\treturn inner  # (
`;

export const TEXT_TARGETS: readonly Target[] = [
  {
    format: 'perfmap',
    seeds: () => [seed('map', Buffer.from(PERF_MAP), words)],
    run: (bytes) => {
      const map = parsePerfMap(bytes);
      for (let i = 0; i < map.length; i++) {
        map.name(i);
        map.find(map.starts[i] + map.sizes[i] - 1);
      }
    },
  },
  {
    format: 'kallsyms',
    seeds: () => [seed('kallsyms', Buffer.from(KALLSYMS), words)],
    run: (bytes) => {
      openKallsyms(bytes).find(-0x7f000000);
      const symbols = parseKallsyms(bytes);
      symbols.addressOf('_text');
      for (let i = 0; i < symbols.length; i++) {
        symbols.name(i);
        symbols.module(i);
        symbols.find(symbols.start(i) + symbols.size(i));
      }
    },
  },
  {
    format: 'perfscript',
    seeds: () => fixtureSeeds('perfscript', /\.txt$/, words),
    run: (bytes) => {
      isPerfScript(bytes);
      reportAll(profileOfScript(new MemorySource(bytes)));
    },
  },
  {
    format: 'folded',
    seeds: () => [
      seed('folded', Buffer.from(FOLDED), words),
      seed('compared', Buffer.from(COMPARED), words),
    ],
    run: (bytes) => {
      isFolded(bytes);
      reportAll(profileOfFolded(new MemorySource(bytes)));
    },
  },
  {
    format: 'python',
    seeds: () => [seed('app.py', Buffer.from(PYTHON), words)],
    run: (bytes) => {
      definitionsOf(Buffer.from(bytes).toString('utf8'));
    },
  },
];
