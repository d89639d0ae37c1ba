/** Who may administer the hub's sessions, checked once at start-up. */
import type { Request } from 'express'

import { is256Bits } from '../../sdk/protocol/formats.js'
import { isSubject, isText } from '../../sdk/protocol/fields.js'
import { isJsonObject } from '../../sdk/protocol/json.js'
import { oneOf } from '../../sdk/settings/checks.js'
import { aFunction, type OptionRows, readOptions, wholeNumber } from '../../sdk/settings/option-rows.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { type Admin, type Permission, permissions } from '../flows/permissions.js'

/** Either `authorize` or `tokens`. */
export interface AdminOptions {
  /**
   * `(req) => { name, permissions }`, or `null` for a caller who is not an administrator. It may be asynchronous. The hub asks it for
   * every request below `/admin`, and answers with 503 if it throws. Give either this or `tokens`.
   */
  readonly authorize?: Authorize
  /**
   * A list of `{ name, permissions, sha256 }`, each created by `session-hub admin token` or by
   * `generateAdminToken({ name, permissions })`.
   */
  readonly tokens?: readonly AdminToken[]
  /**
   * The users whose sessions only `logout-all` may end, and as whom nobody may act (docs/flows/acting.md): a list of subjects, or
   * `(subject) => boolean`, which may be asynchronous. If it throws, or returns neither `true` nor `false`, nothing ends (503). If
   * this happens in the middle of a search, the sessions that have already ended stay ended. The hub does not ask it for an
   * administrator with `logout-all`.
   *
   * @default none
   */
  readonly isAdmin?: readonly string[] | IsAdmin
  /**
   * How long the audit is kept.
   *
   * Unit: seconds, 86400 to 315360000.
   *
   * @default 31536000
   */
  readonly auditSeconds?: number
}

export type Authorize = (req: Request) => Admin | null | Promise<Admin | null>
export type IsAdmin = (subject: string) => boolean | Promise<boolean>

/** An administrator of a hub without an application. Only the holder has the token itself. */
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

export const adminRows = {
  authorize: {
    text: '`(req) => { name, permissions }`, or `null` for a caller who is not an administrator. It may be asynchronous. The hub asks it for every request below `/admin`, and answers with 503 if it throws. Give either this or `tokens`',
    code: 'only',
    check: aFunction<Authorize>('Authorize'),
  },
  tokens: {
    text: 'a list of `{ name, permissions, sha256 }`, each created by `session-hub admin token` or by `generateAdminToken({ name, permissions })`',
    check: { type: 'readonly AdminToken[]', read: (where, _name, given) => readTokens(where, given) },
  },
  isAdmin: {
    text: 'the users whose sessions only `logout-all` may end, and [as whom nobody may act](flows/acting.md#what-the-hub-refuses): a list of subjects, or `(subject) => boolean`, which may be asynchronous. If it throws, or returns neither `true` nor `false`, nothing ends (503). If this happens in the middle of a search, the sessions that have already ended stay ended. The hub does not ask it for an administrator with `logout-all`',
    code: 'also',
    shown: 'none',
    check: {
      type: 'readonly string[] | IsAdmin',
      read: (where, _name, given) => readIsAdmin(where, given),
    },
  },
  auditSeconds: {
    text: 'how long the audit is kept',
    unit: 'seconds',
    default: auditBounds.default,
    check: wholeNumber(auditBounds),
  },
} satisfies OptionRows

/** @throws SessionHubError `options_invalid` */
export function resolveAdmin(where: string, given: unknown): AdminSettings & { auditSeconds: number } {
  const { authorize, tokens, isAdmin, auditSeconds } = readOptions(where, adminRows, given)
  if ((authorize === undefined) === (tokens === undefined))
    throw wrong(
      where,
      'give either "authorize", a function, or "tokens"; "session-hub admin token" makes one',
    )
  return { authorize, tokens: tokens ?? [], isAdmin: isAdmin ?? (() => false), auditSeconds }
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

/** A name for the audit: readable, on one line, and not reserved for anybody else. */
export const isName = (value: unknown): value is string =>
  isText(80)(value) && isSubject(value) && !/^(unknown$|application$|command line)/.test(value)

function readIsAdmin(where: string, given: unknown): IsAdmin {
  if (typeof given === 'function')
    return async (subject) => {
      const answer: unknown = await (given as IsAdmin)(subject)
      // R21: a record, or no answer, does not say whose sessions may end, and the message would show its content.
      if (typeof answer !== 'boolean') throw new TypeError('"isAdmin" has to answer true or false')
      return answer
    }
  if (!Array.isArray(given) || !given.every(isSubject))
    throw wrong(where, '"isAdmin" has to be a function, or a list of subjects')
  const subjects = new Set<string>(given)
  return (subject) => subjects.has(subject)
}

/** Reads what `authorize` answered. @throws TypeError if that is neither an administrator nor nobody (R21) */
export function readAdmin(given: unknown): Admin | null {
  if (given === null || given === undefined || given === false) return null
  const { name, permissions: allowed } = isJsonObject(given) ? given : {}
  if (!isName(name) || !Array.isArray(allowed) || !allowed.every(isPermission))
    throw new TypeError('"authorize" has to answer { name, permissions }, or null')
  return { name, permissions: allowed }
}

const isPermission = (value: unknown): value is Permission => permissions.some((known) => known === value)
