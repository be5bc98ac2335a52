/** How a page looks: on light and dark screens, narrow and wide ones, and on paper. Colours are told apart by the colour-blind too (Okabe and Ito). */

const LIGHT = `--page: #fff; --text: #1f2328; --quiet: #59636e; --rule: #d1d9e0; --card: #f6f8fa; --alert: #c0362c;
  --series-1: #0072b2; --series-2: #b35806; --series-3: #00795a; --series-4: #a2478a; --series-5: #3b7dba; --series-6: #7a6a00;`;
const DARK = `--page: #0d1117; --text: #e6edf3; --quiet: #9198a1; --rule: #3d444d; --card: #151b23; --alert: #ff7b72;
  --series-1: #56b4e9; --series-2: #e69f00; --series-3: #2fc29a; --series-4: #e59bcb; --series-5: #9bc9f2; --series-6: #f0e442;`;

export const STYLE = `
:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root:not([data-paper]) { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
header p, .figures small, figure p { color: var(--quiet); }
h2 { margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); font-size: 1.25rem; }
p { max-width: 60rem; }
.warning { padding: .6rem .9rem; border-left: 4px solid var(--alert); background: var(--card); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.figures div { padding: .75rem .9rem; border: 1px solid var(--rule); border-radius: .5rem; background: var(--card); }
.figures dt { font-size: .85rem; color: var(--quiet); }
.figures dd { margin: 0; }
.figures strong { display: block; font-size: 1.5rem; line-height: 1.3; }
figure { margin: 1.5rem 0; }
figcaption { font-weight: 600; }
figure p { margin: .2rem 0 .6rem; font-size: .9rem; }
.pair { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.25rem; align-items: start; }
.numbers { max-height: 25rem; overflow: auto; }
.wide { overflow-x: auto; }
.wide table, .numbers table { width: 100%; border-collapse: collapse; font-size: .875rem; }
.wide :is(th, td), .numbers :is(th, td) { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--page); color: var(--quiet); font-weight: 600; }
.wide tbody th { min-width: 7rem; font-weight: 500; }
.wide td { min-width: 5rem; }
.numbers tbody th { font-weight: 500; }
.numbers :is(td, th + th) { text-align: right; font-variant-numeric: tabular-nums; }
.emphasised th, .emphasised td { color: var(--alert); font-weight: 700; }
.u-legend { color: var(--text); font-size: .85rem; }
@media (max-width: 52rem) { .pair { grid-template-columns: 1fr; } }
@media print {
  :root, :root:not([data-paper]) { ${LIGHT} }
  body { max-width: none; padding: 0; font-size: 11pt; }
  .numbers, .wide { max-height: none; overflow: visible; }
  thead th { position: static; }
  .plot, tr, .figures div { break-inside: avoid; }
  h2, figcaption, figure p { break-after: avoid; }
}
`;
