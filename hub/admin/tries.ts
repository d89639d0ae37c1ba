/**
 * Tries at an administrator's token, counted for all processes of the hub together: each try takes a numbered place in the store before anything is
 * compared, and a right one gives it back. By the store's own atomic insert, as tickets are spent (R26).
 */
import type { Request } from 'express'

import { partyOf } from '../../sdk/http/address.js'
import { perAddressTries, perMinute } from '../../sdk/http/rate-limit.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { HubContext } from '../flows/context.js'

/** So many wrong tokens from one address in each five minutes of the clock, then it has to wait for the next. */
export const TRIES = { points: 5, seconds: 300 }

/** Of all addresses together, so many tries per minute take a place in the store: strangers may not fill it (R31). Past them, each process counts by itself. */
const KEPT = 600

const ISSUER = 'admin tries'

export interface Tries {
  /** Counts one; to be asked before anything is compared. @returns how to give it back @throws SessionHubError `rate_limited` */
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

  /** @returns whether it was free */
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
