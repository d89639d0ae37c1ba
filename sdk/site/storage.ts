/**
 * Whether anything may be stored in a visitor's browser: the application's `mayStore`. If it says no, or has not been asked for this request
 * yet, this package sets no cookie. Removing a cookie does not count as storing.
 */
import { SessionHubError } from '../protocol/errors.js'
import { type Log, reasonOf } from '../settings/log.js'
import type { AppSettings } from './options.js'
import type { Visit } from './visit.js'

export interface Storage {
  /** Asks the application again for each action, because the visitor may consent in this very request. Never rejects. */
  look(visit: Visit): Promise<boolean>
  /** Sets cookies if that is allowed. */
  store(visit: Visit, cookies: readonly string[]): void
}

export function createStorage({ mayStore }: Pick<AppSettings, 'mayStore'>, log: Log): Storage {
  const allowed = new WeakMap<object, boolean>()
  return {
    async look({ request }) {
      if (!mayStore) return true
      try {
        const said: unknown = await mayStore(request)
        // Anything other than `true` is not consent.
        const isAgreed = said === true
        allowed.set(request, isAgreed)
        return isAgreed
      } catch (cause) {
        log({ level: 'error', event: 'hook_failed', hook: 'mayStore', description: reasonOf(cause) })
        allowed.set(request, false)
        return false
      }
    },
    store(visit, cookies) {
      if (!mayStore || allowed.get(visit.request)) visit.addCookies(cookies)
    },
  }
}

/** Runs before the hub is asked to begin a session that could not be kept. @throws SessionHubError `consent_required` */
export async function requireStorage(storage: Storage, visit: Visit): Promise<void> {
  if (!(await storage.look(visit)))
    throw new SessionHubError('consent_required', 'This visitor has not agreed to storage')
}
