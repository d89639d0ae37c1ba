/** The folder where a demo keeps its keys and sessions. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Folder {
  readonly path: string
  /** Removes a temporary folder. A named one stays. */
  close(): Promise<void>
}

export async function openFolder(named: string | undefined): Promise<Folder> {
  if (named === undefined) {
    const path = await mkdtemp(join(tmpdir(), 'session-hub-demo-'))
    return { path, close: () => rm(path, { recursive: true, force: true }) }
  }
  const path = resolve(named)
  await mkdir(path, { recursive: true, mode: 0o700 })
  return { path, close: () => Promise.resolve() }
}
