/** What can be wrong with the server, by the first word of its reply: what may be tried again, and on which connection. */

/** `''` where no server has said it: the connection broke, or nobody answered. */
const codeOf = (thrown: unknown): string =>
  (thrown instanceof Error && /^([A-Z]{2,})(?= |$)/.exec(thrown.message)?.[0]) || ''

/** It would lose what it has answered. Another connection to it helps nobody. */
export class UnsafeServer extends Error {}

/** It starts, fails over, moves its slots, runs a long script, or has too few replicas just now. It has done nothing. */
const PASSING = ['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'ASK', 'BUSY', 'NOREPLICAS']

/** It is a replica by now, has nothing of this slot, has lost the scripts, or was made a replica while it waited. */
const ELSEWHERE = ['READONLY', 'MOVED', 'NOSCRIPT', 'UNBLOCKED']

/** The server itself is the wrong one, and not the connection alone. */
export const isServerOver = (thrown: unknown) => ELSEWHERE.includes(codeOf(thrown))

/** A new connection may lead to another server. Whether what was sent has run nobody knows, where the connection broke. */
export const isConnectionOver = (thrown: unknown) => ['', ...ELSEWHERE].includes(codeOf(thrown))

export const isPassing = (thrown: unknown) =>
  !(thrown instanceof UnsafeServer) && (isConnectionOver(thrown) || PASSING.includes(codeOf(thrown)))

/** @returns what this user of the server may not do, or the server does not know, which no waiting mends; or that it does not know the user. Without the values of the command */
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

/** Visitors are told this too, so it is no more than a word. */
export const closedDoor = (thrown: unknown): string =>
  refusedFor(thrown) === undefined
    ? 'The session store lets nobody in'
    : 'The session store does not accept this hub'

/** Where the slot is: `MOVED 3999 127.0.0.1:6381`. */
export function movedTo(thrown: unknown): { host: string; port: number } | undefined {
  if (codeOf(thrown) !== 'MOVED') return undefined
  const [, host, port] = /^MOVED \d+ (.+):(\d+)$/.exec((thrown as Error).message) ?? []
  return host && port ? { host, port: Number(port) } : undefined
}
