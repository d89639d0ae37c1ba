/**
 * Passport's session strategy removes from the session a user whom `deserializeUser` has not found. That is not the visitor's choice: other
 * sites know the user, and no session may end there.
 */
import type { Request } from 'express'

import type { Path } from './user-path.js'

/** Passport's `logout` sets `req.user` to `null`, and a known user is in `req.user`, so `undefined` means an unknown user. */
export function isUnknownHere(req: Request, [, name, ...below]: Path): boolean {
  const isPassports = name === 'user' && below.length === 0 && '_sessionManager' in req
  const property: unknown = Reflect.get(req, '_userProperty') ?? 'user'
  return isPassports && Reflect.get(req, String(property)) === undefined
}
