/** A PostgreSQL schema as one end of a copy. A hub that runs on it goes on reading, but writes nothing any more. */
import type { CopyEnd, CopyNote, Numbers, Written } from '../copy/end.js'
import { noteColumns, noteOf } from '../copy/note.js'
import { keysOf, type Kind, type Row, rowOf } from '../copy/rows.js'
import { newRev, unavailable } from '../optimistic.js'
import { integer, text } from '../rows.js'
import { SILENT_MS } from './limits.js'
import { DEFAULT_SCHEMA, durabilityOf, prepareSchema, quoted } from './open.js'
import { createPool } from './server.js'
import { bytes, readValue } from './wire.js'

/** Ids and hashes, which are text in every other engine. */
const BYTES: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  session: ['id'],
  handle: ['hash', 'session_id'],
}

/** The columns of tables that differ from the other engines. */
const COLUMNS: Readonly<Partial<Record<Kind, string>>> = {
  handle: `hash, session_id, site, created_at_ms, activated_at_ms, expires_at_ms, (acting).subject AS acting_subject,
    (acting).claims AS acting_claims, (acting).until_ms AS acting_until_ms`,
}

/** Tables whose rows note which commit wrote them. */
const WITH_REV: readonly Kind[] = ['subject', 'session', 'handle', 'spend', 'audit']

/**
 * @param url the address, with a user who owns the schema or may create it
 * @param mayMake whether a missing schema may be created, as at the target
 * @throws SessionHubError
 */
export async function openPostgresEnd(
  url: string,
  mayMake: boolean,
  schema: string = DEFAULT_SCHEMA,
): Promise<CopyEnd> {
  const pool = await createPool('store copy', url, 1)
  // Without a listener, a broken connection would end the process. The caller who waits for an answer is told.
  pool.on('error', () => undefined)
  const client = await pool.connect().catch(async (thrown: unknown) => {
    await pool.end()
    throw unavailable(thrown, 'The session store could not be opened')
  })
  client.on('error', () => undefined)
  // A pool waits for everybody who has not returned their connection.
  const close = async () => {
    client.release(true)
    await pool.end()
  }
  const query: Query = async (text, values = []) =>
    (await client.query({ text, values, types: { getTypeParser: readValue } })).rows
  try {
    await durabilityOf(query)
    await prepareSchema(query, schema, mayMake)
    // Someone who dumps the database holds locks for the whole time. With these limits nobody waits behind this process, or for one that hangs.
    await query(`SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = ${SILENT_MS}`)
    await query(`SELECT ${quoted(schema)}.number_endings()`)
  } catch (thrown) {
    await close()
    throw unavailable(thrown, 'The session store could not be opened')
  }
  return copyEnd(query, quoted(schema), nameOf(url, schema), close)
}

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown[]>

