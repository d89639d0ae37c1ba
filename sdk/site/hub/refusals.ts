/**
 * The hub does not accept this site's keys: they belong to another registration, or to none. The owner has to correct that, and no visitor is
 * at fault. So visitors get `unavailable` (R21), and the log says once in a while which key it was.
 */
import { boundedCache } from '../../http/bounded-cache.js'
import { SessionHubError } from '../../protocol/errors.js'
import type { Log } from '../../settings/log.js'
import type { SiteSettings } from '../options.js'

type Registered = Pick<SiteSettings, 'origin' | 'hub' | 'app' | 'signingKey' | 'ticketKeys'>

/** @returns the error for the visitor's request */
export type TellRefused = (refusal: SessionHubError) => SessionHubError

/** How often one registration is logged. */
const EVERY_MS = 60_000
/** How many registrations are remembered. */
const MOST = 1000

export function createRefusals(now: () => number, log: Log): (site: Registered) => TellRefused {
  const told = boundedCache<{ readonly atMs: number }>(MOST)
  return ({ origin, hub, app, signingKey, ticketKeys }) =>
    (refusal) => {
      const [which, kid] =
        refusal.code === 'ticket_key_unknown'
          ? ['ticket', [...ticketKeys.keys()].join(' ')]
          : ['signing', signingKey.kid]
      const name = `${app || origin} ${kid}`
      if (Math.abs(now() - (told.get(name)?.atMs ?? -Infinity)) >= EVERY_MS) {
        told.set(name, { atMs: now() })
        log({
          level: 'error',
          event: 'site_refused',
          site: origin,
          ...(app && { app }),
          kid,
          hub,
          code: refusal.code,
          description: `${refusal.message}. Compare "kid" with the ${which} keys that are registered${which === 'signing' ? ', and both clocks' : ''}`,
        })
      }
      return new SessionHubError('unavailable', "The hub does not accept this site's keys", {
        cause: refusal,
      })
    }
}
