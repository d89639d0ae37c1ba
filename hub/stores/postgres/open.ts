/** The schema as this version wants it, and a server that keeps what it has answered. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { closedByCopy, noteOf } from '../copy/note.js'
import { codeOf } from './faults.js'
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

/** `"`, as SQL quotes a name. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/**
 * Creates or migrates the schema, in one transaction under a lock: several hubs may start at once. One that is up to date is left alone, also by a
 * user who may create nothing.
 *
 * @throws SessionHubError `options_invalid` where the schema is a newer version's, or older and may not be migrated, or this user may not do that
 */
export async function prepareSchema(query: Query, schema: string, mayMigrate: boolean): Promise<void> {
  const name = quoted(schema)
  try {
    await prepare(query, name, mayMigrate)
  } catch (thrown) {
    // No waiting mends it, so it is not `unavailable`.
    throw codeOf(thrown) === INSUFFICIENT_PRIVILEGE ? refusal(name, FORBIDDEN, thrown) : thrown
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

async function prepare(query: Query, name: string, mayMigrate: boolean): Promise<void> {
  const wanted = MIGRATIONS.length
  const found = await versionOf(query, name)
  if (found !== undefined && found > wanted) throw refusal(name, NEWER)
  if (found === wanted) return
  if (!mayMigrate) throw refusal(name, found === undefined ? MISSING : OLDER)
  if (found === undefined) await create(query, name)
  await query('BEGIN')
  try {
    await query(`LOCK TABLE ${name}.meta IN ACCESS EXCLUSIVE MODE`)
    // Somebody else may have been faster.
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

/** @throws SessionHubError `options_invalid` where a copy has closed the store */
export async function refuseCopied(query: Query, schema: string): Promise<void> {
  const [row] = await query(`SELECT * FROM ${quoted(schema)}.copying`)
  if (row !== undefined) throw closedByCopy(noteOf(row))
}

/** Two that create it at once: one of them is told that it is there, by one of these codes. */
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

/** @returns `undefined` where nothing is there, 0 for a schema whose tables are still to come */
async function versionOf(query: Query, name: string): Promise<number | undefined> {
  const [found] = await query(
    `SELECT to_regclass('${name.replaceAll("'", "''")}.meta') IS NOT NULL AS is_there`,
  )
  if (Reflect.get(found as object, 'is_there') !== 't') return undefined
  const [row] = await query(`SELECT version FROM ${name}.meta`)
  return row ? Number(Reflect.get(row, 'version')) : 0
}

/**
 * What a failover of this server would lose, in one sentence.
 *
 * @throws SessionHubError `options_invalid` where the server answers before it has written
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
  // Who may not see the standbys sees none.
  return setting('standbys') === 0
    ? 'One server, as far as this user sees: what was answered survives its crash, and is lost with its disk'
    : 'The standbys are asynchronous: a failover may lose what was answered last'
}
