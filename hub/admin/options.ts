/** Who may look after the hub's sessions, checked once at start-up. */
import type { Request } from 'express'

import { is256Bits } from '../../sdk/protocol/formats.js'
import { isSubject, isText } from '../../sdk/protocol/fields.js'
import { isJsonObject } from '../../sdk/protocol/json.js'
import { callable, oneOf, whole } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { type Admin, type Permission, permissions } from '../flows/permissions.js'

/** Either `authorize` or `tokens`. */
export interface AdminOptions {
  /**
   * For an application with administrators of its own: who asks, by whatever it knows a request by. `null`: nobody who may. It is asked
   * for every request below `/admin`; what it throws is answered with 503.
   */
  readonly authorize?: Authorize
  /** Who may sign in with an administrator's token; `session-hub admin token` makes them. */
  readonly tokens?: readonly AdminToken[]
  /**
   * The users whose sessions only `logout-all` may end: a list, or asked for each.
   *
   * @default none
   */
  readonly isAdmin?: readonly string[] | IsAdmin
  /** How long it is kept what administrators did, in seconds, one day to ten years. @default 31536000 (a year) */
  readonly auditSeconds?: number
}

export type Authorize = (req: Request) => Admin | null | Promise<Admin | null>
export type IsAdmin = (subject: string) => boolean | Promise<boolean>

/** An administrator of a hub without an application. The token itself is nowhere but with its holder. */
export interface AdminToken extends Admin {
  /** base64url(SHA-256(token)) */
  readonly sha256: string
}

/** Options after defaults and checks. */
export interface AdminSettings {
  readonly authorize: Authorize | undefined
  readonly tokens: readonly AdminToken[]
  readonly isAdmin: IsAdmin
}

const DAY = 86_400
export const auditBounds = { min: DAY, max: 3650 * DAY, default: 365 * DAY }

/** @throws SessionHubError `options_invalid` */
export function resolveAdmin(where: string, given: unknown): AdminSettings & { auditSeconds: number } {
  refuseUnknown(where, given, ['authorize', 'tokens', 'isAdmin', 'auditSeconds'])
  const { tokens, isAdmin = [], auditSeconds = auditBounds.default } = given as AdminOptions
  const authorize = callable(where, 'authorize', (given as AdminOptions).authorize)
  if ((authorize === undefined) === (tokens === undefined))
    throw wrong(
      where,
      'give either "authorize", a function, or "tokens"; "session-hub admin token" makes one',
    )
  return {
    authorize,
    tokens: readTokens(where, tokens ?? []),
    isAdmin: readIsAdmin(where, isAdmin),
    auditSeconds: whole(where, 'auditSeconds', auditSeconds, auditBounds),
  }
}

function readTokens(where: string, given: unknown): readonly AdminToken[] {
  if (!Array.isArray(given)) throw wrong(where, '"tokens" has to be a list')
  const tokens = given.map((token: unknown, at) => readToken(`${where}: tokens[${at}]`, token))
  for (const member of ['name', 'sha256'] as const) {
    if (new Set(tokens.map((token) => token[member])).size < tokens.length)
      throw wrong(where, `two of "tokens" have the same "${member}"`)
  }
  return tokens
}

function readToken(where: string, given: unknown): AdminToken {
  refuseUnknown(where, given, ['name', 'sha256', 'permissions'])
  const { name, sha256, permissions: allowed } = given as Partial<Record<keyof AdminToken, unknown>>
  if (!isName(name))
    throw wrong(where, '"name" has to be a text of 1 to 80 characters that the audit does not use for others')
  if (!is256Bits(sha256)) throw wrong(where, '"sha256" has to be what "session-hub admin token" printed')
  return { name, sha256, permissions: readPermissions(where, allowed) }
}

/** @throws SessionHubError `options_invalid` */
export function readPermissions(where: string, given: unknown): readonly Permission[] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong(where, `"permissions" has to list some of ${permissions.join(', ')}`)
  return given.map((one) => oneOf(where, 'permissions', one, permissions))
}

/** What stands in the audit: something to read, in one line, and nobody else's name. */
export const isName = (value: unknown): value is string =>
  isText(80)(value) && isSubject(value) && !/^(unknown$|application$|command line)/.test(value)

function readIsAdmin(where: string, given: readonly string[] | IsAdmin): IsAdmin {
  if (typeof given === 'function')
    return async (subject) => {
      const answer: unknown = await given(subject)
      // R21: a record, or nothing at all, is no word on who may be ended; and what it holds would be shown.
      if (typeof answer !== 'boolean') throw new TypeError('"isAdmin" has to answer true or false')
      return answer
    }
  if (!Array.isArray(given) || !given.every(isSubject))
    throw wrong(where, '"isAdmin" has to be a function, or a list of subjects')
  const subjects = new Set<string>(given)
  return (subject) => subjects.has(subject)
}

/** What `authorize` answered. @throws TypeError where that is neither an administrator nor nobody (R21) */
export function readAdmin(given: unknown): Admin | null {
  if (given === null || given === undefined || given === false) return null
  const { name, permissions: allowed } = isJsonObject(given) ? given : {}
  if (!isName(name) || !Array.isArray(allowed) || !allowed.every(isPermission))
    throw new TypeError('"authorize" has to answer { name, permissions }, or null')
  return { name, permissions: allowed }
}

const isPermission = (value: unknown): value is Permission => permissions.some((known) => known === value)
