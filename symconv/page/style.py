"""The style sheet that all pages share: light and dark, on paper, and as narrow as a phone."""

BASE = """
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
  font-family: "symconv math", "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math;
  font-size: 1.1em;
}
mfrac { padding-inline: .1em; } /* so that the bars of two neighbours stay two */
.formula { overflow-x: auto; overflow-y: hidden; padding: .5rem 0; overflow-wrap: normal; }
.formula math { margin: 0; width: max-content; text-align: left; }
.soft { color: var(--soft); font-size: .875rem; }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--soft); font-size: .875rem; }
figure { margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: flex-end; }
figure > div { text-align: center; max-width: 100%; overflow-x: auto; }
figcaption { flex-basis: 100%; color: var(--soft); font-size: .875rem; }
svg { display: block; margin: 0 auto .2rem; max-width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; text-anchor: middle; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; } a { color: inherit; }
  h2 { break-after: avoid; }
  .formula, pre { overflow: visible; }
  .formula math { font-size: calc(1.1em * var(--fit, 1)); } details pre { white-space: pre-wrap; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""

# a page that is read from top to bottom, behind the base
PAGE = """
body { max-width: 50rem; font-family: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; }
h1, h2, h3, summary, figcaption { font-family: system-ui, sans-serif; }
h1 { line-height: 1.3; } h2 { margin-top: 2rem; } h3 { margin: 1.2rem 0 .3rem; }
.formula math { margin: 0 auto; }
.step { margin: 1.4rem 0; } .step h3 { margin: 0; }
.number { color: var(--link); }
.used { margin: 0; padding-left: 1rem; border-left: .2rem solid var(--line); color: var(--soft); }
.used .formula { padding: .4rem 0; } .used math { margin: 0; font-size: 1em; }
.step > details > summary { font-size: 1rem; }
.wide { overflow-x: auto; } .tied { white-space: nowrap; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { padding: .25rem .7rem; border: 1px solid var(--line); text-align: left; }
pre { padding: .5rem .7rem; background: var(--card); border-radius: .25rem; }
@media print {
  @page { margin: 2cm; }
  .declared { display: none; }
  h1, h2, h3 { break-after: avoid; } .formula, figure { break-inside: avoid; }
}
"""
