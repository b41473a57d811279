/** The style of the document. It names no other file. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1d2329; --soft: #5c6670; --line: #dde2e7; --panel: #f5f7f9; --link: #0a58ca; --user: #eaf2ff; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #dfe4e8; --soft: #98a2ac; --line: #2e353c; --panel: #1c2126; --link: #7fb2ff; --user: #1b2a41; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .5rem; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem; }
h3 { font-size: .95rem; margin: 0; }
h2 a, h3 a { color: inherit; }
.page { display: grid; grid-template-columns: minmax(14rem, 22rem) minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.25rem 1rem; background: var(--panel); border-right: 1px solid var(--line); font-size: .9rem; }
nav summary { cursor: pointer; color: var(--soft); }
nav ol { list-style: none; margin: .5rem 0 0; padding: 0; }
nav li { padding: .2rem 0 .2rem calc(var(--level, 0) * .9rem); content-visibility: auto; contain-intrinsic-size: auto 2.8rem; }
nav li a { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
nav li span { display: block; color: var(--soft); font-size: .8rem; line-height: 1.2; }
main { padding: 1.5rem clamp(1rem, 4vw, 3rem); max-width: 62rem; min-width: 0; }
section { padding-bottom: 2.5rem; margin-bottom: 2.5rem; border-bottom: 1px solid var(--line); }
section:last-child { border-bottom: 0; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: 0 0 1.5rem; font-size: .875rem; }
dt { color: var(--soft); }
dd { margin: 0; }
article { margin: 0 0 1.1rem; padding: .7rem .95rem; border: 1px solid var(--line); border-radius: .6rem; content-visibility: auto; contain-intrinsic-size: auto 6rem; }
article.user { background: var(--user); border-color: transparent; }
article.tool, article.event, article.system { background: var(--panel); }
article:target, section:target h2 { outline: 2px solid var(--link); outline-offset: 3px; }
article header { display: flex; flex-wrap: wrap; gap: .1rem .8rem; align-items: baseline; margin-bottom: .35rem; }
.note { color: var(--soft); font-size: .8rem; }
.error h3, .error .note { color: var(--bad); }
.text { white-space: pre-wrap; unicode-bidi: plaintext; }
.text code { padding: .1em .3em; border-radius: .25rem; background: color-mix(in srgb, var(--text) 8%, transparent); }
.heading { font-size: 1.1em; }
.left-out { color: var(--soft); font-style: italic; }
pre { margin: .5rem 0; padding: .6rem .75rem; overflow: auto; max-height: 32rem; background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; tab-size: 4; }
article.tool pre, article.event pre { background: var(--page); }
pre, code { font: .85rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
summary code { color: var(--text); font-weight: 600; }
.reasoning .text { color: var(--soft); border-left: 3px solid var(--line); padding-left: .75rem; margin-top: .35rem; }
@media (max-width: 50rem) {
  .page { display: block; }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; }
  dl { grid-template-columns: minmax(5.5rem, max-content) minmax(0, 1fr); gap: .15rem .75rem; }
}
@media print {
  :root { --page: #fff; --text: #000; --soft: #444; --line: #bbb; --panel: #fff; --link: #000; --user: #fff; --bad: #900; }
  body { font-size: 10.5pt; }
  .page { display: block; }
  nav { position: static; height: auto; max-height: none; border: 0; padding: 0; overflow: visible; }
  main { padding: 0; max-width: none; }
  section { break-before: page; border: 0; content-visibility: visible; }
  article { content-visibility: visible; border-color: #bbb; }
  article header, h2 { break-after: avoid; }
  pre { max-height: none; overflow: visible; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
`;
