/** The package `pg`, which only hubs on PostgreSQL need, and a pool of it. */
import { wrong } from '../../../sdk/settings/refuse-unknown.js'
import type { PostgresPool } from './pool.js'

/** How long a connection, or what is read, may take: inside the two seconds that a site waits for its hub. */
export const READ_MS = 1000

/** @throws SessionHubError `options_invalid` where the package is missing */
export async function createPool(
  where: string,
  connectionString: string,
  max: number,
): Promise<PostgresPool> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw wrong(where, 'the package "pg" is missing: npm install pg', cause)
  })
  return new pg.Pool({
    connectionString,
    max,
    application_name: 'session-hub',
    connectionTimeoutMillis: READ_MS,
    keepAlive: true,
    // So that a name that leads to another machine by now is looked up again.
    maxLifetimeSeconds: 300,
  })
}
