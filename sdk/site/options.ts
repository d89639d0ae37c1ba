/** The site's options, checked once at start-up. */
import type { Request } from 'express'

import { readCookie } from '../http/cookies.js'
import { isJsonObject } from '../protocol/json.js'
import { cookieNames, defaultEndpoint, limits, type Mode } from '../protocol/wire.js'
import { callable, endpointPath, flag, origin, whole } from '../settings/checks.js'
import type { Log } from '../settings/log.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import {
  deriveStartKey,
  deriveTargetKey,
  importSessionKey,
  importSigningKey,
  importTicketKey,
  type KeySet,
  keySet,
  type NamedKey,
} from '../tokens/keys.js'

/** What `session-hub sites add` made for this site. Secret. */
export interface SiteKeys {
  /** Signs offers, and what the site says to the hub (private JWK, ES256). */
  readonly signing: object
  /** Opens tickets (JWK, `oct`, 256 bits). A list while a new key is being introduced. */
  readonly ticket: object | readonly object[]
  /** Signs the site's own session cookie (JWK, `oct`, 256 bits). Of a list the first signs, all verify. */
  readonly session: object | readonly object[]
}

export interface ReplacedEvent {
  readonly req: Request
  /** How the session came. */
  readonly source: Mode
  /** Whether the visitor had nothing here that could be missed. */
  readonly wasEmpty: boolean
}

