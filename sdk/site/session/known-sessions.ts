/** For the hook `onEnded`: the sessions from which this process has had requests. Each end is reported once. */
import { boundedCache } from '../../http/bounded-cache.js'
import type { SessionClaims } from '../../protocol/claims.js'
import { toSessionHubError } from '../../protocol/errors.js'
import type { EndReason } from '../../protocol/wire.js'
import type { Log } from '../../settings/log.js'
import { tellHook } from '../hook.js'
import type { HubClient } from '../hub/client.js'
import type { AppSettings } from '../options.js'
import type { Endings } from './endings.js'
import { nameOf } from './watchers.js'

export interface KnownSessions {
  /** A request of this session has come, or the session has just begun. */
  add(claims: SessionClaims, site: Asked): void
  /** A request has found that the session has ended. */
  over(claims: SessionClaims, reason: EndReason): void
}

/** The site that the request was for. */
interface Asked {
  readonly hub: Pick<HubClient, 'read'>
  readonly listen: () => void
}

interface Known {
  readonly tell: (reason: EndReason) => void
  readonly leave: () => void
}

/** How many are remembered; beyond that, the least recently used one is forgotten. */
const MOST = 50_000

/** @returns `undefined` if the application has no such hook */
export function createKnownSessions(
  { onEnded }: Pick<AppSettings, 'onEnded'>,
  endings: Endings,
  log: Log,
  most = MOST,
): KnownSessions | undefined {
  if (!onEnded) return undefined
  const known = boundedCache<Known>(most, {
    dispose({ leave }) {
      leave()
    },
  })

  return {
    add(claims, { hub, listen }) {
      const name = nameOf(claims)
      if (known.get(name)) return
      const { iss: origin, act, sk: handle } = claims
      // R43: the session is the administrator's own, whoever is shown.
      const subject = act?.sub ?? claims.sub ?? null
      let isTold = false
      // eslint-disable-next-line prefer-const -- an end that is already known is told before this is set
      let leave: (() => void) | undefined
      const tell = (reason: EndReason) => {
        if (isTold) return
        isTold = true
        leave?.()
        void tellHook(log, 'onEnded', () => onEnded({ origin, subject, reason }))
      }
      // It stays after it has been reported: a late request with the old cookie is not a second end.
      known.set(name, { tell, leave: () => leave?.() })
      listen()
      leave = endings.watch(claims, {
        ended: tell,
        mayHaveEnded(reason) {
          if (handle !== undefined)
            hub.read(handle).catch((thrown: unknown) => {
              const { code, endReason = reason } = toSessionHubError(thrown)
              if (code === 'session_ended') tell(endReason)
            })
        },
        // The visitor's next request will discover it.
        unknown: () => undefined,
      })
      // It may have been reported already, before `leave` existed.
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the watcher may have set it
      if (isTold) leave()
    },
    over(claims, reason) {
      known.get(nameOf(claims))?.tell(reason)
    },
  }
}
