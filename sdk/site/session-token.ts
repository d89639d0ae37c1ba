/** The JWT in the site's session cookie: what the site knows of the session without asking the hub. */
import { LRUCache } from 'lru-cache'

import type { SessionView } from '../protocol/bodies.js'
import { parseSessionClaims, type SessionClaims } from '../protocol/claims.js'
import type { JsonObject } from '../protocol/json.js'
import { limits } from '../protocol/wire.js'
import { random128 } from '../tokens/random.js'
import { signToken } from '../tokens/sign.js'
import { lookup, verifyToken } from '../tokens/verify.js'
import type { SiteSettings } from './options.js'

interface ProvisionalSignIn {
  readonly subject: string
  readonly claims: JsonObject
  readonly remember: boolean
}

export interface SessionTokens {
  /** Makes the token for a session that the hub has just shown. */
  issue(view: SessionView, handle: string): Promise<{ token: string; claims: SessionClaims }>
  /** For a sign-in that the hub does not know of yet: no handle. */
  issueProvisional(
    who: ProvisionalSignIn,
    was: string | null,
  ): Promise<{ token: string; claims: SessionClaims }>
  /** What a token that was read before says; no promise, for the common case. Its times are for the caller. */
  known(token: string): SessionClaims | undefined
  /** The same for any token; `undefined` when it is not one of ours. */
  read(token: string): Promise<SessionClaims | undefined>
}

export function createSessionTokens(settings: SiteSettings): SessionTokens {
  const { origin, now, freshForSeconds, sessionKey, sessionKeys } = settings
  // A visitor's token comes with each request; its signature is looked at once per process. Keyed by the whole text.
  const read = new LRUCache<string, SessionClaims>({ max: 20_000 })

  /** @param until the end of the session's life: in good time before it the hub is asked, which may know of a later one */
  async function issue(extra: Omit<SessionClaims, 'iss' | 'aud' | 'iat' | 'exp'>, until = Infinity) {
    const iat = Math.floor(now() / 1000)
    const freshSeconds = Math.max(1, Math.min(freshForSeconds, Math.floor((until - iat) / 2)))
    const claims: SessionClaims = { iss: origin, aud: origin, iat, exp: iat + freshSeconds, ...extra }
    return { token: await signToken('session+jwt', { ...claims }, sessionKey, 'HS256'), claims }
  }

  return {
    issue: (view, handle) =>
      issue(
        {
          sk: handle,
          st: view.state,
          ...(view.subject_tag !== null && { sg: view.subject_tag, gen: view.generation }),
          ...(view.subject !== null && { sub: view.subject }),
          ...(view.auth_time !== null && { auth_time: view.auth_time }),
          ...(Object.keys(view.claims).length > 0 && { claims: view.claims }),
        },
        view.expires_at,
      ),
    issueProvisional: ({ subject, claims, remember }, was) =>
      issue({
        sub: subject,
        auth_time: Math.floor(now() / 1000),
        jti: random128(),
        ...(was !== null && { was }),
        ...(Object.keys(claims).length > 0 && { claims }),
        ...(!remember && { remember }),
      }),
    known: (token) => read.get(token),
    async read(token) {
      const known = read.get(token)
      if (known) return known
      try {
        const claims = parseSessionClaims(
          await verifyToken('session+jwt', token, lookup(sessionKeys), 'HS256'),
        )
        if (claims.iss !== origin || claims.aud !== origin || !isPlausible(claims)) return undefined
        read.set(token, claims)
        return claims
      } catch {
        return undefined
      }
    },
  }

  /** R5, R28: a token that claims to be fresh for longer than five minutes was not made by this code. */
  function isPlausible({ iat, exp }: SessionClaims): boolean {
    return exp > iat && exp - iat <= 300 && iat <= now() / 1000 + limits.skewSeconds
  }
}
