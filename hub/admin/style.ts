/** The style of the admin pages: the hub's colours, light and dark, for phones and desktops. It loads nothing. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #24211f; --muted: #5f5955; --page: #f6f7fb; --card: #fff; --line: #dfe2ee; --edge: #7d84a6;
  --accent: #4453b8; --on-accent: #fff; --tile: #e8ebfa; --danger: #a3231c; --warn: #7a4b00; --warn-soft: #fff3d9;
  --sans: 'Avenir Next', 'Segoe UI Variable Text', 'Segoe UI', Inter, system-ui, 'Helvetica Neue', Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #f0ebe6; --muted: #b6b4c0; --page: #11131c; --card: #1a1d2a; --line: #2e3348; --edge: #7a83ab;
    --accent: #98a4ff; --on-accent: #0b0f2e; --tile: #1f2440; --danger: #ff9d94; --warn: #ffd58a; --warn-soft: #3a2c10;
  }
}
*, ::before, ::after { box-sizing: border-box }
html { font: 100%/1.55 var(--sans); color: var(--text); background: var(--page); -webkit-text-size-adjust: none; text-size-adjust: none }
body { display: grid; gap: 1.5rem; width: min(100% - 2rem, 76rem); margin: 0 auto; padding-bottom: 3rem }
h1, h2, p, ul, dl, dd { margin: 0; padding: 0 }
ul { list-style: none }
h1 { font-size: clamp(1.5rem, 1.2rem + 1.4vw, 2.1rem); font-weight: 650; line-height: 1.2; letter-spacing: -.015em }
p { text-wrap: pretty }
a { color: var(--accent); text-underline-offset: .2em }
button, .button, input { min-height: 2.75rem; border-radius: .7rem; font: inherit }
button, .button { display: inline-block; padding: .55rem 1.1rem; border: 0; font-weight: 600; line-height: 1.5; white-space: nowrap; text-decoration: none; color: var(--on-accent); background: var(--accent); cursor: pointer }
button.quiet, .button.quiet { color: var(--text); background: transparent; box-shadow: inset 0 0 0 1.5px var(--line) }
button.ends { color: var(--danger); background: transparent; box-shadow: inset 0 0 0 1.5px currentcolor }
button:hover, .button:hover { filter: brightness(1.08) }
input:not([type=checkbox]) { width: 100%; min-width: 0; padding: .5rem .8rem; border: 1.5px solid var(--edge); color: inherit; background: var(--card) }
input[type=checkbox] { width: 1.5rem; min-height: 1.5rem; margin: 0; accent-color: var(--accent) }
label { font-weight: 600 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
button:focus-visible, .button:focus-visible { outline-color: var(--text) }
main:focus { outline: none }
main, .stack { display: grid; gap: 1.25rem; align-content: start }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 1; padding: .6rem 1rem; border-radius: 0 0 .7rem .7rem; color: var(--on-accent); background: var(--accent) }
.skip:focus { top: 0 }
.hint { font-size: .9rem; color: var(--muted) }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding-block: .6rem; border-bottom: 1px solid var(--line) }
.head ul { display: flex; gap: 1.25rem }
.head nav { margin-right: auto }
.head a { display: inline-flex; align-items: center; min-height: 2.75rem; color: var(--text); text-decoration: none }
.head a:hover { text-decoration: underline }
.head .brand { font-weight: 650 }
.head [aria-current] { font-weight: 650; box-shadow: inset 0 -3px var(--accent) }
.head form { display: flex; align-items: center; gap: .8rem }
.card { display: grid; gap: 1rem; padding: 1.25rem; border-radius: 1.2rem; background: var(--card); box-shadow: inset 0 0 0 1px var(--line) }
.narrow { width: min(100%, 34rem) }
.search { grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); align-items: end }
.search > div { display: grid; gap: .35rem }
.search > .row { display: flex; gap: .9rem }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .7rem }
.actions { position: sticky; top: 0; z-index: 1; padding-block: .5rem; background: var(--page) }
.news, .fault { padding: .8rem 1.1rem; border-radius: .9rem; background: var(--tile) }
.fault { color: var(--warn); background: var(--warn-soft) }
.tag { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font: 650 .8rem/1.6 var(--sans); color: var(--on-accent); background: var(--accent) }
.tag.refused { color: var(--warn); background: var(--warn-soft) }
table { width: 100%; border-collapse: collapse; background: var(--card); border-radius: 1.2rem; box-shadow: inset 0 0 0 1px var(--line) }
caption { padding-bottom: .6rem; text-align: start; color: var(--muted) }
th, td { padding: .6rem .8rem; text-align: start; vertical-align: middle; overflow-wrap: anywhere }
th { font-size: .9rem; color: var(--muted); white-space: nowrap }
tbody tr { border-top: 1px solid var(--line) }
td:has(button) { text-align: end }
time { white-space: nowrap }
button.long { white-space: normal; overflow-wrap: anywhere; text-align: start }
pre { margin: 0; overflow-x: auto }
code { overflow-wrap: anywhere }
summary { cursor: pointer }
details p { max-width: 30rem; font-size: .9rem; color: var(--muted) }
@media (max-width: 52rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  table, caption, tbody, tr { display: block }
  tr { display: grid; padding: .6rem .4rem }
  caption { padding: .8rem 1.2rem 0 }
  td, td:has(button) { display: grid; grid-template-columns: 7rem 1fr; gap: .8rem; padding: .3rem .8rem; text-align: start }
  td[data-name]::before { content: attr(data-name) / ''; color: var(--muted) }
  td:not([data-name]) { grid-template-columns: 1fr }
  td:empty { display: none }
}
@media (forced-colors: active) { button, .button, .card, table { border: 1px solid } }
`
