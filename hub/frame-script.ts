/** The frame's script, read once at start-up from beside this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface FrameScript {
  readonly source: string
  /** The script's hash as CSP's `script-src` wants it. */
  readonly cspHash: string
}

export function readFrameScript(): FrameScript {
  const source = readFileSync(new URL('./frame.js', import.meta.url), 'utf8').trim()
  return { source, cspHash: `'sha256-${createHash('sha256').update(source).digest('base64')}'` }
}
