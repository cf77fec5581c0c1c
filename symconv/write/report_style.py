"""The style sheet of a report: light and dark, on paper, and as narrow as a phone.

Fonts are those of the reader's system; mathematics needs one with mathematical tables, which `math` alone does not
find everywhere.
"""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fff; --ink: #1c1e21; --soft: #5c636a; --line: #d5d9de; --card: #f7f8fa; --link: #0b57b8;
  --good: #14693a; --bad: #b3202a; --open: #8a5300; --plain: #55606b; --exact: #0b57b8; --claimed: #b3202a;
  --mark: #fff0c2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --ink: #e6e8ea; --soft: #a2aab3; --line: #363c44; --card: #1d2126; --link: #7db4ff;
    --good: #6fd09a; --bad: #ff8d8d; --open: #f0b65a; --plain: #b0b8c1; --exact: #7db4ff; --claimed: #ff8d8d;
    --mark: #4a3c12;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0; }
a { color: var(--link); }
p { margin: .4rem 0; }
code, pre { font: .875em/1.45 ui-monospace, monospace; }
pre code { font-size: 1em; }
pre { margin: .4rem 0; overflow-x: auto; overflow-wrap: normal; }
math {
  font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math; font-size: 1.1em;
}
.formula { overflow-x: auto; overflow-y: hidden; padding: .5rem 0; overflow-wrap: normal; }
.formula math { margin: 0; width: max-content; text-align: left; }
article, .link { border-left: .25rem solid var(--plain); }
article { margin: 1rem 0; padding: .6rem 1rem; background: var(--card); border-radius: .25rem; }
.link { margin: .8rem 0 .4rem; padding: 0 0 0 .8rem; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); } .open { border-color: var(--open); }
.head, .counts, .ids { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: baseline; }
.counts, .ids { list-style: none; margin: .3rem 0; padding: 0; }
.place, .soft { color: var(--soft); font-size: .875rem; }
.badge {
  color: var(--plain); border: 1px solid currentColor; border-radius: 1rem; padding: 0 .6em; font-size: .875rem;
  font-weight: 600; white-space: nowrap;
}
.badge.good, .ids .good { color: var(--good); }
.badge.bad, .ids .bad { color: var(--bad); }
.badge.open, .ids .open { color: var(--open); }
.ids { font-size: .875rem; gap: .1rem .6rem; } .ids .plain { color: var(--plain); }
.ids a { text-decoration: none; white-space: nowrap; } .ids a:hover { text-decoration: underline; }
.amiss { font-weight: 700; }
nav > ol { padding-left: 2rem; } nav > ol > li { margin: .5rem 0; }
dl { display: grid; grid-template-columns: 10rem minmax(0, 1fr); gap: .25rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
dd .formula { padding: .2rem 0; }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--soft); font-size: .875rem; }
.inferred { columns: 24rem; column-gap: 2rem; font-size: .875rem; margin: .3rem 0; padding: 0; list-style: none; }
.inferred li { break-inside: avoid; }
figure { margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: flex-end; }
figure > div { text-align: center; max-width: 100%; overflow-x: auto; }
figcaption { flex-basis: 100%; color: var(--soft); font-size: .875rem; }
svg { display: block; margin: 0 auto .2rem; max-width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; text-anchor: middle; }
.cell { fill: var(--page); stroke: var(--line); }
.cell.entry { fill: var(--mark); stroke: var(--ink); stroke-width: 3; }
.exact { fill: var(--exact); } .claimed { stroke: var(--claimed); stroke-width: 2.5; fill: none; }
footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; }
  article { padding: .6rem .7rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; } a { color: inherit; }
  article { break-inside: avoid; background: none; } h2 { break-after: avoid; }
  .formula, pre { overflow: visible; } details pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""
