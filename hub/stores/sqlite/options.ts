/** The options of the SQLite store, checked once when it is opened. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'

export interface SqliteOptions {
  /** The database file; created where it is missing, in a folder that exists. Not on a network file system. */
  path: string
  /**
   * How long a statement waits while another process writes, in milliseconds. The process stands still meanwhile.
   *
   * @default 2000
   */
  busyTimeoutMs?: number
  /**
   * How much of the file each process keeps in its memory at most, in megabytes, 1 to 65536. Only what is used is taken. The default
   * has room for what leads to a million sessions.
   *
   * @default 64
   */
  cacheMegabytes?: number
}

/** @throws SessionHubError `options_invalid` */
export function resolveOptions(options: SqliteOptions | string): Required<SqliteOptions> {
  const given: SqliteOptions = typeof options === 'string' ? { path: options } : options
  const { path, busyTimeoutMs = 2000, cacheMegabytes = 64, ...unknown } = given
  const [typo] = Object.keys(unknown)
  if (typo) throw invalid(`Unknown option "${typo}" of the SQLite store`)
  if (typeof path !== 'string' || path === '' || path === ':memory:')
    throw invalid('The SQLite store needs the "path" of a file; memoryStore() needs none')
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0)
    throw invalid('"busyTimeoutMs" is a whole number of milliseconds')
  if (!Number.isInteger(cacheMegabytes) || cacheMegabytes < 1 || cacheMegabytes > 65_536)
    throw invalid('"cacheMegabytes" is a whole number of megabytes, 1 to 65536')
  return { path, busyTimeoutMs, cacheMegabytes }
}

const invalid = (message: string) => new SessionHubError('options_invalid', message)
