/** The picture's style sheets: static parts without variables, which not every SVG viewer knows. */
import { DARK, fillsOf, LIGHT, type Lch, type Theme } from './palette.js';

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

function themed(theme: Theme, swatches: readonly Lch[]): string {
  const fills = fillsOf(swatches, theme)
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
.tick{stroke:${theme.line}}
.outline{stroke:${theme.ink}}
body,.app{color:${theme.ink};background:${theme.page};scrollbar-color:${theme.faint} ${theme.page};color-scheme:${theme === DARK ? 'dark' : 'light'}}
.app p,.place,.legend,.notes,.cost,.app kbd,.app dd{color:${theme.faint}}
.axis text{fill:${theme.faint}}
.axis path{stroke:${theme.line}}
.tools,.details,.steps,.notes{background:${theme.panel};border-color:${theme.line}}
.menu,.help{background:${theme.page};border-color:${theme.line}}
.app button,.search{background:${theme.page};color:${theme.ink};border-color:${theme.line}}
.app button:hover:enabled{border-color:${theme.faint}}
.app button[aria-pressed=true]{background:${theme.ink};color:${theme.page};border-color:${theme.ink}}
.search::placeholder{color:${theme.faint};opacity:1}
.app :focus-visible{outline-color:${theme.focus}}
.matched{color:${theme.ink}}`;
}

/** Everything but what is dark: light, and so on paper. */
export function styleSheet(swatches: readonly Lch[]): string {
  return `svg,.app{font-family:${FONT};font-size:12px}
.title{font-size:17px;font-weight:600}
.label,.graph,.name .of,.menu .of{font-family:${MONO};font-size:12px}
.tick{stroke-width:1;fill:none}
.of{unicode-bidi:isolate}
.interactive,.live>.static{display:none}
.live>.interactive{display:inline}
body{margin:0}
body.live{height:100vh;height:100dvh;overflow:hidden}
body.live>.interactive{display:block;height:100%}
body>svg{display:block;max-width:100%;height:auto;margin:auto}
.app{box-sizing:border-box;position:relative;height:100%;display:flex;flex-direction:column;font-size:13px;line-height:1.4;overflow:hidden}
.app *{box-sizing:border-box}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:4px 24px;padding:10px 12px 8px}
.heading{min-width:0}
.app h1{font-size:17px;line-height:1.3;font-weight:600;margin:0;overflow-wrap:anywhere;max-height:2.6em;overflow:hidden}
.app h2{font-size:15px;margin:0 0 8px}
.app p{margin:0;overflow-wrap:anywhere;max-height:4.2em;overflow:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:0;padding:0;max-height:5.6em;overflow:auto}
.legend li{display:flex;align-items:center;gap:6px;white-space:nowrap}
.legend li:has(bdi:empty){margin-right:-10px}
.legend i{width:12px;height:12px;border-radius:2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:6px 8px;padding:6px 12px;border:solid;border-width:1px 0}
.field{display:flex;position:relative;flex:1 1 170px;max-width:320px}
.app .field button{position:absolute;right:2px;top:2px;bottom:2px;border:0;padding:0 8px;background:none}
.group{display:flex;gap:4px}
.search{font:inherit;flex:1;min-width:0;padding:3px 26px 3px 8px;border:1px solid;border-radius:4px}
.search::-webkit-search-cancel-button{display:none}
.tools label{display:flex;align-items:center;gap:4px}
.tools input[type=checkbox]{margin:0}
.matched{font-variant-numeric:tabular-nums}
.spring{flex:1 0 0}
.app button{font:inherit;padding:3px 9px;border:1px solid;border-radius:4px;cursor:pointer;white-space:nowrap}
.app button:disabled{opacity:.5;cursor:default}
.app [hidden]{display:none}
.app :focus-visible{outline:2px solid;outline-offset:1px}
.steps{display:flex;flex-wrap:wrap;align-items:center;gap:4px 8px;padding:5px 12px;border:solid;border-width:0 0 1px;max-height:6.5em;overflow:auto;font-variant-numeric:tabular-nums}
.app .chip{padding:1px 8px;border-radius:11px;max-width:100%;overflow:hidden;text-overflow:ellipsis}
.axis{flex:none;display:block;height:18px;margin:4px 12px -6px;width:calc(100% - 24px)}
.axis text{font-size:11px}
.scroller{flex:1;min-height:60px;overflow-x:hidden;overflow-y:auto;display:flex;flex-direction:column;margin:6px 12px}
.graph{display:block;flex:none;cursor:pointer;user-select:none;-webkit-user-select:none}
.graph:focus-visible{outline-offset:-2px}
[data-root=bottom] .graph{margin-top:auto}
.graph text,.graph path,.graph .outline{pointer-events:none}
.faded,.dimmed{opacity:.5}
.label .faded{opacity:1}
.outline{fill:none;stroke-width:1.5}
.details{display:flex;align-items:center;gap:12px;padding:6px 12px;border:solid;border-width:1px 0 0;min-height:3.9em}
.about{flex:1;min-width:0}
.name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.name .of{font-weight:600}
.place{margin-left:10px}
.cost{font-variant-numeric:tabular-nums}
.notes{font-size:12px;flex:none;margin:0;padding:0 12px 8px 28px;max-height:6em;overflow:auto}
.shade{position:absolute;inset:0}
.menu,.help{position:absolute;border:1px solid;border-radius:6px;padding:4px;box-shadow:0 4px 18px rgba(0,0,0,.3)}
.menu{display:flex;flex-direction:column;width:250px;max-width:calc(100% - 8px)}
.menu .of{padding:4px 8px 6px;font-weight:600;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.app .menu button{display:flex;justify-content:space-between;gap:12px;border:0;text-align:left;padding:4px 8px}
.app .menu button:focus{outline:2px solid;outline-offset:-2px}
.app kbd{font:inherit}
.help{left:50%;top:50%;transform:translate(-50%,-50%);padding:14px 18px;width:420px;max-width:calc(100% - 16px);max-height:calc(100% - 16px);overflow:auto}
.help dl{display:grid;grid-template-columns:auto 1fr;gap:3px 14px;margin:0 0 12px}
.help dt{font-weight:600;white-space:nowrap}
.help dd{margin:0}
@media (max-width:640px){.head{padding:6px 10px}.app h1{font-size:14px}.notes{max-height:3.6em}.tools{gap:4px 6px}.group{gap:3px}.tools{padding:6px 10px}.field{flex-basis:180px;max-width:none}.spring{display:none}.app button{padding:3px 6px}.place{margin-left:0;display:block;overflow:hidden;text-overflow:ellipsis}.details{padding:6px 10px;min-height:5.4em}.scroller{margin:6px 4px}.axis{margin:4px 4px -6px;width:calc(100% - 8px)}}
@media (max-height:420px){.notes,.app p{display:none}.head{padding:4px 10px}}
${themed(LIGHT, swatches)}
@media print{.live>.static{display:inline}body.live>.static{display:block;width:100%}body.live{height:auto;overflow:visible}.live>.interactive,body.live>.interactive{display:none}}`;
}

/** For those who ask for it; the page's switch changes when it holds. */
export const DARK_MEDIA = 'screen and (prefers-color-scheme:dark)';

export function darkSheet(swatches: readonly Lch[]): string {
  return themed(DARK, swatches);
}