function nameOf(url: string, schema: string): string {
  // The driver also accepts what is no URL, such as an address without a host.
  if (!URL.canParse(url)) return `PostgreSQL (schema "${schema}")`
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname} (schema "${schema}")`
}

function copyEnd(ask: Query, schema: string, name: string, close: () => Promise<void>): CopyEnd {
  const query: Query = (text, values) =>
    ask(text, values).catch((thrown: unknown) => {
      throw unavailable(thrown)
    })
  async function inTransaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await query('BEGIN')
    try {
      const result = await work()
      await query('COMMIT')
      return result
    } catch (thrown) {
      await query('ROLLBACK').catch(() => undefined)
      throw thrown
    }
  }

  return {
    name,
    async note() {
      const [row] = await query(`SELECT * FROM ${schema}.copying`)
      return row === undefined ? undefined : noteOf(row)
    },
    begin: (note: CopyNote) =>
      inTransaction(async () => {
        // Every writer checks here first, and holds a lock until it is done.
        await query(`LOCK TABLE ${schema}.copying IN ACCESS EXCLUSIVE MODE`)
        if ((await query(`SELECT FROM ${schema}.copying`)).length) return false
        const { copy, role, other, is_done, at_ms, progress } = noteColumns(note)
        const values = [copy, role, other, is_done, at_ms, progress]
        await query(`INSERT INTO ${schema}.copying VALUES ($1, $2, $3, $4, $5, $6)`, values)
        await query(`SELECT ${schema}.number_endings()`)
        return true
      }),
    async count(kind) {
      // This reads every row, and only for display, so it may fail: the user's statements may not be allowed to take that long.
      const found = await query(`SELECT count(*) AS rows FROM ${schema}.${kind}`).catch(nothing)
      return found && integer(found[0], 'rows')
    },
    async numbers() {
      const [row] = await query(`
        SELECT epoch, e.seq AS last_ending, s.seq AS last_site,
          (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ${schema}.audit_seq_seq) AS last_audit
        FROM ${schema}.ending_last e, ${schema}.site_last s`)
      return {
        epoch: text(row, 'epoch'),
        lastEnding: integer(row, 'last_ending'),
        lastAudit: integer(row, 'last_audit'),
        lastSite: integer(row, 'last_site'),
      }
    },
    async read(kind, after, limit) {
      const keys = keysOf[kind]
      const values = after === undefined ? [] : (JSON.parse(after) as (string | number)[])
      const looked = values.map((value, at) => (isBytes(kind, keys[at]) ? bytes(String(value)) : value))
      const places = looked.map((_value, at) => `$${at + 1}`).join(', ')
      const found = await query(
        `SELECT ${COLUMNS[kind] ?? '*'} FROM ${schema}.${kind} ${after === undefined ? '' : `WHERE (${keys.join(', ')}) > (${places})`}
        ORDER BY ${keys.join(', ')} LIMIT ${limit}`,
        looked,
      )
      const rows = found.map((row) => rowOf(kind, row))
      const last = rows.length < limit ? undefined : rows.at(-1)
      return { rows, ...(last && { next: JSON.stringify(keys.map((key) => last[key])) }) }
    },
    write: ({ copy, kind, rows, from, to }: Written) =>
      inTransaction(async () => {
        const noted = await query(
          `UPDATE ${schema}.copying SET progress = $1 WHERE copy = $2 AND role = 'target'
            AND progress IS NOT DISTINCT FROM $3 RETURNING 1`,
          [to, copy, from],
        )
        if (noted.length !== 1) return false
        const [first] = rows
        if (first)
          await query(putOf(schema, kind, stored(kind, first)), [
            JSON.stringify(rows.map((row) => stored(kind, row))),
          ])
        return true
      }),
    setNumbers: ({ epoch, lastEnding, lastAudit, lastSite }: Numbers) =>
      inTransaction(async () => {
        await query(`UPDATE ${schema}.ending_last SET epoch = $1, seq = $2`, [epoch, lastEnding])
        await query(`UPDATE ${schema}.site_last SET seq = $1`, [lastSite])
        if (lastAudit > 0)
          await query(`SELECT setval('${schema.replaceAll("'", "''")}.audit_seq_seq', $1)`, [lastAudit])
      }),
    async finish(role) {
      await query(
        role === 'source' ? `UPDATE ${schema}.copying SET is_done = 1` : `DELETE FROM ${schema}.copying`,
      )
      // Many rows have come at once, which the planner and the sweeps have to know.
      if (role === 'target')
        for (const kind of Object.keys(keysOf)) await query(`ANALYZE ${schema}.${kind}`).catch(nothing)
    },
    async reopen() {
      await query(`DELETE FROM ${schema}.copying`)
    },
    close,
  }
}

/** What is not essential may fail. */
const nothing = () => undefined

const isBytes = (kind: Kind, column = '') => BYTES[kind]?.includes(column) ?? false

/** The row as the server reads it from JSON. */
function stored(kind: Kind, row: Row): Record<string, unknown> {
  const columns = Object.entries(row).map(([column, value]): [string, unknown] => [
    column,
    isBytes(kind, column) ? `\\x${bytes(String(value)).toString('hex')}` : value,
  ])
  if (kind !== 'handle') return Object.fromEntries(columns)
  const { acting_subject, acting_claims, acting_until_ms, ...rest } = Object.fromEntries(columns)
  const acting = { subject: acting_subject, claims: acting_claims, until_ms: acting_until_ms }
  return { ...rest, acting: acting_subject === null ? null : acting }
}

function putOf(schema: string, kind: Kind, row: Readonly<Record<string, unknown>>): string {
  const columns = Object.keys(row)
  const rev = WITH_REV.includes(kind)
  const changed = [...columns.filter((column) => !keysOf[kind].includes(column)), ...(rev ? ['rev'] : [])]
  return `
    INSERT INTO ${schema}.${kind} (${columns.join(', ')}${rev ? ', rev' : ''}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.join(', ')}${rev ? `, ${newRev()}` : ''} FROM json_populate_recordset(NULL::${schema}.${kind}, $1::json)
    ON CONFLICT (${keysOf[kind].join(', ')}) DO UPDATE SET ${changed.map((column) => `${column} = excluded.${column}`).join(', ')}`
}
