/** Brings the schema to this version, and checks that the server keeps what it has answered. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { closedByCopy, noteOf } from '../copy/note.js'
import { codeOf } from './faults.js'
import { SILENT_MS, TABLE_MS } from './limits.js'
import { FUNCTIONS, MIGRATIONS } from './schema.js'

type Query = (text: string) => Promise<unknown[]>

const NEWER = 'was written by a newer version of Session Hub: start that version'
const BY_HAND = 'run "session-hub store migrate" as its owner, or open it once with "migrate: true"'
const MISSING = `is not there yet: ${BY_HAND}`
const OLDER = `is older than this version of Session Hub: ${BY_HAND}`
const FORBIDDEN =
  'is not this user’s to create, change or use: let its owner run "session-hub store migrate --grant <user>"'

const refusal = (name: string, why: string, cause?: unknown) =>
  new SessionHubError('options_invalid', `The schema ${name} ${why}`, { cause })

export const DEFAULT_SCHEMA = 'session_hub'

/** The name in quotes, as SQL requires. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Creates or migrates the schema, in one transaction under a lock, because several hubs may start at once. A schema that is up to date is left alone,
 * so that a user who may create nothing can open it.
 *
 * @throws SessionHubError `options_invalid` if the schema is of a newer version, or is older and may not be migrated, or if this user may not do that
 */
