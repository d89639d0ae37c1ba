/**
 * Sign-outs that the hub could not be told of, in a cookie of the visitor's: whichever process of the site gets the next request tells the hub
 * first, and no restart forgets them. Signed, and bound to this site; the names of sessions in it are wrapped, so it says nothing to anybody else. A copy
 * of it ends what was signed out, and nothing else.
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
import type { SiteSettings } from '../options.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'
import type { Carrier } from './carrier.js'

export interface WaitingEnds {
  /** Whether some may be waiting; costs nothing where none is. */
  isIn(visit: Visit): boolean
  /** Tells the hub of those that the request brings. @returns all of them. Never rejects */
  finish(visit: Visit): Promise<readonly EndBody[]>
  /** Lets one more wait in this browser. */
  add(visit: Visit, end: EndBody): Promise<void>
}

/** As long as a handle can lie unused at the hub by default, and as the longest grace. */
const LIFE_SECONDS = 31 * 86_400

/** Not for longer: a hub that came back from a backup has to be told again. */
const TOLD_MS = 60_000

/** In one browser: one for each time that somebody signed in and out while the hub was away. */
const MOST = 8

export function createWaitingEnds(
  { origin, now, startKey, startKeys, sessionKeys }: SiteSettings,
  carrier: Pick<Carrier, 'isBearer'>,
  storage: Storage,
  tellEnd: (end: EndBody) => Promise<boolean>,
  log: Log,
): WaitingEnds {
  const [signing] = sessionKeys
  // R38: a cookie that is shown again and again does not spend the site's sign-outs at the hub.
  const told = boundedCache<true>(10_000, { ttl: TOLD_MS })
  const cookie = (value: string) =>
    setCookie(cookieNames.ended, value, { sameSite: 'Lax', httpOnly: true }, LIFE_SECONDS)
  const isIn = (visit: Visit) =>
    visit.headers.cookie?.includes(`${cookieNames.ended}=`) === true && !carrier.isBearer(visit)

  const wrapped = ({ handle, jti, ...rest }: EndBody): JsonObject => ({
    ...rest,
    handle: handle === null ? null : signing.wrap(handle),
    ...(jti !== undefined && { jti: signing.wrap(jti) }),
  })

  /** @throws for what no key of this site has wrapped */
  function unwrapped(given: JsonObject): EndBody {
    const { handle, jti, ...rest } = parseWaitingEnd(given)
    return {
      ...rest,
      handle: handle === null ? null : unwrap(handle),
      ...(jti !== undefined && { jti: unwrap(jti) }),
    }
  }

  function unwrap(name: string): string {
    for (const key of sessionKeys) {
      try {
        return key.unwrap(name)
      } catch {
        // Another key's, while one is being introduced.
      }
    }
    throw new Error('No key of this site has wrapped it')
  }

  async function read(visit: Visit): Promise<readonly EndBody[]> {
    const text = isIn(visit) ? readCookie(visit.headers.cookie, cookieNames.ended) : undefined
    if (text === undefined) return []
    try {
      const claims = parseEndedClaims(await verifyToken('ended+jwt', text, lookup(startKeys), 'HS256'))
      const isOurs = claims.iss === origin && claims.aud === origin
      // From the future: this clock was set back, and who has signed out has signed out.
      const nowMs = Math.max(now(), claims.iat * 1000)
      if (!isOurs || timesFault(claims, nowMs, LIFE_SECONDS, limits.ownSkewSeconds)) return []
      return claims.ends.slice(0, MOST).map(unwrapped)
    } catch {
      return []
    }
  }

  async function write(visit: Visit, ends: readonly EndBody[]): Promise<void> {
    const iat = Math.floor(now() / 1000)
    const claims = { iss: origin, aud: origin, iat, exp: iat + LIFE_SECONDS, ends: ends.map(wrapped) }
    storage.store(visit, [cookie(await signToken('ended+jwt', claims, startKey, 'HS256'))])
  }

  async function tellOnce(end: EndBody): Promise<boolean> {
    const name = JSON.stringify([end.handle, end.jti])
    if (told.has(name)) return true
    const isDone = await tellEnd(end)
    if (isDone) told.set(name, true)
    return isDone
  }

  return {
    isIn,
    async finish(visit) {
      const ends = await read(visit)
      const isTold = await Promise.all(ends.map(tellOnce))
      const left = ends.filter((_, at) => !isTold[at])
      if (left.length === ends.length || !visit.isOpen) return ends
      if (left.length > 0) await write(visit, left)
      else visit.addCookies([cookie('')])
      return ends
    },
    async add(visit, end) {
      if (carrier.isBearer(visit)) return
      const before = await read(visit)
      if (before.length >= MOST) log({ level: 'error', event: 'sign_out_lost', description: TOO_MANY })
      await write(visit, [...before, end].slice(-MOST))
    },
  }
}

const TOO_MANY = `More than ${MOST} sign-outs are waiting in one browser; the oldest waits in its process alone`
