/** The options of the PostgreSQL store, declared only here, and checked once when the store is opened. */
import {
  type Check,
  type OptionRows,
  readOptions,
  wholeNumber,
  yesOrNo,
} from '../../../sdk/settings/option-rows.js'
import { wrong } from '../../../sdk/settings/refuse-unknown.js'
import type { PostgresPool } from './pool.js'
import { DEFAULT_SCHEMA } from './open.js'

export interface PostgresOptions {
  /**
   * The server's address: `postgres://user:password@host:5432/database?sslmode=verify-full`.
   *
   * @default either this or pool
   */
  readonly url?: string
  /** Your own `Pool` of `pg`. The store does not close it. */
  readonly pool?: PostgresPool
  /**
   * The schema of the tables. Several hubs may share a database, each with a schema of its own.
   *
   * @default 'session_hub'
   */
  readonly schema?: string
  /**
   * How many connections a process has at most. Beyond about thirty processes, put PgBouncer (docs/stores.md) in between.
   *
   * From 1 to 1000.
   *
   * @default 10
   */
  readonly maxConnections?: number
  /**
   * How many requests may wait for a connection; the next one gets `unavailable` at once.
   *
   * From 0 to 1000.
   *
   * @default 200
   */
  readonly maxWaiting?: number
  /**
   * Whether the store creates its schema and brings it up to date when it is opened. With `false` it refuses a missing or older
   * schema: see below (docs/stores.md).
   *
   * @default true
   */
  readonly migrate?: boolean
}

const address: Check<string> = {
  type: 'string',
  read(where, name, given) {
    // An empty value is an environment variable that is not set.
    if (typeof given !== 'string' || !/^(postgres(ql)?:\/\/|$)/.test(given))
      throw wrong(where, `"${name}" has to begin with postgres://`)
    return given
  },
}

const anyPool: Check<PostgresPool> = {
  type: 'PostgresPool',
  read: (_where, _name, given) => given as PostgresPool,
}

const schemaName: Check<string> = {
  type: 'string',
  read(where, name, given) {
    // PostgreSQL cuts longer names, and two of them could become one.
    if (typeof given !== 'string' || !/^(?!pg_)[^\0]+$/.test(given) || Buffer.byteLength(given) > 63)
      throw wrong(where, `"${name}" has to be a name of 1 to 63 bytes that does not begin with "pg_"`)
    return given
  },
}

export const postgresRows = {
  url: {
    text: "the server's address: `postgres://user:password@host:5432/database?sslmode=verify-full`",
    shown: 'either this or `pool`',
    check: address,
  },
  pool: { text: 'your own `Pool` of `pg`. The store does not close it', check: anyPool },
  schema: {
    text: 'the schema of the tables. Several hubs may share a database, each with a schema of its own',
    default: DEFAULT_SCHEMA,
    check: schemaName,
  },
  maxConnections: {
    text: 'how many connections a process has at most. Beyond about thirty processes, put [PgBouncer](stores.md#poolers) in between',
    default: 10,
    check: wholeNumber({ min: 1, max: 1000 }),
  },
  maxWaiting: {
    text: 'how many requests may wait for a connection; the next one gets `unavailable` at once',
    default: 200,
    check: wholeNumber({ min: 0, max: 1000 }),
  },
  migrate: {
    text: 'whether the store creates its schema and brings it up to date when it is opened. With `false` it refuses a missing or older schema: see [below](stores.md#the-schema-by-hand)',
    default: true,
    check: yesOrNo,
  },
} satisfies OptionRows

export const where = 'postgresStore'

/** @throws SessionHubError `options_invalid` */
export function resolveOptions(options: PostgresOptions) {
  const settings = readOptions(where, postgresRows, options)
  const { url = '', pool } = settings
  if (!pool === !url) throw wrong(where, 'either "url" or "pool" has to be there')
  return { ...settings, url }
}