export async function prepareSchema(query: Query, schema: string, mayMigrate: boolean): Promise<void> {
  const name = quoted(schema)
  try {
    await prepare(query, name, mayMigrate)
  } catch (thrown) {
    // Waiting does not help, so it is not `unavailable`.
    throw codeOf(thrown) === INSUFFICIENT_PRIVILEGE ? refusal(name, FORBIDDEN, thrown) : thrown
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

async function prepare(query: Query, name: string, mayMigrate: boolean): Promise<void> {
  const wanted = MIGRATIONS.length
  await refuseEncoding(query)
  const found = await versionOf(query, name)
  if (found !== undefined && found > wanted) throw refusal(name, NEWER)
  if (found === wanted) {
    await refuseRightsThatMiss(query, name)
    return
  }
  if (!mayMigrate) throw refusal(name, found === undefined ? MISSING : OLDER)
  if (found === undefined) await create(query, name)
  try {
    await migrate(query, name)
  } catch (thrown) {
    throw codeOf(thrown) === LOCK_NOT_AVAILABLE
      ? new SessionHubError('unavailable', `The schema ${name} ${HELD}`, { cause: thrown })
      : thrown
  }
}

const LOCK_NOT_AVAILABLE = '55P03'

const HELD =
  'could not be brought up to date, because somebody else holds its tables, such as a backup: try again when that is done. Nothing was changed'

/** A migration may take as long as it needs, whatever limits the user's statements have. Parameters that this server does not know are left out. */
const PATIENCE = `
  SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'transaction_timeout', 'lock_timeout')`

async function migrate(query: Query, name: string): Promise<void> {
  const wanted = MIGRATIONS.length
  try {
    await query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${SILENT_MS}`)
    await query(PATIENCE)
    await query(`LOCK TABLE ${name}.meta IN ACCESS EXCLUSIVE MODE`)
    // All hubs wait for the tables behind this process, and it waits for whoever uses them.
    await query(`SET LOCAL lock_timeout = ${TABLE_MS}`)
    // Another process may have been faster.
    const version = (await versionOf(query, name)) ?? 0
    for (const migration of MIGRATIONS.slice(version)) await query(migration.replaceAll('SCHEMA', name))
    if (version < wanted) {
      await query(FUNCTIONS.replaceAll('SCHEMA', name))
      await query(`DELETE FROM ${name}.meta`)
      await query(`INSERT INTO ${name}.meta VALUES (${wanted})`)
    }
    await query('COMMIT')
  } catch (thrown) {
    await query('ROLLBACK').catch(() => undefined)
    throw thrown
  }
}

/** @throws SessionHubError `options_invalid` if this database cannot store every character of a name or a cart */
async function refuseEncoding(query: Query): Promise<void> {
  const [row] = await query(`SELECT current_setting('server_encoding') AS encoding`)
  const encoding = String(Reflect.get(row as object, 'encoding'))
  if (encoding === 'UTF8') return
  throw new SessionHubError(
    'options_invalid',
    `The database keeps its text as ${encoding}, which has not every character of a name or a cart: create one with ENCODING 'UTF8' TEMPLATE template0`,
  )
}

/** Checked before the first visitor is refused: the schema may be newer than the rights that were granted in it. */
async function refuseRightsThatMiss(query: Query, name: string): Promise<void> {
  const [row] = await query(`
    SELECT
      (SELECT bool_and(c.relname = 'meta' OR has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
          AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
        FROM pg_class c WHERE c.relnamespace = meta.relnamespace AND c.relkind IN ('r', 'p'))
      AND (SELECT bool_and(has_function_privilege(f.oid, 'EXECUTE')) FROM pg_proc f WHERE f.pronamespace = meta.relnamespace)
      AS is_enough
    FROM pg_class meta WHERE meta.oid = to_regclass('${name.replaceAll("'", "''")}.meta')`)
  if (Reflect.get(row as object, 'is_enough') !== 't') throw refusal(name, FORBIDDEN)
}

/** @throws SessionHubError `options_invalid` if a copy has closed the store */
export async function refuseCopied(query: Query, schema: string): Promise<void> {
  const [row] = await query(`SELECT * FROM ${quoted(schema)}.copying`)
  if (row !== undefined) throw closedByCopy(noteOf(row))
}

/** If two processes create it at once, one of them is told by one of these codes that it exists. */
const THERE = ['23505', '42P06', '42P07', '42710']

async function create(query: Query, name: string): Promise<void> {
  for (const sql of [`CREATE SCHEMA ${name}`, `CREATE TABLE ${name}.meta (version integer NOT NULL)`]) {
    try {
      await query(sql)
    } catch (thrown) {
      if (!THERE.includes(codeOf(thrown))) throw thrown
    }
  }
}

/** @returns `undefined` if nothing is there, 0 for a schema that has no tables yet */
async function versionOf(query: Query, name: string): Promise<number | undefined> {
  const [found] = await query(
    `SELECT to_regclass('${name.replaceAll("'", "''")}.meta') IS NOT NULL AS is_there`,
  )
  if (Reflect.get(found as object, 'is_there') !== 't') return undefined
  const [row] = await query(`SELECT version FROM ${name}.meta`)
  return row ? Number(Reflect.get(row, 'version')) : 0
}

/**
 * Says in one sentence what a failover of this server would lose.
 *
 * @throws SessionHubError `options_invalid` if the server answers before it has written
 */
export async function durabilityOf(query: Query): Promise<string> {
  const [row] = await query(`
    SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,
      current_setting('synchronous_standby_names') AS names, (SELECT count(*) FROM pg_stat_replication) AS standbys`)
  const setting = (name: string) => Reflect.get(row as object, name) as unknown
  if (setting('commit') === 'off' || setting('fsync') === 'off')
    throw new SessionHubError(
      'options_invalid',
      'PostgreSQL has "synchronous_commit" or "fsync" off here, so a crash loses writes that it has acknowledged, such as spent tickets: turn both on',
    )
  if (setting('names') !== '') {
    if (setting('commit') === 'local')
      return 'A failover may lose what was answered last: "synchronous_commit" is "local", so nobody waits for the standby'
    return 'A failover to a synchronous standby loses nothing that was answered'
  }
  // A user who may not see the standbys sees none.
  return setting('standbys') === 0
    ? 'One server, as far as this user sees: what was answered survives its crash, and is lost with its disk'
    : 'The standbys are asynchronous: a failover may lose what was answered last'
}
