/** The site's two cookies: the session, for the backend only, and its state, for the SDK to see whether it changed (R22). */
import type { Response } from 'express'

import { setCookie } from '../http/cookies.js'
import { cookieNames } from '../protocol/wire.js'

/** The longest that Chromium keeps a cookie. The session behind it has its own, shorter life at the hub. */
const COOKIE_SECONDS = 400 * 86_400

export interface SiteCookies {
  /** `state` is empty for a session that the hub does not know yet. */
  write(res: Response, token: string, state: string): void
  clear(res: Response): void
}

export function createSiteCookies(sessionCookieName: string): SiteCookies {
  const session = (token: string) => cookie(sessionCookieName, token, true)
  const state = (tag: string) => cookie(cookieNames.state, tag, false)
  return {
    write(res, token, tag) {
      put(res, [session(token), state(tag)])
    },
    clear(res) {
      put(res, [session(''), state('')])
    },
  }
}

const cookie = (name: string, value: string, httpOnly: boolean) =>
  setCookie(name, value, { sameSite: 'Lax', httpOnly }, COOKIE_SECONDS)

/** A response that signs in after it has stored something sends one cookie of each name, the last. */
function put(res: Response, cookies: readonly string[]): void {
  if (res.headersSent) return
  const names = cookies.map((one) => one.slice(0, one.indexOf('=') + 1))
  const others = [res.getHeader('set-cookie') ?? []]
    .flat()
    .map(String)
    .filter((other) => !names.some((name) => other.startsWith(name)))
  res.setHeader('set-cookie', [...others, ...cookies])
  keepPrivate(res)
}

const kept = new WeakSet<Response>()

/** An answer with a visitor's cookie is for nobody else, whatever the application says of its page: shared caches would hand it on. */
function keepPrivate(res: Response): void {
  if (kept.has(res)) return
  kept.add(res)
  const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => Response
  // At the last moment, because the application sets its header later than we.
  res.writeHead = (...given: unknown[]) => {
    const rest = given.map((part) => withoutCacheControl(res, part))
    const said = String(res.getHeader('cache-control') ?? '')
    if (!/private|no-store/i.test(said)) res.setHeader('cache-control', 'private, no-cache')
    return writeHead(...rest)
  }
}

/** Headers that are given to `writeHead` itself, an object or a flat list, would have the last word: theirs is moved to the others. */
function withoutCacheControl(res: Response, part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const pairs: [string, unknown][] = Array.isArray(part)
    ? part.flatMap((name, at): [string, unknown][] => (at % 2 === 0 ? [[String(name), part[at + 1]]] : []))
    : Object.entries(part)
  const isIt = ([name]: [string, unknown]) => name.toLowerCase() === 'cache-control'
  for (const [name, value] of pairs.filter(isIt)) res.setHeader(name, String(value))
  const others = pairs.filter((pair) => !isIt(pair))
  return Array.isArray(part) ? others.flat() : Object.fromEntries(others)
}
