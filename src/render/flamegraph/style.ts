/** The picture's style sheet: static parts without variables, which not every SVG viewer knows. */
import { DARK, LIGHT, type Theme } from './palette.js';

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

function themed(theme: Theme): string {
  const fills = theme.fills
    .flat()
    .map((fill, index) => {
      const look = index.toString(36);
      return `.f${look}{fill:${fill}}.s${look}{background:${fill}}`;
    })
    .join('\n');
  return `${fills}
.page{fill:${theme.page}}
.ink{fill:${theme.ink}}
.faint{fill:${theme.faint}}
.label{fill:${theme.label}}
.label .faded{fill:${theme.ink}}
.match{fill:${theme.match}}
.outline{stroke:${theme.ink}}
.app{color:${theme.ink};background:${theme.page};color-scheme:${theme === DARK ? 'dark' : 'light'}}
.app p,.place,.legend,.notes,.cost{color:${theme.faint}}
.tools,.details{background:${theme.panel};border-color:${theme.line}}
.app button,.search{background:${theme.page};color:${theme.ink};border-color:${theme.line}}
.app :focus-visible{outline-color:${theme.focus}}
.matched{color:${theme.ink}}`;
}

/** Light, and dark for those who ask for it; on paper always light. */
export function styleSheet(): string {
  return `svg{font-family:${FONT};font-size:12px}
.title{font-size:17px;font-weight:600}
.label,.graph{font-family:${MONO};font-size:12px}
.interactive,.live>.static{display:none}
.live>.interactive{display:inline}
.app{box-sizing:border-box;height:100%;display:flex;flex-direction:column;font-size:13px;line-height:1.4;overflow:hidden}
.app *{box-sizing:border-box}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:2px 24px;padding:10px 12px 8px}
.heading{min-width:0}
.app h1{font-size:17px;line-height:1.3;font-weight:600;margin:0;overflow-wrap:anywhere}
.app p{margin:0;overflow-wrap:anywhere}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:0;padding:0}
.legend li{display:flex;align-items:center;gap:6px;white-space:nowrap}
.legend i{width:12px;height:12px;border-radius:2px}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:6px;padding:6px 12px;border:solid;border-width:1px 0}
.field{display:flex;gap:4px;flex:1 1 160px;max-width:320px}
.search{font:inherit;flex:1;min-width:0;padding:3px 8px;border:1px solid;border-radius:4px}
.search::-webkit-search-cancel-button{display:none}
.tools label{display:flex;align-items:center;gap:4px}
.tools input[type=checkbox]{margin:0}
.matched{font-variant-numeric:tabular-nums}
.spring{flex:1 0 0}
.app button{font:inherit;padding:3px 10px;border:1px solid;border-radius:4px;cursor:pointer}
.app button:disabled{opacity:.45;cursor:default}
.app [hidden]{display:none}
.app :focus-visible{outline:2px solid;outline-offset:1px}
.scroller{flex:1;min-height:60px;overflow-x:hidden;overflow-y:auto;display:flex;flex-direction:column;margin:6px 12px}
.graph{display:block;flex:none;cursor:pointer;user-select:none;-webkit-user-select:none}
.graph:focus-visible{outline-offset:-2px}
[data-root=bottom] .graph{margin-top:auto}
.graph text,.graph path,.graph .outline{pointer-events:none}
.faded,.dimmed{opacity:.5}
.label .faded{opacity:.8}
.outline{fill:none;stroke-width:1.5}
.details{padding:6px 12px;border:solid;border-width:1px 0 0;min-height:3.9em}
.details .name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;unicode-bidi:plaintext}
.details b{font-family:${MONO};font-size:12px}
.place{margin-left:10px}
.cost{font-variant-numeric:tabular-nums}
.notes{font-size:12px;flex:none;margin:0;padding:6px 12px 8px 28px;max-height:6.5em;overflow:auto}
@media (max-width:640px){.head{padding:6px 12px}.app button{padding:3px 7px}.place{margin-left:0;display:block;overflow:hidden;text-overflow:ellipsis}.details{min-height:5.4em}}
${themed(LIGHT)}
@media print{.live>.static{display:inline}.live>.interactive{display:none}}
@media screen and (prefers-color-scheme:dark){
${themed(DARK)}
}`;
}
