/** Identifies the caller: by the application's own function, by a sign-in at this hub, or by a token. */
import type { Request } from 'express'

import { plainAddress } from '../../sdk/http/address.js'
import { perMinute } from '../../sdk/http/rate-limit.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Actor, type Administration, noteSignIn } from '../flows/administer.js'
import type { AdminSettings, AdminToken } from './options.js'
import { readAdmin } from './options.js'
import { type SignIn, signedIn } from './sign-in.js'
import { holderOf } from './tokens.js'
import { createTries } from './tries.js'

/** How many refusals per minute write a row, for all addresses together: strangers may not fill the store (R31). The log has all of them. */
const REFUSALS = 60

export interface Asking extends Actor {
  /** The hub's own sign-in, if the caller used it. */
  readonly signIn?: SignIn
}

export interface Guard {
  /** Whether administrators sign in here and not at the application. */
  readonly hasSignIn: boolean
  /** Whether the store has sites. */
  readonly hasSites: boolean
  /** @returns `undefined` if the caller is not an administrator */
  who(req: Request): Promise<Asking | undefined>
  /**
   * Identifies the holder of the token in `Authorization: Bearer`; `undefined` without such a token.
   *
   * @throws SessionHubError `sign_in_required`, `rate_limited`
   */
  bearer(req: Request): Promise<Actor | undefined>
  /** Identifies the holder of a token. @throws SessionHubError `sign_in_required`, `rate_limited` */
  tryToken(req: Request, token: string): Promise<AdminToken>
}

export function createGuard(at: Administration, { authorize, tokens }: AdminSettings): Guard {
  const { hub } = at
  const tries = createTries(hub)
  const refusals = perMinute(REFUSALS)

  async function refuse(req: Request): Promise<never> {
    const isCounted = await refusals('').then(
      () => true,
      () => false,
    )
    if (isCounted) await noteSignIn(at, { name: 'unknown', from: addressOf(req) }, 'refused')
    throw new SessionHubError('sign_in_required', 'This hub knows no such token')
  }

  return {
    hasSignIn: authorize === undefined,
    hasSites: at.hasSites === true,
    async who(req) {
      if (authorize) {
        const admin = readAdmin(await authorize(req))
        return admin ? { ...admin, from: addressOf(req) } : undefined
      }
      const signIn = await signedIn(hub, req, tokens)
      return signIn && { ...actorOf(signIn.token, addressOf(req)), signIn }
    },
    async bearer(req) {
      const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1]
      if (token === undefined || authorize) return undefined
      const holder = holderOf(tokens, token)
      // Correct tokens are not counted: a program may ask often, and in parallel.
      if (holder) return actorOf(holder, addressOf(req))
      await tries.take(req)
      return refuse(req)
    },
    async tryToken(req, token) {
      const giveBack = await tries.take(req)
      const holder = holderOf(tokens, token.trim())
      if (!holder) return refuse(req)
      await giveBack()
      return holder
    },
  }
}

/** If too many proxies are trusted, this may be any text that a stranger has sent (R18). */
export const addressOf = ({ ip = '' }: Request): string => plainAddress(ip) ?? 'unknown'

const actorOf = ({ name, permissions }: AdminToken, from: string): Actor => ({ name, permissions, from })
