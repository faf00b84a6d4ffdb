/**
 * `strata tree --html`: one page that loads nothing and sends nothing. Names in it are text; were one ever
 * taken for markup, its content security policy lets no script run but the page's own, told by its hash
 * (CSP Level 3, 6.7.3).
 */
import { plural } from '../../base/units.js';
import type { Profile } from '../../profile/profile.js';
import { NO_TASKS, outlines, type TreeChoice } from '../../profile/tree/tree-choice.js';
import { escapeXml, scriptLiteral } from '../flamegraph/text.js';
import { hashSource } from '../page/source.js';
import { wholeOf } from '../tree/tree-words.js';
import { encodeTrees, leftOut } from './encode.js';
import { treeScript } from './script.js';
import { writeStatic } from './static.js';
import { TREE_STYLE } from './style.js';

export interface TreePageOptions extends TreeChoice {
  readonly title: string;
}

/** Writes the page of a profile whose view is already applied, in pieces. */
export function writeTreePage(
  profile: Profile,
  options: TreePageOptions,
  sink: (text: string) => void,
): void {
  const folded = outlines(profile, options);
  const trees =
    options.all === true ? [folded] : [folded, outlines(profile, { ...options, all: true })];
  const inverted = options.inverted === true;
  const data = encodeTrees(profile, trees, options.tasks ?? NO_TASKS);
  const script = treeScript();
  const policy =
    `default-src 'none'; script-src ${hashSource(script)}; style-src ${hashSource(TREE_STYLE)}; ` +
    "base-uri 'none'; form-action 'none'";
  const title = escapeXml(options.title);
  sink(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${TREE_STYLE}</style>
</head>
<body>
<header><h1>${title}</h1>
`);
  for (const outline of folded) {
    const { tree } = outline;
    const order = inverted ? '; innermost functions, callers below them' : '';
    sink(`<p>${escapeXml(wholeOf(profile.events[tree.event], tree))}${order}</p>\n`);
  }
  if (folded.length === 0) sink('<p>No samples.</p>\n');
  sink(`<div class="legend" aria-label="Colours of names">${LEGEND}</div></header>
<div id="tools" role="toolbar" hidden>
<input id="search" type="search" placeholder="Search functions and files" aria-label="Search functions and files" title="Ctrl+F or /" autocomplete="off" spellcheck="false">
<button id="previous" type="button" title="The match before (Shift+Enter, N)">↑</button>
<button id="next" type="button" title="The next match (Enter, n)">↓</button>
<output id="matched" aria-live="polite"></output>
<span class="spring"></span>
<label title="Library frames and recursion as they are"${trees.length < 2 ? ' hidden' : ''}><input id="whole" type="checkbox">All frames</label>
<button id="hot" type="button" title="Open the heaviest calls below the row (h)">Hot path</button>
<button id="open" type="button">Open all</button>
<button id="close" type="button">Close all</button>
<button id="theme" type="button" title="Dark or light">◐</button>
</div>
<div class="head" id="head" aria-hidden="true" hidden><span class="total">total</span><span class="share"></span><span class="self">self</span><span class="share"></span><span class="what"><span class="twist"></span>function</span></div>
<div id="tree" role="treegrid" aria-label="Call tree. Arrow keys walk and open, * opens siblings, h the hot path." tabindex="0" hidden><div id="space" role="rowgroup"></div></div>
<div id="static">
`);
  const hidden = writeStatic(data, sink);
  if (hidden > 0) sink(`<p>${plural(hidden, 'lighter row')} only with JavaScript.</p>\n`);
  sink('</div>\n');
  writeNotes(profile, [...leftOut(folded), ...limitOf(options)], sink);
  sink(`<script type="application/json" id="data">${scriptLiteral(data)}</script>\n`);
  sink(`<script>${script}</script>\n</body>\n</html>\n`);
}

const LEGEND = [
  ['o', 'own code'],
  ['p', 'Python libraries'],
  ['n', 'native'],
  ['k', 'kernel'],
]
  .map(([look, words]) => `<span class="look-${look}"><span class="name">${words}</span></span>`)
  .join('');

function limitOf({ minPercent = 1, maxDepth }: TreeChoice): string[] {
  const limits = [
    ...(minPercent > 0 ? [`below ${minPercent}% of its thread`] : []),
    ...(maxDepth === undefined ? [] : [`deeper than ${plural(maxDepth, 'level')}`]),
  ];
  return limits.length > 0 ? [`Left out is what is ${limits.join(', and what is ')}.`] : [];
}

function writeNotes(
  profile: Profile,
  texts: readonly string[],
  sink: (text: string) => void,
): void {
  const notes = profile.notes.map(({ text, samples }) =>
    samples === undefined ? text : `${text} (${plural(samples, 'sample')})`,
  );
  if (notes.length + texts.length === 0) return;
  const items = [...texts, ...notes].map((text) => `<li>${escapeXml(text)}</li>`);
  sink(`<footer><ul>${items.join('')}</ul></footer>\n`);
}
