/** The hub's own cookies. None is Partitioned: one jar for all sites is the point (R22). */
import { setCookie } from '../../sdk/http/cookies.js'
import { cookieNames, limits } from '../../sdk/protocol/wire.js'
import type { Site } from '../sites/site.js'

/** The longest that Chromium keeps a cookie. The session behind it has its own, shorter life in the store. */
const COOKIE_SECONDS = 400 * 86_400

/** Each group has a session of its own in a browser, so a cookie of its own. */
export const hubCookieName = ({ group }: Pick<Site, 'group'>): string =>
  group === '' ? cookieNames.hub : `${cookieNames.hub}.${group}`

/** The hub's handle, for frames and for its own pages; of a session that is not remembered, until the browser is closed. */
export const hubCookie = (site: Pick<Site, 'group'>, handle: string, isRemembered = true): string =>
  setCookie(
    hubCookieName(site),
    handle,
    { sameSite: 'None', httpOnly: true },
    isRemembered ? COOKIE_SECONDS : undefined,
  )

/** Only pages of the hub's own leave it, and they are in no partition; that is all it says. */
export const SEEN = '1'

export const seenCookie = (): string =>
  setCookie(cookieNames.hubSeen, SEEN, { sameSite: 'None', httpOnly: true }, COOKIE_SECONDS)

/** Of a redirect that has to bring an offer; empty: it did. No frame has a use for it. */
export const hubStartCookie = (seal: string): string =>
  setCookie(cookieNames.hubStart, seal, { sameSite: 'Lax', httpOnly: true }, limits.redirectSeconds)
