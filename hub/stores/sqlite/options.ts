/** The options of the SQLite store, declared only here, and checked once when the store is opened. */
import { type Check, type OptionRows, readOptions, wholeNumber } from '../../../sdk/settings/option-rows.js'
import { wrong } from '../../../sdk/settings/refuse-unknown.js'

export interface SqliteOptions {
  /** The database file, in a folder that exists and is not on a network file system. The store creates a missing file. */
  readonly path: string
  /**
   * How long a statement waits while another process writes. This process stands still meanwhile.
   *
   * Unit: milliseconds, 0 to 60000.
   *
   * @default 2000
   */
  readonly busyTimeoutMs?: number
  /**
   * How much of the file each process keeps in memory at most. It takes only what it uses. The default is enough for a million
   * sessions.
   *
   * Unit: megabytes, 1 to 65536.
   *
   * @default 64
   */
  readonly cacheMegabytes?: number
}

const filePath: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string' || given === '' || given === ':memory:')
      throw wrong(where, `"${name}" has to be the path of a file; memoryStore() needs none`)
    return given
  },
}

export const sqliteRows = {
  path: {
    text: 'the database file, in a folder that exists and is not on a network file system. The store creates a missing file',
    required: true,
    check: filePath,
  },
  busyTimeoutMs: {
    text: 'how long a statement waits while another process writes. This process stands still meanwhile',
    unit: 'milliseconds',
    default: 2000,
    check: wholeNumber({ min: 0, max: 60_000 }),
  },
  cacheMegabytes: {
    text: 'how much of the file each process keeps in memory at most. It takes only what it uses. The default is enough for a million sessions',
    unit: 'megabytes',
    default: 64,
    check: wholeNumber({ min: 1, max: 65_536 }),
  },
} satisfies OptionRows

/** @throws SessionHubError `options_invalid` */
export const resolveOptions = (options: SqliteOptions | string): Required<SqliteOptions> =>
  readOptions('sqliteStore', sqliteRows, typeof options === 'string' ? { path: options } : options)
