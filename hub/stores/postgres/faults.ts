/** What can be wrong with the server, by SQLSTATE or errno: what may be retried, and on which connection. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

/** Serialization failure, deadlock, lock not available, or a session that was swept between the look and the commit. */
const NOTHING_WRITTEN = ['40001', '40P01', '55P03', '23503']
export const isNothingWritten = (thrown: unknown) => NOTHING_WRITTEN.includes(codeOf(thrown))

/**
 * "Does not exist" or "exists already": a pooler gives each transaction another connection to the server, without the prepared
 * statements. Nothing has run.
 */
export const isNotPrepared = (thrown: unknown) => ['26000', '42P05'].includes(codeOf(thrown))

/**
 * "Cached plan must not change result type": a newer version of the hub has changed a table since this connection prepared the statement. Nothing has
 * run. The code also stands for other faults, and its message is in the server's language.
 */
export const isStalePlan = (thrown: unknown) =>
  codeOf(thrown) === '0A000' && Reflect.get(thrown as object, 'routine') === 'RevalidateCachedQuery'

/**
 * The connection was lost or took too long, or it leads to a server that starts, stops, or was made read-only, as an open one does after a
 * switch-over. A new connection may lead to another server, so the statement is sent again. In the first two cases nobody knows whether it has run.
 */
export const isConnectionOver = (thrown: unknown) => {
  const code = codeOf(thrown)
  return !isSqlState(code) || /^(08|57P|25006)/.test(code)
}

/** Five of these characters. Node's own codes, such as `EPIPE`, have at most four letters after the E, or more than five characters. */
const isSqlState = (code: string) => /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)

/** The server's answers to clients that it never lets in. */
const REFUSED: Readonly<Record<string, string>> = {
  '28P01': 'the server refuses the password of this user: check the user and the password',
  '28000': 'the server does not let this user in: check the user, its right to log in, and pg_hba.conf',
  '3D000': 'the server has no such database: create it, or check its name',
  '42501': 'the server does not let this user into the database: grant it CONNECT',
}
const NO_PASSWORD = 'the server asks for a password, and there is none: put it into the address'

/** @returns in words why waiting does not help; `undefined` for any other fault */
export function refusedFor(thrown: unknown): string | undefined {
  // The client reports this by itself, without a code.
  const isWithoutPassword = thrown instanceof Error && /^SASL: .*password must be/.test(thrown.message)
  return isWithoutPassword ? NO_PASSWORD : REFUSED[codeOf(thrown)]
}

/** Visitors see this too, so it says only a little; the log has the server's code beside it. */
export const closedDoor = (thrown: unknown): string =>
  refusedFor(thrown) === undefined
    ? 'The session store lets nobody in'
    : 'The session store does not accept this hub'
