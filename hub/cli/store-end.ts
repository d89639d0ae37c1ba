/** Opens what `--from`, `--to` and `--store` name: an SQLite file, or the address of a server. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { CopyEnd } from '../stores/copy/end.js'
import { engineOf, named } from './config-store.js'

const FILE = /^sqlite:(\/\/)?/

/**
 * @param flag the flag's name, for messages
 * @param mayMake whether the store may be created if it does not exist
 * @throws SessionHubError
 */
export async function openEnd(flag: string, given: string, mayMake: boolean): Promise<CopyEnd> {
  try {
    const engine = engineOf(given)
    if (engine === 'postgres')
      return await (await import('../stores/postgres/copy-end.js')).openPostgresEnd(given, mayMake)
    if (engine === 'redis')
      return await (await import('../stores/redis/copy-end.js')).openRedisEnd(given, mayMake)
    const path = resolve(given.replace(FILE, ''))
    if (!FILE.test(given) && (given.includes('://') || /^[a-z]+:/.test(given)))
      throw wrong(flag, 'it has to be sqlite:<file>, or an address that begins with postgres:// or redis://')
    if (!mayMake && !existsSync(path)) throw wrong(flag, `there is no "${path}"`)
    return await (await import('../stores/sqlite/copy-end.js')).openSqliteEnd(path)
  } catch (thrown) {
    throw named(flag, thrown)
  }
}
