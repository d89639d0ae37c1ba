/** The scripts of the hub's own pages, read once at start-up from the folder of this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface PageScript {
  readonly source: string
  /** The script's hash in the form that CSP's `script-src` requires. */
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

/** The source expression with which a Content-Security-Policy allows one inline script or style: exactly these bytes. */
export const cspHash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`
