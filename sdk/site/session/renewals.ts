/**
 * Renews session tokens in good time: past half of a token's lifetime the hub is asked whether the session is live. It is asked once, however
 * many requests of the visitor arrive at that moment; all of them take the one new token along.
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
  /** A newer token of the same session that this process has made since; the caller checks whether it may be trusted. */
  newerThan(claims: SessionClaims): Carried | undefined
  /** @throws SessionHubError `session_ended`, `unavailable` */
  renew(handle: string, visit: Visit): Promise<{ carried: Carried; view: SessionView }>
  /** Adds a token that was made for another reason. */
  add(handle: string, carried: Carried): void
  /** The handle is no longer valid. */
  forget(handle: string): void
}

/** By the handles, which are unique across sites. */
export const createRenewed = () => ({
  newest: boundedCache<Carried>(20_000),
  running: new Map<string, Promise<{ carried: Carried; view: SessionView }>>(),
})

export const createRenewals = (
  settings: Pick<SiteSettings, 'now'>,
  hub: Pick<HubClient, 'read'>,
  tokens: SessionTokens,
  renewed = createRenewed(),
): Renewals => new SharedRenewals(settings, hub, tokens, renewed)

/** A class, because there is one per site, and an application may have thousands. */
class SharedRenewals implements Renewals {
  readonly #now: () => number
  readonly #hub: Pick<HubClient, 'read'>
  readonly #tokens: SessionTokens
  readonly #renewed: ReturnType<typeof createRenewed>

  constructor(
    { now }: Pick<SiteSettings, 'now'>,
    hub: Pick<HubClient, 'read'>,
    tokens: SessionTokens,
    renewed: ReturnType<typeof createRenewed>,
  ) {
    this.#now = now
    this.#hub = hub
    this.#tokens = tokens
    this.#renewed = renewed
  }

  isDue(claims: SessionClaims): boolean {
    const nowMs = this.#now()
    return nowMs >= (claims.iat + claims.exp) * 500 || !isFresh(claims, nowMs)
  }

  newerThan({ sk = '', iat }: SessionClaims): Carried | undefined {
    const carried = this.#renewed.newest.get(sk)
    if (!carried || this.isDue(carried.claims)) return undefined
    return carried.claims.iat > iat || this.#isAhead(iat) ? carried : undefined
  }

  renew(handle: string, visit: Visit) {
    const { running } = this.#renewed
    let making = running.get(handle)
    if (!making) {
      making = this.#make(handle, visit).finally(() => running.delete(handle))
      running.set(handle, making)
    }
    return making
  }

  add(handle: string, carried: Carried): void {
    this.#renewed.newest.set(handle, carried)
  }

  forget(handle: string): void {
    this.#renewed.newest.delete(handle)
  }

  /** A token from the future was made before this clock was set back: any that is trusted now is newer. */
  #isAhead(iat: number): boolean {
    return iat * 1000 > this.#now() + limits.ownSkewSeconds * 1000
  }

  async #make(handle: string, visit: Visit) {
    const view = await this.#hub.read(handle)
    const issued = await this.#tokens.issue(view, handle, visit)
    const carried = { ...issued, state: view.state, isRemembered: view.remember }
    this.add(handle, carried)
    return { carried, view }
  }
}
