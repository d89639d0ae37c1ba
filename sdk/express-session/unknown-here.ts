/**
 * Passport's session strategy takes a user out of the session whom `deserializeUser` has not found. That is no word of the visitor's: on other sites the
 * user is known, and nothing may end there.
 */
import type { Request } from 'express'

import type { Path } from './user-path.js'

/** Passport's `logout` sets `req.user` to `null`, and who is known has a `req.user`. */
export function isUnknownHere(req: Request, [, name, ...below]: Path): boolean {
  const isPassports = name === 'user' && below.length === 0 && '_sessionManager' in req
  const property: unknown = Reflect.get(req, '_userProperty') ?? 'user'
  return isPassports && Reflect.get(req, String(property)) === undefined
}
