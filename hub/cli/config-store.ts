/** The configuration's "store": a path, a word, or in code a store of its own. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { memoryStore } from '../stores/memory.js'
import { sqliteStore } from '../stores/sqlite.js'
import type { Store } from '../stores/store.js'
import type { Place } from './config-file.js'

/** For a connection's password, which belongs in no file that is committed. */
const VARIABLE = 'SESSION_HUB_STORE'

/**
 * @returns what opens it: last of all, so that a wrong option elsewhere does not leave a file behind; `path` where it is a file
 * @throws SessionHubError `options_invalid`
 */
export function storeSource(
  configured: unknown,
  { file, inFolder }: Place,
  environment: NodeJS.ProcessEnv,
): StoreSource {
  const given = configured ?? environment[VARIABLE]
  if (given === 'memory') return { isMemory: true, open: async () => memoryStore() }
  if (isStore(given)) return { open: async () => given }
  if (given !== undefined && (typeof given !== 'string' || given === '')) {
    throw wrong(
      file,
      '"store" has to be the path of an SQLite file, a postgres:// or redis:// address, or "memory"',
    )
  }
  if (given !== undefined && isAddress.test(given)) return { open: () => openedAt(given, file) }
  const path = inFolder(given ?? 'session-hub.sqlite')
  return { path, open: async () => opened(path, file) }
}

/** A path that begins so would be a strange one. */
const isAddress = /^(postgres(ql)?|rediss?):/

export interface StoreSource {
  readonly path?: string
  /** Another process would have nothing of it. */
  readonly isMemory?: true
  readonly open: () => Promise<Store>
}

function opened(path: string, file: string): Store {
  try {
    return sqliteStore(path)
  } catch (thrown) {
    throw named(file, thrown)
  }
}

/** Loaded only where it is configured: few hubs have the package that it needs. */
async function openedAt(url: string, file: string): Promise<Store> {
  try {
    if (url.startsWith('redis')) {
      const { redisStore } = await import('../stores/redis.js')
      return await redisStore({ url })
    }
    const { postgresStore } = await import('../stores/postgres.js')
    return await postgresStore({ url })
  } catch (thrown) {
    throw named(file, thrown)
  }
}

function named(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof SessionHubError)) return thrown
  const cause =
    thrown.code === 'unavailable' && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : ''
  return wrong(file, `"store": ${thrown.message}${cause}`, thrown)
}

/** A configuration in code may bring a store of its own. */
const isStore = (given: unknown): given is Store =>
  typeof given === 'object' && given !== null && 'transact' in given && typeof given.transact === 'function'
