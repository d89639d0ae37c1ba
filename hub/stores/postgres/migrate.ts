/** Creates the schema by hand, as a user who owns it, so that the hub's own user need not own it. */
import { unavailable } from '../optimistic.js'
import { DEFAULT_SCHEMA, prepareSchema, quoted } from './open.js'
import { createConnections } from './pool.js'
import { MIGRATIONS } from './schema.js'
import { createPool } from './server.js'

export interface Migration {
  readonly url: string
  /** A user who may use the schema, but change nothing of it; if it is absent, nobody. */
  readonly grantTo?: string | undefined
}

/**
 * Creates the schema, or brings it up to date. Repeating this changes nothing.
 *
 * @returns the version that the schema has now
 * @throws SessionHubError `options_invalid` if this user may not do it, or the schema is of a newer version; `unavailable`
 */
export async function migrate({ url, grantTo }: Migration): Promise<number> {
  const connections = createConnections(await createPool('store migrate', url, 1), 1, true)
  try {
    await connections.hold(async (query) => {
      await prepareSchema(query, DEFAULT_SCHEMA, true)
      if (grantTo === undefined) return
      const schema = quoted(DEFAULT_SCHEMA)
      // Two processes that change the rights of one table at once disturb each other.
      await query('BEGIN')
      await query(`LOCK TABLE ${schema}.meta IN ACCESS EXCLUSIVE MODE`)
      for (const rights of rightsIn(schema)) await query(`GRANT ${rights} TO ${quoted(grantTo)}`)
      await query('COMMIT')
    })
    return MIGRATIONS.length
  } catch (thrown) {
    throw unavailable(thrown, 'The schema could not be brought up to date')
  } finally {
    await connections.close()
  }
}

const rightsIn = (schema: string) => [
  `USAGE ON SCHEMA ${schema}`,
  `SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema}`,
  `EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema}`,
]
