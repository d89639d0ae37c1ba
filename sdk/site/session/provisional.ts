/**
 * Sign-ins that the hub could not be told of. They live only in the cookie, so the site's own login works while the hub is down. Each can be
 * registered once, within the grace, and not after a sign-out.
 */

import type { SessionView } from '../../protocol/bodies.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { SessionHubError, toSessionHubError } from '../../protocol/errors.js'
import type { EndReason } from '../../protocol/wire.js'
import { boundedCache } from '../../http/bounded-cache.js'
import type { HubClient } from '../hub/client.js'
import type { SiteSettings } from '../options.js'

export interface Provisional {
  /** Tells the hub. Simultaneous requests of one visitor become one. @throws SessionHubError `session_ended`, `unavailable` */
  register(claims: SessionClaims, agent?: string): Promise<SessionView>
  /** After a sign-out this cookie is worthless, wherever a copy of it is: in this process at once, and everywhere when the hub has been told. */
  revoke(claims: SessionClaims): void
}

/** How much later than the first one such a request may come. */
const LATE_MS = 30_000

/** By the ids of the sign-ins, which are unique across sites. */
export const createSignIns = () => ({
  revoked: boundedCache<true>(10_000),
  running: new Map<string, Promise<SessionView>>(),
  done: boundedCache<string>(10_000, { ttl: LATE_MS }),
})

export const createProvisional = (
  hub: HubClient,
  settings: SiteSettings,
  signIns = createSignIns(),
): Provisional => new LateSignIns(hub, settings, signIns)

/** A class, because there is one per site, and an application may have thousands. */
class LateSignIns implements Provisional {
  readonly #hub: HubClient
  readonly #settings: SiteSettings
  readonly #signIns: ReturnType<typeof createSignIns>

  constructor(hub: HubClient, settings: SiteSettings, signIns: ReturnType<typeof createSignIns>) {
    this.#hub = hub
    this.#settings = settings
    this.#signIns = signIns
  }

  async register(
    { sub, claims = {}, auth_time, exp, jti, was, remember = true, idp }: SessionClaims,
    agent?: string,
  ): Promise<SessionView> {
    const { revoked, running, done } = this.#signIns
    const until = exp + this.#settings.graceForSeconds
    // Only the hub's clock decides whether it is too late: this one may be wrong, and a sign-in that it discarded would be lost.
    if (sub === undefined || jti === undefined || revoked.has(jti)) throw gone('signed-out')
    const before = done.get(jti)
    // A request with the old cookie that was already in progress gets the same session, if that has not ended since.
    if (before !== undefined) return { ...(await this.#hub.read(before)), handle: before }
    let registering = running.get(jti)
    if (!registering) {
      registering = this.#hub
        .signIn({
          handle: was ?? null,
          subject: sub,
          claims,
          jti,
          exp: until,
          remember,
          ...(auth_time !== undefined && { auth_time }),
          ...(agent && { agent }),
          ...(idp !== undefined && { idp }),
        })
        .finally(() => running.delete(jti))
      running.set(jti, registering)
    }
    let view
    try {
      view = await registering
    } catch (error) {
      // The hub's decision on this sign-in is final: it need not be asked again.
      const { code } = toSessionHubError(error)
      if (code === 'session_ended' || code === 'session_limit') revoked.set(jti, true)
      throw code === 'session_limit' ? gone('revoked', error) : error
    }
    if (view.handle !== undefined) done.set(jti, view.handle)
    return view
  }

  revoke({ jti }: SessionClaims): void {
    if (jti !== undefined) this.#signIns.revoked.set(jti, true)
  }
}

const gone = (endReason: EndReason, cause?: unknown) =>
  new SessionHubError('session_ended', 'The sign-in is over', { endReason, cause })
