/** What can be wrong with the server, by the first word of its reply: what may be retried, and on which connection. */

/** `''` if no server has said it: the connection broke, or nobody answered. */
const codeOf = (thrown: unknown): string =>
  (thrown instanceof Error && /^([A-Z]{2,})(?= |$)/.exec(thrown.message)?.[0]) || ''

/** The server would lose what it has answered. Another connection to it does not help. */
export class UnsafeServer extends Error {}

/** The server is starting, failing over, moving its slots or running a long script, or has too few replicas at the moment. It has done nothing. */
const PASSING = ['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'ASK', 'BUSY', 'NOREPLICAS']

/** The server is a replica by now, does not have this slot, has lost the scripts, or was made a replica while it waited. */
const ELSEWHERE = ['READONLY', 'MOVED', 'NOSCRIPT', 'UNBLOCKED']

/** The server itself is the wrong one, not only the connection. */
export const isServerOver = (thrown: unknown) => ELSEWHERE.includes(codeOf(thrown))

/** A new connection may lead to another server. If the connection broke, nobody knows whether the command has run. */
export const isConnectionOver = (thrown: unknown) => ['', ...ELSEWHERE].includes(codeOf(thrown))

export const isPassing = (thrown: unknown) =>
  !(thrown instanceof UnsafeServer) && (isConnectionOver(thrown) || PASSING.includes(codeOf(thrown)))

/**
 * @returns the faults that waiting does not cure: what the server forbids this user, what the server does not know, or that it does not know the
 * user. The values of the command are left out
 */
export function refusedFor(thrown: unknown): string | undefined {
  const { message } = thrown instanceof Error ? thrown : { message: '' }
  const [, renamed] = /^ERR unknown command ['`]([^'`]{1,40})/.exec(message) ?? []
  if (renamed !== undefined)
    return `the server has no command ${renamed}: a "rename-command" may have taken it away. docs/redis.md lists what the store needs`
  if (['WRONGPASS', 'NOAUTH'].includes(codeOf(thrown)))
    return 'the server refuses this user, or its password: check both'
  if (codeOf(thrown) !== 'NOPERM') return undefined
  return 'the server’s user lacks a right: docs/redis.md lists what the store needs (ACL SETUSER)'
}

/** Visitors see this too, so it says only a little. */
export const closedDoor = (thrown: unknown): string =>
  refusedFor(thrown) === undefined
    ? 'The session store lets nobody in'
    : 'The session store does not accept this hub'

/** The server that has the slot: `MOVED 3999 127.0.0.1:6381`. */
export function movedTo(thrown: unknown): { host: string; port: number } | undefined {
  if (codeOf(thrown) !== 'MOVED') return undefined
  const [, host, port] = /^MOVED \d+ (.+):(\d+)$/.exec((thrown as Error).message) ?? []
  return host && port ? { host, port: Number(port) } : undefined
}
