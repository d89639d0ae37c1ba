/** The panel's style. A constructed sheet, because a page's content security policy may block style attributes and style elements. */
const CSS = `
:host { all: initial; color-scheme: light dark }
section {
  position: fixed; z-index: 2147483647; inset: auto 1rem 1rem auto; box-sizing: border-box;
  width: min(24rem, 100vw - 2rem); max-height: calc(100vh - 2rem); overflow: auto; padding: 1rem;
  border: 1px solid GrayText; border-radius: .5rem; font: 14px/1.45 system-ui, sans-serif;
  background: Canvas; color: CanvasText; overflow-wrap: anywhere;
}
header { display: flex; gap: .5rem; align-items: baseline; justify-content: space-between }
h2, h3 { margin: 0; font-size: 1em }
h3 { margin-top: .75rem }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: .5rem 0 }
dd { margin: 0; font-family: ui-monospace, monospace }
p { margin: .5rem 0 }
ol { margin: 0; padding: 0; list-style: none; font-family: ui-monospace, monospace; font-size: 12px }
pre { margin: .5rem 0; font-size: 12px; white-space: pre-wrap }
pre:empty { display: none }
button { font: inherit }
.buttons { display: flex; gap: .5rem }
`

export function sheet(): CSSStyleSheet {
  const made = new CSSStyleSheet()
  made.replaceSync(CSS)
  return made
}
