/** The configuration's "store": a path or a word, or in code a store object. */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { Store } from '../stores/store.js'
import type { Place } from './config-file.js'

/** For a connection's password, which must not be in a file that is committed. */
const VARIABLE = 'SESSION_HUB_STORE'

/**
 * @param mayMigrate whether opening the store may change PostgreSQL's schema
 * @returns a source that opens the store last of all, so that a wrong option elsewhere does not leave a file behind; with `path` if it is a file
 * @throws SessionHubError `options_invalid`
 */
export function storeSource(
  configured: unknown,
  mayMigrate: boolean,
  { file, inFolder }: Place,
  environment: NodeJS.ProcessEnv,
): StoreSource {
  const given = configured ?? environment[VARIABLE]
  if (given === 'memory')
    return {
      isMemory: true,
      isOfThisProcess: true,
      open: async () => (await import('../stores/memory.js')).memoryStore(),
    }
  if (isStore(given)) return { isOfThisProcess: true, open: async () => given }
  if (given !== undefined && (typeof given !== 'string' || given === '')) {
    throw wrong(
      file,
      '"store" has to be the path of an SQLite file, a postgres:// or redis:// address, or "memory"',
    )
  }
  const engine = given === undefined ? undefined : engineOf(given)
  if (given !== undefined && !engine) refuseAddress(file, given)
  if (given !== undefined && engine)
    return { engine, address: given, open: () => openedAt(engine, given, mayMigrate, file) }
  const path = inFolder(given ?? 'session-hub.sqlite')
  return { path, open: () => opened(path, file) }
}

export type Engine = 'postgres' | 'redis'

/** @returns `undefined` for a path, which will hardly begin like an address */
export function engineOf(address: string): Engine | undefined {
  if (/^postgres(ql)?:/.test(address)) return 'postgres'
  return /^rediss?:/.test(address) ? 'redis' : undefined
}

/**
 * Refuses an address of an unknown kind. If it were taken for a path, it would appear, with its password, in the message that there is no such file,
 * and in a log.
 *
 * @throws SessionHubError `options_invalid`
 */
function refuseAddress(where: string, given: string): void {
  if (!given.includes('://')) return
  throw wrong(
    where,
    '"store" is not an address that the command knows: it has to begin with "postgres://" or "redis://"',
  )
}

export interface StoreSource {
  readonly path?: string
  /** The kind of server that the store is on, if it is on one. */
  readonly engine?: Engine
  /** The server's address, including its password. */
  readonly address?: string
  /** The store is in memory: another process would see nothing of it. */
  readonly isMemory?: true
  /** The store cannot be opened a second time. */
  readonly isOfThisProcess?: true
  readonly open: () => Promise<Store>
}

async function opened(path: string, file: string): Promise<Store> {
  const { sqliteStore } = await import('../stores/sqlite.js')
  try {
    return sqliteStore(path)
  } catch (thrown) {
    throw named(file, thrown)
  }
}

/** Loaded only if it is configured: few hubs have the package that it needs. */
async function openedAt(engine: Engine, url: string, migrate: boolean, file: string): Promise<Store> {
  try {
    if (engine === 'redis') {
      const { redisStore } = await import('../stores/redis.js')
      return await redisStore({ url })
    }
    const { postgresStore } = await import('../stores/postgres.js')
    return await postgresStore({ url, migrate })
  } catch (thrown) {
    throw named(file, thrown)
  }
}

/** The fault, with the file's name and what the server has said. */
export function named(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof SessionHubError)) return thrown
  const cause =
    thrown.code === 'unavailable' && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : ''
  return wrong(file, `"store": ${thrown.message}${cause}`, thrown)
}

/** A configuration in code may bring its own store. */
const isStore = (given: unknown): given is Store =>
  typeof given === 'object' && given !== null && 'transact' in given && typeof given.transact === 'function'
