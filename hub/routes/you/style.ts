/** The style of the visitor's own page: light or dark as the visitor prefers, for phones and desktops. It loads nothing. */
export const STYLE = `:root{color-scheme:light dark;--c:#1b1f29;--m:#555b6b;--p:#fff;--t:#fff;--b:#1c4fc4;--l:#d5d9e4;--n:#e8edfb}
@media(prefers-color-scheme:dark){:root{--c:#e9ecf4;--m:#b3b9c9;--p:#10131a;--t:#10131a;--b:#9db9ff;--l:#363c4c;--n:#1d2436}}
*{box-sizing:border-box}
body{margin:0;background:var(--p);color:var(--c);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{width:min(100% - 2rem,40rem);margin:2rem auto 3rem}
h1{font-size:1.75rem;line-height:1.2}
h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
a{color:var(--b)}
ul{margin:0;padding-left:1.25rem}
.devices{list-style:none;padding:0}
.devices li{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between;padding:.75rem 0;border-top:1px solid var(--l)}
section,form{margin-top:1.25rem}
.devices div{flex:1 1 14rem}
.devices form{margin:0}
.row{display:flex;flex-wrap:wrap;gap:.75rem}
.news{padding:.75rem 1rem;border-radius:8px;background:var(--n)}
button,.button{display:inline-block;min-height:2.75rem;padding:.6em 1.25em;border:0;border-radius:8px;background:var(--b);color:var(--t);font:600 1rem/1.4 system-ui,sans-serif;text-decoration:none;cursor:pointer}
.quiet{background:none;color:var(--c);box-shadow:inset 0 0 0 1.5px var(--m)}
:focus-visible{outline:3px solid var(--b);outline-offset:3px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(forced-colors:active){button,.button{border:1px solid}}`
