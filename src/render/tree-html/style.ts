/** The page's style sheet: light, and dark for those who ask for it; on paper always light. */
const LIGHT =
  '--page:#fff;--panel:#f5f6f8;--line:#d5d9e0;--ink:#1a1d23;--faint:#59616e;--focus:#0b57d0;--here:#e2ecfd;' +
  '--match:#fff1a8;--bar:#f3c08b;--own:#1a1d23;--python:#7a4a00;--native:#1c568c;--kernel:#17663f;color-scheme:light';
const DARK =
  '--page:#14161a;--panel:#1d2026;--line:#3a3f49;--ink:#eceef2;--faint:#a3abb8;--focus:#8ab4f8;--here:#243349;' +
  '--match:#594c00;--bar:#7d4c14;--own:#fff;--python:#ffcf8a;--native:#8cc4f5;--kernel:#7fd6a9;color-scheme:dark';

const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

export const TREE_STYLE = `:root{${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
@media screen{:root[data-theme=light]{${LIGHT}}:root[data-theme=dark]{${DARK}}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%;margin:0}
body{display:flex;flex-direction:column;background:var(--page);color:var(--ink);scrollbar-color:var(--faint) var(--page);font:13px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header{padding:10px 12px 8px}
h1{font-size:17px;line-height:1.3;font-weight:600;margin:0;overflow-wrap:anywhere}
p,footer{margin:0;color:var(--faint);overflow-wrap:anywhere}
footer{padding:6px 12px;border-top:1px solid var(--line);max-height:20vh;overflow:auto}
footer ul{margin:0;padding-left:18px}
#tools{display:flex;flex-wrap:wrap;align-items:center;gap:6px;padding:6px 12px;background:var(--panel);border:solid var(--line);border-width:1px 0}
#tools button,#search{font:inherit;padding:3px 9px;border:1px solid var(--line);border-radius:5px;background:var(--page);color:var(--ink)}
#tools button{cursor:pointer}
#search{flex:0 1 240px;min-width:120px}
#matched{color:var(--faint);min-width:7em}
.spring{flex:1}
label{display:flex;align-items:center;gap:4px}
:focus-visible{outline:2px solid var(--focus);outline-offset:-1px}
.row,.head,summary,.leaf{display:flex;align-items:center;height:22px;white-space:nowrap;font-family:${MONO};font-size:12px}
.head{padding:0 12px;color:var(--faint);border-bottom:1px solid var(--line);flex:none}
#tree{flex:1;min-height:80px;overflow:auto;position:relative}
#space{position:relative;min-width:100%}
.row{position:absolute;top:var(--top);left:0;right:0;padding:0 12px;cursor:default}
.row:hover{background:var(--panel)}
.row[aria-selected]{background:var(--here)}
.row.match .name{background:var(--match)}
.total,.self{flex:none;width:72px;text-align:right}
.share{flex:none;width:62px;text-align:right;color:var(--faint)}
.row .total{background:linear-gradient(var(--bar),var(--bar)) right/var(--share) 70% no-repeat}
.what{flex:1;min-width:0;display:flex;align-items:center;margin-left:14px;overflow:hidden}
.guide{flex:none;width:var(--indent);height:22px;background:repeating-linear-gradient(90deg,var(--line) 0 1px,transparent 1px 14px)}
.twist{flex:none;width:16px;text-align:center;color:var(--faint);cursor:pointer}
.name{flex:0 1 auto;min-width:0;overflow:hidden;text-overflow:ellipsis;unicode-bidi:isolate}
.place{flex:0 100 auto;min-width:0;margin-left:12px;overflow:hidden;text-overflow:ellipsis;color:var(--faint);unicode-bidi:isolate}
.chain .name::before{content:"↳ ";color:var(--faint);font-weight:400}
.group .name{font-weight:600}
.look-o .name{color:var(--own);font-weight:600}
.look-p .name{color:var(--python)}
.look-n .name{color:var(--native)}
.look-k .name{color:var(--kernel)}
.look-f .name{color:var(--faint)}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-family:${MONO};font-size:12px}
#static{flex:1;overflow:auto;padding:4px 12px}
#static div.kids{margin-left:14px;border-left:1px solid var(--line)}
#static .figures{flex:none;width:15em;white-space:pre;text-align:right;margin-right:1em}
summary::before{content:"▾";width:14px;flex:none;color:var(--faint)}
details:not([open])>summary::before{content:"▸"}
summary{list-style:none;cursor:default}
summary::-webkit-details-marker{display:none}
.leaf::before{content:"";width:14px;flex:none}
@media(max-width:640px){.head .self,.head .self+.share,.row .self,.row .self+.share{display:none}.total{width:64px}.share{width:52px}.place{display:none}#static .figures{width:11em}}
@media print{#tools{display:none!important}html,body,#tree,#static{height:auto;overflow:visible;display:block}.row{-webkit-print-color-adjust:exact;print-color-adjust:exact}footer{max-height:none}.row[aria-selected]{background:none}}
`;
