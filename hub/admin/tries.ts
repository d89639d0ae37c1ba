/**
 * Counts tries at an administrator's token for all processes of the hub together. Each try takes a numbered place in the store before anything is
 * compared, and a correct token gives it back. The store's own atomic insert does this, as when a ticket is spent (R26).
 */
import type { Request } from 'express'

import { partyOf } from '../../sdk/http/address.js'
import { perAddressTries, perMinute } from '../../sdk/http/rate-limit.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'

/** How many wrong tokens one address may send in each five minutes of the clock. Then it has to wait for the next five. */
export const TRIES = { points: 5, seconds: 300 }

/**
 * How many tries per minute take a place in the store, for all addresses together: strangers may not fill it (R31). Beyond them, each process counts
 * by itself.
 */
const KEPT = 600

const ISSUER = 'admin tries'

export interface Tries {
  /** Counts one try. Call it before anything is compared. @returns a function that gives the place back @throws SessionHubError `rate_limited` */
  take(req: Request): Promise<() => Promise<void>>
}

export function createTries(hub: Pick<HubContext, 'store' | 'now'>): Tries {
  const own = perAddressTries(TRIES.points, TRIES.seconds)
  const kept = perMinute(KEPT)

  function windowOf(nowMs: number) {
    const lengthMs = TRIES.seconds * 1000
    const startMs = Math.floor(nowMs / lengthMs) * lengthMs
    return { name: String(startMs), endMs: startMs + lengthMs }
  }

  /** @returns whether the place was free */
  function spend(jti: string, spentAtMs: number, expiresAtMs: number): Promise<boolean> {
    return hub.store.transact(
      { handles: [], spend: { issuer: ISSUER, jti, spentAtMs, expiresAtMs, gave: null } },
      ({ spentBefore }) => ({ result: !spentBefore }),
    )
  }

  return {
    async take({ ip }) {
      await own.take(ip)
      const isKept = await kept('').then(
        () => true,
        () => false,
      )
      if (!isKept) return () => own.giveBack(ip)
      const nowMs = hub.now()
      const { name, endMs } = windowOf(nowMs)
      for (let [place, wrong] = [1, 0]; wrong < TRIES.points; place += 1) {
        const jti = `${name} ${place} ${partyOf(ip)}`
        if (await spend(jti, nowMs, endMs)) {
          return async () => {
            await spend(`${jti} right`, nowMs, endMs)
            await own.giveBack(ip)
          }
        }
        if (!(await hub.store.isSpent(ISSUER, `${jti} right`))) wrong += 1
      }
      throw new SessionHubError('rate_limited', 'Too many requests', {
        retryAfterSeconds: Math.max(1, Math.ceil((endMs - nowMs) / 1000)),
      })
    },
  }
}
