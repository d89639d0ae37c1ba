/** The scripts of the hub's own pages, read once at start-up from beside this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface PageScript {
  readonly source: string
  /** The script's hash as CSP's `script-src` wants it. */
  readonly cspHash: string
}

export interface PageScripts {
  readonly frame: PageScript
  readonly access: PageScript
  readonly unlock: PageScript
}

export const readPageScripts = (): PageScripts => ({
  frame: readPageScript('frame'),
  access: readPageScript('access'),
  unlock: readPageScript('unlock'),
})

function readPageScript(name: string): PageScript {
  const source = readFileSync(new URL(`./${name}.js`, import.meta.url), 'utf8').trim()
  return { source, cspHash: cspHash(source) }
}

/** What a Content-Security-Policy allows of an inline script or style: exactly these bytes. */
export const cspHash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`
