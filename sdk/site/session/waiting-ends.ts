/**
 * Sign-outs that the hub could not be told of, in a cookie of the visitor: whichever process of the site gets the next request tells the hub
 * first, and they survive a restart. The cookie is signed and bound to this site; the names of sessions in it are wrapped, so it reveals
 * nothing. A copy of it can only end what was signed out.
 */
import { boundedCache } from '../../http/bounded-cache.js'
import { readCookie, setCookie } from '../../http/cookies.js'
import type { EndBody } from '../../protocol/bodies.js'
import { parseEndedClaims, parseWaitingEnd } from '../../protocol/claims.js'
import type { JsonObject } from '../../protocol/json.js'
import { cookieNames, limits } from '../../protocol/wire.js'
import type { Log } from '../../settings/log.js'
import { signToken } from '../../tokens/sign.js'
import { timesFault } from '../../tokens/times.js'
import { lookup, verifyToken } from '../../tokens/verify.js'
import type { SiteSessionKey } from '../keys.js'
import type { SiteSettings } from '../options.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'
import type { Carrier } from './carrier.js'

export interface WaitingEnds {
  /** Whether some may be waiting; costs nothing if none is. */
  isIn(visit: Visit): boolean
  /** Tells the hub of those that the request brings. @returns all of them. Never rejects */
  finish(visit: Visit): Promise<readonly EndBody[]>
  /** Adds one more to this browser's cookie. */
  add(visit: Visit, end: EndBody): Promise<void>
}

/** As long as a handle can stay unused at the hub by default, and as the longest grace. */
const LIFE_SECONDS = 31 * 86_400

/** Not for longer, because a hub that was restored from a backup has to be told again. */
const TOLD_MS = 60_000

/** The limit per browser: one for each time that somebody signed in and out while the hub was away. */
const MOST = 8

/**
 * R38: a cookie that is sent again and again does not use up a site's sign-outs at the hub. By the names of sessions, which are unique across sites.
 */
export const createTold = () => boundedCache<true>(10_000, { ttl: TOLD_MS })

export const createWaitingEnds = (
  settings: SiteSettings,
  carrier: Pick<Carrier, 'isBearer'>,
  storage: Storage,
  tellEnd: (end: EndBody) => Promise<boolean>,
  log: Log,
  told = createTold(),
): WaitingEnds => new CookieOfEnds(settings, carrier, storage, tellEnd, log, told)

/** A class, because there is one per site, and an application may have thousands. */
class CookieOfEnds implements WaitingEnds {
  readonly #settings: SiteSettings
  readonly #carrier: Pick<Carrier, 'isBearer'>
  readonly #storage: Storage
  readonly #tellEnd: (end: EndBody) => Promise<boolean>
  readonly #log: Log
  readonly #told: ReturnType<typeof createTold>

  constructor(
    settings: SiteSettings,
    carrier: Pick<Carrier, 'isBearer'>,
    storage: Storage,
    tellEnd: (end: EndBody) => Promise<boolean>,
    log: Log,
    told: ReturnType<typeof createTold>,
  ) {
    this.#settings = settings
    this.#carrier = carrier
    this.#storage = storage
    this.#tellEnd = tellEnd
    this.#log = log
    this.#told = told
  }

  isIn(visit: Visit): boolean {
    return visit.headers.cookie?.includes(`${cookieNames.ended}=`) === true && !this.#carrier.isBearer(visit)
  }

  async finish(visit: Visit): Promise<readonly EndBody[]> {
    const ends = await this.#read(visit)
    const isTold = await Promise.all(ends.map((end) => this.#tellOnce(end)))
    const left = ends.filter((_, at) => !isTold[at])
    if (left.length === ends.length || !visit.isOpen) return ends
    if (left.length > 0) await this.#write(visit, left)
    else visit.addCookies([cookie('')])
    return ends
  }

  async add(visit: Visit, end: EndBody): Promise<void> {
    if (this.#carrier.isBearer(visit)) return
    const before = await this.#read(visit)
    if (before.length >= MOST) this.#log({ level: 'error', event: 'sign_out_lost', description: TOO_MANY })
    await this.#write(visit, [...before, end].slice(-MOST))
  }

  async #read(visit: Visit): Promise<readonly EndBody[]> {
    const { origin, now, startKeys, sessionKeys } = this.#settings
    const text = this.isIn(visit) ? readCookie(visit.headers.cookie, cookieNames.ended) : undefined
    if (text === undefined) return []
    try {
      const claims = parseEndedClaims(await verifyToken('ended+jwt', text, lookup(startKeys), 'HS256'))
      const isOurs = claims.iss === origin && claims.aud === origin
      // If the cookie is from the future, this clock was set back, and the visitor has signed out all the same.
      const nowMs = Math.max(now(), claims.iat * 1000)
      if (!isOurs || timesFault(claims, nowMs, LIFE_SECONDS, limits.ownSkewSeconds)) return []
      return claims.ends.slice(0, MOST).map((given) => unwrapped(given, sessionKeys))
    } catch {
      return []
    }
  }

  async #write(visit: Visit, ends: readonly EndBody[]): Promise<void> {
    const { origin, now, startKey, sessionKeys } = this.#settings
    const iat = Math.floor(now() / 1000)
    const wrappedEnds = ends.map((end) => wrapped(end, sessionKeys[0]))
    const claims = { iss: origin, aud: origin, iat, exp: iat + LIFE_SECONDS, ends: wrappedEnds }
    this.#storage.store(visit, [cookie(await signToken('ended+jwt', claims, startKey, 'HS256'))])
  }

  async #tellOnce(end: EndBody): Promise<boolean> {
    const name = JSON.stringify([end.handle, end.jti])
    if (this.#told.has(name)) return true
    const isDone = await this.#tellEnd(end)
    if (isDone) this.#told.set(name, true)
    return isDone
  }
}

const cookie = (value: string) =>
  setCookie(cookieNames.ended, value, { sameSite: 'Lax', httpOnly: true }, LIFE_SECONDS)

const wrapped = ({ handle, jti, ...rest }: EndBody, signing: SiteSessionKey): JsonObject => ({
  ...rest,
  handle: handle === null ? null : signing.wrap(handle),
  ...(jti !== undefined && { jti: signing.wrap(jti) }),
})

/** @throws for anything that no key of this site has wrapped */
function unwrapped(given: JsonObject, keys: readonly SiteSessionKey[]): EndBody {
  const { handle, jti, ...rest } = parseWaitingEnd(given)
  return {
    ...rest,
    handle: handle === null ? null : unwrap(handle, keys),
    ...(jti !== undefined && { jti: unwrap(jti, keys) }),
  }
}

function unwrap(name: string, keys: readonly SiteSessionKey[]): string {
  for (const key of keys) {
    try {
      return key.unwrap(name)
    } catch {
      // It may be wrapped by another key, while one is being introduced.
    }
  }
  throw new Error('No key of this site has wrapped it')
}

const TOO_MANY = `More than ${MOST} sign-outs are waiting in one browser; the oldest waits in its process alone`
