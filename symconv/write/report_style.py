"""What the style sheet of a report adds to that of all pages: verdicts, findings and pictures."""

STYLE = """
article, .link { border-left: .25rem solid var(--plain); }
article { margin: 1rem 0; padding: .6rem 1rem; background: var(--card); border-radius: .25rem; }
.link { margin: .8rem 0 .4rem; padding: 0 0 0 .8rem; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); } .open { border-color: var(--open); }
.head, .counts, .ids { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: baseline; }
.counts, .ids { list-style: none; margin: .3rem 0; padding: 0; }
.place { color: var(--soft); font-size: .875rem; }
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
dd .formula { padding: .4rem 0; }
.inferred { columns: 24rem; column-gap: 2rem; font-size: .875rem; margin: .3rem 0; padding: 0; list-style: none; }
.inferred li { break-inside: avoid; }
.cell { fill: var(--page); stroke: var(--line); }
.cell.entry { fill: var(--mark); stroke: var(--ink); stroke-width: 3; }
.exact { fill: var(--exact); } .claimed { stroke: var(--claimed); stroke-width: 2.5; fill: none; }
footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; }
  article { padding: .6rem .7rem; }
}
@media print {
  article { break-inside: avoid; background: none; }
}
"""
