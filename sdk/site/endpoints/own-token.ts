/** Short messages of a site to itself, across a redirect: signed, and in a cookie that no script can read. */
import { readCookie, setCookie } from '../../http/cookies.js'
import {
  type EnterClaims,
  parseEnterClaims,
  parseStartClaims,
  type StartClaims,
} from '../../protocol/claims.js'
import { cookieNames, limits } from '../../protocol/wire.js'
import { signToken } from '../../tokens/sign.js'
import { timesFault } from '../../tokens/times.js'
import { lookup, verifyToken } from '../../tokens/verify.js'
import type { SiteSettings } from '../options.js'
import type { Storage } from '../storage.js'
import type { Visit } from '../visit.js'

interface Standard {
  readonly iss: string
  readonly aud: string
  readonly iat: number
  readonly exp: number
}

interface OwnToken<Claims extends Standard> {
  /** The content of the request's cookie; `undefined` if it is absent, too old, or not ours. */
  read(visit: Visit): Promise<Claims | undefined>
  write(visit: Visit, claims: Omit<Claims, keyof Standard>): Promise<void>
  clear(visit: Visit): void
}

export interface OwnTokens {
  readonly start: OwnToken<StartClaims>
  readonly enter: OwnToken<EnterClaims>
}

export function createOwnTokens(
  { origin, now, startKey, startKeys }: SiteSettings,
  storage: Storage,
): OwnTokens {
  function ownToken<Claims extends Standard>(
    type: 'start+jwt' | 'enter+jwt',
    cookieName: string,
    parse: (value: unknown) => Claims,
  ): OwnToken<Claims> {
    const cookie = (value: string) =>
      setCookie(cookieName, value, { sameSite: 'Lax', httpOnly: true }, limits.redirectSeconds)
    return {
      async read(visit) {
        const text = readCookie(visit.headers.cookie, cookieName)
        if (text === undefined) return undefined
        try {
          const claims = parse(await verifyToken(type, text, lookup(startKeys), 'HS256'))
          const isOurs = claims.iss === origin && claims.aud === origin
          const isOnTime = !timesFault(claims, now(), limits.redirectSeconds, limits.ownSkewSeconds)
          return isOurs && isOnTime ? claims : undefined
        } catch {
          return undefined
        }
      },
      async write(visit, claims) {
        const iat = Math.floor(now() / 1000)
        const all = { iss: origin, aud: origin, iat, exp: iat + limits.redirectSeconds, ...claims }
        storage.store(visit, [cookie(await signToken(type, all, startKey, 'HS256'))])
      },
      clear(visit) {
        visit.addCookies([cookie('')])
      },
    }
  }
  return {
    start: ownToken('start+jwt', cookieNames.start, parseStartClaims),
    enter: ownToken('enter+jwt', cookieNames.enter, parseEnterClaims),
  }
}
