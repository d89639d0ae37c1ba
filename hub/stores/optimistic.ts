/**
 * Transactions of a store that holds no lock while the hub decides. It reads, decides, and writes if nothing that it read has
 * changed meanwhile. Otherwise it reads and decides again.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { Changes, Question, Spend, Store, View } from './store.js'
import { createTurns } from './turns.js'

/** The parts of a transaction that a server does, each in one round trip. */
export interface Steps<Look extends { readonly view: View }> {
  /** How long a whole transaction may take. */
  readonly limitMs: number
  look(question: Question): Promise<Look>
  /** @returns whether it is written; otherwise something that was read has changed */
  commit(look: Look, spend: Spend | undefined, changes: Changes, endMs: number): Promise<boolean>
  /** If there is nothing to write, makes sure that what was read stays: its writer may have been told that the outcome is unknown. */
  confirm?(endMs: number): Promise<void>
}

/** After this many tries at once it pauses: two processes with the same rhythm would go on disturbing each other. */
const TRIES_AT_ONCE = 3
const CONFLICT_PAUSE_MS = 20

export function createTransact<Look extends { readonly view: View }>(steps: Steps<Look>): Store['transact'] {
  const turns = createTurns()

  const transact: Store['transact'] = async (question, decide) => {
    const endMs = performance.now() + steps.limitMs
    // The time is limited, not the tries: when four processes change one user, one of them now and then loses twelve in a row.
    for (let tries = 1; performance.now() < endMs; tries += 1) {
      const look = await steps.look(question)
      const { changes = {}, result } = decide(look.view)
      const spend = look.view.spentBefore ? undefined : question.spend
      if (!isWritten(changes) && !spend) {
        if (!isEmpty(question)) await steps.confirm?.(endMs)
        return result
      }
      if (await steps.commit(look, spend, changes, endMs)) return result
      if (tries >= TRIES_AT_ONCE) await pause(CONFLICT_PAUSE_MS)
    }
    throw new SessionHubError('unavailable', 'Too many requests write to the same session at once')
  }

  return (question, decide) => {
    const { handles, spend, subject } = question
    const keys = [
      ...handles.map((hash) => `handle ${hash}`),
      ...(spend ? [`spend ${JSON.stringify([spend.issuer, spend.jti])}`] : []),
      ...(subject ? [`subject ${subject.subject}`] : []),
    ]
    return keys.length ? turns.take(keys, () => transact(question, decide)) : transact(question, decide)
  }
}

/** Whether the question asks for nothing. */
export const isEmpty = ({ handles, session, subject, spend }: Question) =>
  handles.length === 0 && session === undefined && !subject && !spend

/** Whether there is anything to write. */
const isWritten = ({ erase, ...lists }: Changes): boolean =>
  erase !== undefined || Object.values(lists).some((rows) => rows.length > 0)

/** The name of a commit. */
export const newRev = () => randomInt(1, 2 ** 48 - 1)

/** The pause is random, so that no two callers wait equally long. */
export const pause = (mostMs: number) => delay(mostMs * (0.2 + 0.8 * Math.random()))

/** A fault of the store while the hub runs never means "allowed" (R21). */
export const unavailable = (cause: unknown, why = 'The session store does not answer') =>
  cause instanceof SessionHubError ? cause : new SessionHubError('unavailable', why, { cause })

/** A damaged row is a fault of the store, not a crash (R21). */
export function parsed<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    throw unavailable(cause)
  }
}
