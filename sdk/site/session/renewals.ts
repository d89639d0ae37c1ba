/**
 * New session tokens in good time: past half of a token's life the hub is asked whether the session is alive, once, however many requests
 * of the visitor come at that moment; all of them take the one new token along.
 */
import type { SessionView } from '../../protocol/bodies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { limits } from '../../protocol/wire.js'
import { boundedCache } from '../../http/bounded-cache.js'
import type { Carried } from './carrier.js'
import type { HubClient } from '../hub/client.js'
import type { SiteSettings } from '../options.js'
import { isFresh, type SessionTokens } from './token.js'
import type { Visit } from '../visit.js'

export interface Renewals {
  isDue(claims: SessionClaims): boolean
  /** A newer token of the same session, made since by this process; the caller sees whether it is to be trusted. */
  newerThan(claims: SessionClaims): Carried | undefined
  /** @throws SessionHubError `session_ended`, `unavailable` */
  renew(handle: string, visit: Visit): Promise<{ carried: Carried; view: SessionView }>
  /** A token that was made for another reason. */
  add(handle: string, carried: Carried): void
  /** The handle stands for nothing any more. */
  forget(handle: string): void
}

/** By the handles, which no two sites share. */
export const createRenewed = () => ({
  newest: boundedCache<Carried>(20_000),
  running: new Map<string, Promise<{ carried: Carried; view: SessionView }>>(),
})

export function createRenewals(
  { now }: Pick<SiteSettings, 'now'>,
  hub: Pick<HubClient, 'read'>,
  tokens: SessionTokens,
  { newest, running } = createRenewed(),
): Renewals {
  /** One from the future was made before this clock was set back: any that is believed now is newer. */
  const isAhead = (iat: number) => iat * 1000 > now() + limits.ownSkewSeconds * 1000
  const isDue = (claims: SessionClaims) => now() >= (claims.iat + claims.exp) * 500 || !isFresh(claims, now())

  async function make(handle: string, visit: Visit) {
    const view = await hub.read(handle)
    const issued = await tokens.issue(view, handle, visit)
    const carried = { ...issued, state: view.state, isRemembered: view.remember }
    newest.set(handle, carried)
    return { carried, view }
  }

  return {
    isDue,
    newerThan({ sk = '', iat }) {
      const carried = newest.get(sk)
      if (!carried || isDue(carried.claims)) return undefined
      return carried.claims.iat > iat || isAhead(iat) ? carried : undefined
    },
    renew(handle, visit) {
      let making = running.get(handle)
      if (!making) {
        making = make(handle, visit).finally(() => running.delete(handle))
        running.set(handle, making)
      }
      return making
    },
    add(handle, carried) {
      newest.set(handle, carried)
    },
    forget(handle) {
      newest.delete(handle)
    },
  }
}
