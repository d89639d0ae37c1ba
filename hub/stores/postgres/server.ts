/** The package `pg`, which only hubs on PostgreSQL need, and a pool of its connections. */
import { wrong } from '../../../sdk/settings/refuse-unknown.js'
import { READ_MS } from './limits.js'
import type { PostgresPool } from './pool.js'

/** @throws SessionHubError `options_invalid` if the package is missing, or the address cannot be used */
export async function createPool(
  where: string,
  connectionString: string,
  max: number,
): Promise<PostgresPool> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw wrong(where, 'the package "pg" is missing: npm install pg', cause)
  })
  try {
    // This parses the address and does not connect. Otherwise the first connection would parse it, and a wrong address would look like a server that
    // is away.
    new pg.Client({ connectionString })
  } catch (cause) {
    throw wrong(where, addressFault(cause), cause)
  }
  return new pg.Pool({
    connectionString,
    max,
    application_name: 'session-hub',
    connectionTimeoutMillis: READ_MS,
    keepAlive: true,
    // A name that leads to another machine by now is then looked up again.
    maxLifetimeSeconds: 300,
  })
}

/** Leaves the address out, because it contains the password. A missing certificate is named by its own path. */
function addressFault(cause: unknown): string {
  const reason = cause instanceof Error && 'path' in cause ? ` (${cause.message})` : ''
  return `"url" is no address of a server that can be used${reason}. A port is at most 65535; in a password, characters such as "/", "#" and "%" are percent-encoded`
}
