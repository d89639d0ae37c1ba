/** What components see of a client: one snapshot for all of them, and another object whenever something has changed. */
import type { Client } from '../browser/client.js'
import type { ClientEvents } from '../browser/events.js'
import { nothingYet, type Status } from '../browser/status.js'

export interface SessionSnapshot {
  /** What the last sync came to. */
  readonly status: Status
  /** How often this page's session has become another one, or has ended: what shows cart and name is fetched anew with each. */
  readonly changes: number
  /** The other user, while a visitor who is two users has not chosen: see `client.resolve()`. */
  readonly conflict: ClientEvents['session-conflict'] | null
  /** While the browser keeps the hub's cookie from the frame, what is left to try: see `client.requestAccess()`. */
  readonly accessNeeded: ClientEvents['access-needed'] | null
}

/** What a server renders, and so what a page shows before it has taken over. */
export const nothing: SessionSnapshot = {
  status: nothingYet,
  changes: 0,
  conflict: null,
  accessNeeded: null,
}

export interface Snapshots {
  readonly get: () => SessionSnapshot
  /** @returns a function that stops it. The client goes on: it is the document's, and other components use it */
  readonly subscribe: (listener: () => void) => () => void
}

const known = new WeakMap<Client, Snapshots>()

export function snapshotsOf(client: Client): Snapshots {
  let snapshots = known.get(client)
  if (!snapshots) known.set(client, (snapshots = watch(client)))
  return snapshots
}

function watch(client: Client): Snapshots {
  const listeners = new Set<() => void>()
  let snapshot: SessionSnapshot = { ...nothing, status: client.status }

  const change = (changed: Partial<SessionSnapshot>) => {
    snapshot = { ...snapshot, status: client.status, ...changed }
    for (const listener of listeners) listener()
  }
  const sessionChanged = () => {
    change({ changes: snapshot.changes + 1 })
  }
  const synced = ({ outcome, isBlocked }: Status) => {
    change({
      conflict: outcome === 'conflict' ? snapshot.conflict : null,
      accessNeeded: isBlocked ? snapshot.accessNeeded : null,
    })
  }
  client.on('session-replaced', sessionChanged)
  client.on('session-ended', sessionChanged)
  client.on('session-conflict', (conflict) => {
    change({ conflict })
  })
  client.on('access-needed', (accessNeeded) => {
    change({ accessNeeded })
  })
  // Last: of what has been said before, it says what still holds.
  client.on('synced', synced)
  client.on('sync-failed', synced)

  return {
    get: () => snapshot,
    subscribe(listener) {
      // Of its own, so that two subscriptions of one function are two.
      const hear = () => {
        listener()
      }
      listeners.add(hear)
      return () => void listeners.delete(hear)
    },
  }
}
