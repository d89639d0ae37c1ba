/** The result of a form, for the page that follows it. It is in a cookie and not in the address, which anybody can write. */
import type { ServerResponse } from 'node:http'

import { type CookieKind, readCookie, setCookie } from '../../../sdk/http/cookies.js'
import { addCookies } from '../../../sdk/http/node/own-headers.js'
import { cookieNames } from '../../../sdk/protocol/wire.js'
import type { HubRequest } from '../request.js'
import { type Act, acts } from './document.js'

const KIND: CookieKind = { sameSite: 'Strict', httpOnly: true }
const SECONDS = 60

export const doneCookie = (act: Act): string => setCookie(cookieNames.hubDone, act, KIND, SECONDS)

/** Reads and removes the result. */
export function takeDone({ headers }: HubRequest, res: ServerResponse): Act | undefined {
  const value = readCookie(headers.cookie, cookieNames.hubDone)
  if (value === undefined) return undefined
  addCookies(res, [setCookie(cookieNames.hubDone, '', KIND)])
  return acts.find((act) => act === value)
}
