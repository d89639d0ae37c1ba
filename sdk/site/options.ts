/** The site's options, checked once at start-up. */
import { COOKIE_SECONDS, readCookie } from '../http/cookies.js'
import {
  type FieldRule,
  readTokenFields,
  sessionFieldFault,
  type TokenField,
} from '../protocol/token-fields.js'
import type { StoredClaims, StoredData } from '../protocol/app-types.js'
import { cookieNames, defaultEndpoint, limits, type Mode } from '../protocol/wire.js'
import { callable, endpointPath, flag, origin, whole } from '../settings/checks.js'
import type { Log } from '../settings/log.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { type ImportedKeys, importKeys, type SiteKeys } from './keys.js'
import type { Visit } from './visit.js'

/** The session as `tokenClaims` sees it. */
export interface TokenSession {
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  readonly claims: StoredClaims
  /** Empty while the hub has not been told of the sign-in yet. */
  readonly data: StoredData
  /** In seconds since 1970, or `null`. */
  readonly authTime: number | null
}

/** @typeParam Native the server's own request */
export interface ReplacedEvent<Native> {
  readonly req: Native
  /** How the session came. */
  readonly source: Mode
  /** Whether the visitor had nothing here that could be missed. */
  readonly wasEmpty: boolean
}

/** @typeParam Native the server's own request, as the hooks get it */
export interface SiteOptions<Native extends object> {
  /** This site's own origin, such as `https://shop.example`. Never taken from a request. */
  readonly origin: string
  /** The hub's origin. */
  readonly hub: string
  /** Or their JSON as text, as `SESSION_HUB_KEYS` has it: a variable that is not set is refused at the start. */
  readonly keys: SiteKeys | string | undefined
  /** Where this site's endpoints are. @default '/session-hub' */
  readonly endpoint?: string
  /** The `Host` that requests arrive with, where a proxy changes it. @default the origin's host */
  readonly host?: string
  /** The session cookie's name; has to begin with `__Host-`. @default '__Host-session' */
  readonly cookieName?: string
  /** Where a request has its session, for applications whose `req.session` is another's already. @default 'session' */
  readonly sessionProperty?: string
  /**
   * How long a session is trusted without asking the hub, in seconds, at most 300 (R28): the life of a session token. Past half of it,
   * the next request asks the hub and gets a new token; while the hub cannot be reached, the rest is used up. @default 300
   */
  readonly freshForSeconds?: number
  /** How much longer, while the hub cannot be reached, in seconds. @default 3600 */
  readonly graceForSeconds?: number
  /** How long browsers keep the session cookie, in seconds, 60 to 34560000; the life of the token in it is `freshForSeconds`. @default 34560000 */
  readonly cookieSeconds?: number
  /**
   * Which fields of the session stand in its token, for services beside the site to read: `'name'`, `['profile.email', 'email']`,
   * `['profile.email', 'e', 'email']`. A path leads into the claims, with `data.` before it into the data; the short name stands in the
   * token, both are there after reading. With this, `req.session.claims` has only what is listed. What the path does not lead to is left
   * out, with one log entry per path. At most 16, and 768 bytes together with `tokenClaims`. @default all claims, as they are
   */
  readonly fields?: readonly TokenField[]
  /**
   * More for the token, which no path leads to: gives an object whose members stand in it. Asked for each token that is made, and after
   * each `update`; it must not change the session. If it throws, no token is made: a sign-in is refused (`unavailable`), and a
   * session goes on with the token it has.
   */
  readonly tokenClaims?: (session: TokenSession, req: Native) => object | Promise<object>
  /** The token's member that holds the handle, wrapped. @default 'sk' */
  readonly sessionField?: string
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
  readonly mayShare?: (req: Native) => boolean | Promise<boolean>
  /** Called after a session from elsewhere has become this site's, before the page is told. */
  readonly onReplaced?: (event: ReplacedEvent<Native>) => void | Promise<void>
  /** How long to wait for the hub, in milliseconds. @default 2000 */
  readonly hubTimeoutMs?: number
  /** Requests per minute from one address to each of this site’s endpoints. @default 600 */
  readonly perAddress?: number
  /** Receives structured entries, none of which holds a secret. @default silence */
  readonly log?: Log
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** Options after defaults and checks. Nothing past start-up reads `SiteOptions`. */
export interface SiteSettings extends ImportedKeys {
  readonly origin: string
  readonly hub: string
  readonly endpoint: string
  readonly host: string
  readonly cookieName: string
  readonly sessionProperty: string
  readonly freshForSeconds: number
  readonly graceForSeconds: number
  readonly cookieSeconds: number
  readonly maxTicketSeconds: number
  readonly alwaysReplace: boolean
  readonly live: boolean
  readonly mayShare: (visit: Visit) => boolean | Promise<boolean>
  /** `undefined`: the token carries all claims, as they are. */
  readonly fields: readonly FieldRule[] | undefined
  readonly tokenClaims: ((session: TokenSession, req: object) => object | Promise<object>) | undefined
  readonly sessionField: string
  readonly onReplaced: (event: ReplacedEvent<object>) => void | Promise<void>
  readonly hubTimeoutMs: number
  readonly perAddress: number
  readonly log: Log | undefined
  readonly now: () => number
}

/** Every option by name; the compiler holds it to `SiteOptions`. */
const KNOWN: Record<keyof SiteOptions<object>, true> = {
  origin: true,
  hub: true,
  keys: true,
  endpoint: true,
  host: true,
  cookieName: true,
  sessionProperty: true,
  freshForSeconds: true,
  graceForSeconds: true,
  cookieSeconds: true,
  fields: true,
  tokenClaims: true,
  sessionField: true,
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
export async function resolveSiteOptions<Native extends object>(
  given: SiteOptions<Native>,
): Promise<SiteSettings> {
  refuseUnknown(where, given, Object.keys(KNOWN))
  // Each adapter gives the hooks the requests that it gets.
  const options = given as unknown as SiteOptions<object>
  const { endpoint = defaultEndpoint, cookieName = cookieNames.session, freshForSeconds = 300 } = options
  const {
    graceForSeconds = 3600,
    cookieSeconds = COOKIE_SECONDS,
    maxTicketSeconds = limits.ticketSeconds.max,
    alwaysReplace = false,
    live = false,
  } = options
  const { hubTimeoutMs = 2000, perAddress = 600, now = Date.now } = options
  const { mayShare = () => true, onReplaced = () => undefined, sessionField = 'sk' } = options
  const siteOrigin = origin(where, 'origin', options.origin)
  if (!/^__Host-[A-Za-z0-9_-]+$/.test(cookieName))
    throw wrong(where, '"cookieName" has to begin with "__Host-"') // R22
  if (cookieName.length > limits.cookieNameLength)
    throw wrong(where, `"cookieName" has at most ${limits.cookieNameLength} characters`)
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
    ...(await importKeys(options.keys, where)),
    endpoint: endpointPath(where, endpoint),
    host,
    cookieName,
    sessionProperty: propertyName(options.sessionProperty ?? 'session'),
    freshForSeconds: whole(where, 'freshForSeconds', freshForSeconds, { min: 1, max: limits.freshSeconds }), // R28
    graceForSeconds: whole(where, 'graceForSeconds', graceForSeconds, { min: 0, max: 30 * 86_400 }),
    cookieSeconds: whole(where, 'cookieSeconds', cookieSeconds, { min: 60, max: COOKIE_SECONDS }),
    sessionField: sessionFieldName(sessionField),
    fields: options.fields === undefined ? undefined : fieldRules(options.fields, sessionField),
    tokenClaims: callable(where, 'tokenClaims', options.tokenClaims),
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

/** What a request of some server has already. */
const TAKEN = ['body', 'headers', 'ip', 'method', 'params', 'query', 'socket', 'url']

function propertyName(name: unknown): string {
  if (typeof name !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(name) || TAKEN.includes(name))
    throw wrong(
      where,
      '"sessionProperty" has to be a name that a request can have beside its own, such as "hub"',
    )
  return name
}

function sessionFieldName(name: unknown): string {
  const fault = sessionFieldFault(name)
  if (fault) throw wrong(where, `"sessionField": ${fault}`)
  return name as string
}

function fieldRules(given: unknown, sessionField: string): readonly FieldRule[] {
  const rules = readTokenFields(given, sessionField)
  if (typeof rules === 'string') throw wrong(where, `"fields" ${rules}`)
  return rules
}

/** The visitor's own word goes before the application's. */
const unlessOptedOut =
  (mayShare: (req: object) => boolean | Promise<boolean>): SiteSettings['mayShare'] =>
  (visit) =>
    readCookie(visit.headers.cookie, cookieNames.off) === undefined && mayShare(visit.request)
