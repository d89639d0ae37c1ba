/** The package `pg`, which only hubs on PostgreSQL need, and a pool of it. */
import { wrong } from '../../../sdk/settings/refuse-unknown.js'
import { READ_MS } from './limits.js'
import type { PostgresPool } from './pool.js'

/** @throws SessionHubError `options_invalid` where the package is missing, or the address cannot be used */
export async function createPool(
  where: string,
  connectionString: string,
  max: number,
): Promise<PostgresPool> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw wrong(where, 'the package "pg" is missing: npm install pg', cause)
  })
  try {
    // It reads the address, and connects to nothing: else the first connection would, and a wrong one would pass for a server that is away.
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
    // So that a name that leads to another machine by now is looked up again.
    maxLifetimeSeconds: 300,
  })
}

/** Without a word of the address, which holds the password. A missing certificate is named by its own path. */
function addressFault(cause: unknown): string {
  const reason = cause instanceof Error && 'path' in cause ? ` (${cause.message})` : ''
  return `"url" is no address of a server that can be used${reason}. A port is at most 65535; in a password, characters such as "/", "#" and "%" are percent-encoded`
}
