/** An administrator's sign-in: a cookie that the hub has sealed. It ends by itself, by a sign-out, and when its token is removed (R32). */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { readCookie, setCookie } from '../../sdk/http/cookies.js'
import { addCookies } from '../../sdk/http/node/own-headers.js'
import { random128 } from '../../sdk/tokens/random.js'
import type { HubContext } from '../flows/context.js'
import { adminTag, isTag } from '../flows/tags.js'
import type { AuditRow } from '../stores/store.js'
import type { AdminToken } from './options.js'

const COOKIE = '__Host-session-hub-admin'
/** A working day. */
const LIFE_MS = 8 * 3_600_000
/** The issuer under which an ended sign-in is spent. */
const ISSUER = 'admin'

export interface SignIn {
  readonly token: AdminToken
  readonly id: string
  readonly endMs: number
}

export function signIn(hub: HubContext, res: ServerResponse, token: AdminToken): void {
  const endMs = hub.now() + LIFE_MS
  const text = `${endMs}.${random128()}.${token.sha256}`
  setStrict(res, COOKIE, `${text}.${seal(hub, text)}`)
}

/** The administrator who is signed in, if there is one. */
export async function signedIn(
  hub: HubContext,
  { headers }: IncomingMessage,
  tokens: readonly AdminToken[],
): Promise<SignIn | undefined> {
  const [end = '', id = '', sha256 = '', mac = '', more] = (readCookie(headers.cookie, COOKIE) ?? '').split(
    '.',
  )
  const isOurs = more === undefined && isTag(mac, seal(hub, `${end}.${id}.${sha256}`))
  if (!isOurs || !(Number(end) > hub.now())) return undefined
  // A token that was removed from the configuration no longer opens anything.
  const token = tokens.find((known) => known.sha256 === sha256)
  if (!token || (await hub.store.isSpent(ISSUER, id))) return undefined
  return { token, id, endMs: Number(end) }
}

/** Also ends the sign-in for anybody who has a copy of the cookie. */
export async function signOut(
  hub: HubContext,
  res: ServerResponse,
  { id, endMs }: SignIn,
  row: AuditRow,
): Promise<void> {
  const spend = { issuer: ISSUER, jti: id, spentAtMs: hub.now(), expiresAtMs: endMs, gave: null }
  await hub.store.transact({ handles: [], spend }, () => ({ changes: { audit: [row] }, result: undefined }))
  setStrict(res, COOKIE, '')
}

const seal = ({ secret }: HubContext, text: string) => adminTag(secret, 'sign-in', text)

/** Lasts until the browser closes, and is sent only with requests that begin on the hub's own pages. */
export function setStrict(res: ServerResponse, name: string, value: string): void {
  addCookies(res, [setCookie(name, value, { sameSite: 'Strict', httpOnly: true })])
}
