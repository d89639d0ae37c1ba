/** The configuration's "store": a path, a word, or in code a store of its own. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { memoryStore } from '../stores/memory.js'
import { sqliteStore } from '../stores/sqlite.js'
import type { Store } from '../stores/store.js'
import type { Place } from './config-file.js'

/**
 * @returns what opens it: last of all, so that a wrong option elsewhere does not leave a file behind; `path` where it is a file
 * @throws SessionHubError `options_invalid`
 */
export function storeSource(given: unknown, { file, inFolder }: Place): StoreSource {
  if (given === 'memory') return { open: memoryStore }
  if (isStore(given)) return { open: () => given }
  if (given !== undefined && (typeof given !== 'string' || given === '')) {
    throw wrong(file, '"store" has to be the path of an SQLite file, or "memory"')
  }
  const path = inFolder(given ?? 'session-hub.sqlite')
  return { path, open: () => opened(path, file) }
}

export interface StoreSource {
  readonly path?: string
  readonly open: () => Store
}

function opened(path: string, file: string): Store {
  try {
    return sqliteStore(path)
  } catch (thrown) {
    if (!(thrown instanceof SessionHubError)) throw thrown
    const cause =
      thrown.code === 'unavailable' && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : ''
    throw wrong(file, `"store": ${thrown.message}${cause}`, thrown)
  }
}

/** A configuration in code may bring a store of its own. */
const isStore = (given: unknown): given is Store =>
  typeof given === 'object' && given !== null && 'transact' in given && typeof given.transact === 'function'