export interface SiteOptions {
  /** This site's own origin, such as `https://shop.example`. Never taken from a request. */
  readonly origin: string
  /** The hub's origin. */
  readonly hub: string
  readonly keys: SiteKeys
  /** Where this site's endpoints are. @default '/session-hub' */
  readonly endpoint?: string
  /** The `Host` that requests arrive with, where a proxy changes it. @default the origin's host */
  readonly host?: string
  /** The session cookie's name; has to begin with `__Host-`. @default '__Host-session' */
  readonly cookieName?: string
  /** How long a session is trusted without asking the hub, in seconds, at most 300 (R28). @default 300 */
  readonly freshForSeconds?: number
  /** How much longer, while the hub cannot be reached, in seconds. @default 3600 */
  readonly graceForSeconds?: number
  /** The longest life of a ticket that this site accepts, in seconds, 5 to 300. @default 300 */
  readonly maxTicketSeconds?: number
  /** The hub's session wins over this site's, whenever the hub has one. @default false */
  readonly alwaysReplace?: boolean
  /**
   * Open pages hear at once when their session ends, wherever that happens, by server-sent events from this site: one connection for each
   * page that is looked at. @default false
   */
  readonly live?: boolean
  /** The consent hook: whether this visitor's session may be shared. @default everyone's may */
  readonly mayShare?: (req: Request) => boolean | Promise<boolean>
  /** Called after a session from elsewhere has become this site's, before the page is told. */
  readonly onReplaced?: (event: ReplacedEvent) => void | Promise<void>
  /** How long to wait for the hub, in milliseconds. @default 2000 */
  readonly hubTimeoutMs?: number
  /** Requests per minute from one address to this site's endpoints. @default 600 */
  readonly perAddress?: number
  /** Receives structured entries, none of which holds a secret. @default silence */
  readonly log?: Log
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** Options after defaults and checks. Nothing past start-up reads `SiteOptions`. */
export interface SiteSettings {
  readonly origin: string
  readonly hub: string
  readonly signingKey: NamedKey
  readonly ticketKeys: KeySet
  readonly sessionKey: NamedKey
  readonly sessionKeys: KeySet
  /** For what the site says to itself beside sessions; drawn from the session keys, in their order. */
  readonly startKey: NamedKey
  readonly startKeys: KeySet
  /** For where a redirect leads. */
  readonly targetKey: NamedKey
  readonly targetKeys: KeySet
  readonly endpoint: string
  readonly host: string
  readonly cookieName: string
  readonly freshForSeconds: number
  readonly graceForSeconds: number
  readonly maxTicketSeconds: number
  readonly alwaysReplace: boolean
  readonly live: boolean
  readonly mayShare: (req: Request) => boolean | Promise<boolean>
  readonly onReplaced: (event: ReplacedEvent) => void | Promise<void>
  readonly hubTimeoutMs: number
  readonly perAddress: number
  readonly log: Log | undefined
  readonly now: () => number
}

/** Every option by name; the compiler holds it to `SiteOptions`. */
const KNOWN: Record<keyof SiteOptions, true> = {
  origin: true,
  hub: true,
  keys: true,
  endpoint: true,
  host: true,
  cookieName: true,
  freshForSeconds: true,
  graceForSeconds: true,
  maxTicketSeconds: true,
  alwaysReplace: true,
  live: true,
  mayShare: true,
  onReplaced: true,
  hubTimeoutMs: true,
  perAddress: true,
  log: true,
  now: true,
}

const where = 'createSite'

/** @throws SessionHubError `options_invalid` */
export async function resolveSiteOptions(options: SiteOptions): Promise<SiteSettings> {
  refuseUnknown(where, options, Object.keys(KNOWN))
  const { endpoint = defaultEndpoint, cookieName = cookieNames.session, freshForSeconds = 300 } = options
  const {
    graceForSeconds = 3600,
    maxTicketSeconds = limits.ticketSeconds.max,
    alwaysReplace = false,
    live = false,
  } = options
  const { hubTimeoutMs = 2000, perAddress = 600, now = Date.now } = options
  const { mayShare = () => true, onReplaced = () => undefined } = options
  const siteOrigin = origin(where, 'origin', options.origin)
  if (!/^__Host-[A-Za-z0-9_-]+$/.test(cookieName))
    throw wrong(where, '"cookieName" has to begin with "__Host-"') // R22
  if (cookieName !== cookieNames.session && (Object.values(cookieNames) as string[]).includes(cookieName)) {
    throw wrong(where, `"cookieName": "${cookieName}" is the name of another cookie of this protocol`)
  }
  const { host = new URL(siteOrigin).host } = options
  if (typeof host !== 'string' || !/^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(host)) {
    throw wrong(
      where,
      '"host" has to be a host as browsers send it, such as "shop.example" or "shop.example:8443"',
    )
  }
  return {
    origin: siteOrigin,
    hub: origin(where, 'hub', options.hub),
    ...(await importKeys(options.keys)),
    endpoint: endpointPath(where, endpoint),
    host,
    cookieName,
    freshForSeconds: whole(where, 'freshForSeconds', freshForSeconds, { min: 1, max: 300 }), // R28
    graceForSeconds: whole(where, 'graceForSeconds', graceForSeconds, { min: 0, max: 30 * 86_400 }),
    maxTicketSeconds: whole(where, 'maxTicketSeconds', maxTicketSeconds, limits.ticketSeconds),
    alwaysReplace: flag(where, 'alwaysReplace', alwaysReplace),
    live: flag(where, 'live', live),
    mayShare: unlessOptedOut(callable(where, 'mayShare', mayShare)),
    onReplaced: callable(where, 'onReplaced', onReplaced),
    hubTimeoutMs: whole(where, 'hubTimeoutMs', hubTimeoutMs, { min: 50, max: 30_000 }),
    perAddress: whole(where, 'perAddress', perAddress, { min: 1, max: 1e9 }),
    log: callable(where, 'log', options.log),
    now: callable(where, 'now', now),
  }
}

async function importKeys(keys: unknown) {
  const at = `${where}: keys`
  if (!isJsonObject(keys)) throw wrong(where, '"keys" is missing; "session-hub sites add" makes them')
  refuseUnknown(at, keys, ['signing', 'ticket', 'session'])
  const [signingKey, ticket, session, start, target] = await Promise.all([
    importSigningKey(keys.signing, `${at}.signing`),
    importList(keys.ticket, `${at}.ticket`, importTicketKey),
    importList(keys.session, `${at}.session`, importSessionKey),
    importList(keys.session, `${at}.session`, deriveStartKey),
    importList(keys.session, `${at}.session`, deriveTargetKey),
  ])
  return {
    signingKey,
    ticketKeys: keySet(ticket, `${at}.ticket`),
    sessionKey: session[0],
    sessionKeys: keySet(session, `${at}.session`),
    startKey: start[0],
    startKeys: keySet(start, `${at}.session`),
    targetKey: target[0],
    targetKeys: keySet(target, `${at}.session`),
  }
}

async function importList(
  given: unknown,
  at: string,
  read: (jwk: unknown, where: string) => Promise<NamedKey>,
): Promise<[NamedKey, ...NamedKey[]]> {
  const [first, ...rest] = await Promise.all(
    (Array.isArray(given) ? given : [given]).map((jwk) => read(jwk, at)),
  )
  if (!first) throw wrong(at, 'at least one key is needed')
  return [first, ...rest]
}

/** The visitor's own word goes before the application's. */
const unlessOptedOut =
  (mayShare: SiteSettings['mayShare']): SiteSettings['mayShare'] =>
  (req) =>
    readCookie(req.headers.cookie, cookieNames.off) === undefined && mayShare(req)
