/** The site's two lasting cookies: the session, for the backend only, and its state, by which the SDK sees whether it has changed (R22). */
import { setCookie } from '../../http/cookies.js'
import { cookieNames } from '../../protocol/wire.js'
import type { ClearableCookies } from './neighbours.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'

export interface SiteCookies {
  /**
   * @param state empty for a session that the hub does not know yet
   * @param isRemembered `false`: the browser forgets both when it is closed
   */
  write(visit: Visit, token: string, state: string, isRemembered: boolean): void
  /** Removes those of the two that this site may remove. */
  clear(visit: Visit, which: ClearableCookies): void
}

/** @param cookieSeconds how long browsers keep both */
export function createSiteCookies(cookieName: string, cookieSeconds: number, storage: Storage): SiteCookies {
  const cookie = (name: string, value: string, httpOnly: boolean, isRemembered: boolean) =>
    setCookie(name, value, { sameSite: 'Lax', httpOnly }, isRemembered ? cookieSeconds : undefined)

  const pair = (token: string, tag: string, isRemembered = true) =>
    [
      cookie(cookieName, token, true, isRemembered),
      cookie(cookieNames.state, tag, false, isRemembered),
    ] as const
  return {
    write(visit, token, tag, isRemembered) {
      storage.store(visit, pair(token, tag, isRemembered))
    },
    clear(visit, which) {
      const [session, state] = pair('', '')
      visit.addCookies([...(which.session ? [session] : []), ...(which.state ? [state] : [])])
    },
  }
}
