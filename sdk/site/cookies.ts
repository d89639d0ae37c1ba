/** The site's two cookies: the session, for the backend only, and its state, for the SDK to see whether it changed (R22). */
import type { Response } from 'express'

import { setCookie } from '../http/cookies.js'
import { cookieNames } from '../protocol/wire.js'

/** The longest that Chromium keeps a cookie. The session behind it has its own, shorter life at the hub. */
const COOKIE_SECONDS = 400 * 86_400

export interface SiteCookies {
  /** `state` is empty for a session that the hub does not know yet. */
  write(res: Response, token: string, state: string): void
  writeState(res: Response, state: string): void
  clear(res: Response): void
}

export function createSiteCookies(sessionCookieName: string): SiteCookies {
  const put = (res: Response, name: string, value: string, httpOnly: boolean) => {
    replaceCookie(res, name, setCookie(name, value, { sameSite: 'Lax', httpOnly }, COOKIE_SECONDS))
  }
  const writeState = (res: Response, state: string) => {
    put(res, cookieNames.state, state, false)
  }
  return {
    write(res, token, state) {
      put(res, sessionCookieName, token, true)
      writeState(res, state)
    },
    writeState,
    clear(res) {
      put(res, sessionCookieName, '', true)
      writeState(res, '')
    },
  }
}

/** A response that signs in after it has stored something sends one cookie of each name, the last. */
function replaceCookie(res: Response, name: string, cookie: string): void {
  if (res.headersSent) return
  const others = [res.getHeader('set-cookie') ?? []]
    .flat()
    .map(String)
    .filter((other) => !other.startsWith(`${name}=`))
  res.setHeader('set-cookie', [...others, cookie])
}
