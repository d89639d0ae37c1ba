/** The site's options, checked once at start-up. */
import { COOKIE_SECONDS, readCookie } from '../http/cookies.js'
import {
  type FieldRule,
  readTokenFields,
  sessionFieldFault,
  type TokenField,
} from '../protocol/token-fields.js'
import type { StoredClaims, StoredData } from '../protocol/app-types.js'
import { cookieNames, defaultEndpoint, type EndReason, limits, type Mode } from '../protocol/wire.js'
import { isEndpoint } from '../protocol/formats.js'
import { isHost } from '../protocol/origins.js'
import { callable, endpointPath, flag, origin, whole } from '../settings/checks.js'
import type { Log } from '../settings/log.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { type Traces, traces } from '../settings/traces.js'
import { type ImportedKeys, importKeys, type SiteKeys } from './keys.js'
import type { Visit } from './visit.js'

/** The administrator who acts as the session's user. */
export interface SessionActor {
  /** Who is really there. */
  readonly subject: string
  /** When the acting ends, in seconds since 1970. */
  readonly until: number
}

/** The session as `tokenClaims` sees it. */
export interface TokenSession {
  /** The signed-in user, or `null`. */
  readonly subject: string | null
  readonly claims: StoredClaims
  /** Empty as long as the hub does not know of the sign-in. */
  readonly data: StoredData
  /** In seconds since 1970, or `null`. */
  readonly authTime: number | null
  /** Who acts as the user, if somebody does. */
  readonly actor?: SessionActor
}

/** @typeParam Native the server's own request */
export interface ReplacedEvent<Native> {
  readonly req: Native
  /** How the session came. */
  readonly source: Mode
  /** Whether the visitor had nothing on this site that could get lost. */
  readonly wasEmpty: boolean
  /** The origin of the site where the session began, as in `site.sessions()`; `null` if that is no longer known. */
  readonly from: string | null
}

/** @typeParam Native the server's own request */
export interface SignedInEvent<Native> {
  readonly req: Native
  readonly subject: string
  readonly claims: StoredClaims
}

export interface EndedEvent {
  /** The origin of the application on which the session ended. */
  readonly origin: string
  /** The session's user, or `null` for an anonymous visitor. */
  readonly subject: string | null
  readonly reason: EndReason
}

/** @typeParam Native the server's own request, as the hooks get it */
export interface SiteOptions<Native extends object> {
  /** This site's own origin, such as `https://shop.example`. Never taken from a request. */
  readonly origin: string
  /** The hub's origin. */
  readonly hub: string
  /** The site's keys, or their JSON as text, such as the value of `SESSION_HUB_KEYS`. If the variable is not set, `createSite` rejects. */
  readonly keys: SiteKeys | string | undefined
  /**
   * Where this process reaches the hub, if not at the hub's origin: `http://hub:4000` in a network of containers. Handles travel there, so use plain
   * http only in a network that nobody else can read. @default the hub's origin
   */
  readonly backchannel?: string
  /**
   * Where this site's endpoints are, as browsers see it. A proxy, or an application that mounts this one, may remove the first
   * segments on the way. @default '/session-hub'
   */
  readonly endpoint?: string
  /**
   * The path that a proxy removes from each request before it arrives here, such as `/shop`; `endpoint` begins with it. `redirectOnce` leads visitors
   * back to the address that their browser shows. Without such a proxy, leave it out. @default none
   */
  readonly removedPath?: string
  /** The `Host` of the requests that arrive here, if a proxy changes it. @default the origin's host */
  readonly host?: string
  /** The session cookie's name. It must begin with `__Host-`. @default '__Host-session' */
  readonly cookieName?: string
  /** The property of a request that holds the session, for applications that use `req.session` for something else. @default 'session' */
  readonly sessionProperty?: string
  /**
   * How long a session is trusted without asking the hub, in seconds, at most 300 (R28): the life of a session token. After half of it,
   * the next request asks the hub and gets a new token. While the hub cannot be reached, the session is trusted for the other half too. @default 300
   */
  readonly freshForSeconds?: number
  /** How much longer a session is trusted while the hub cannot be reached, in seconds. @default 3600 */
  readonly graceForSeconds?: number
  /** How long browsers keep the session cookie, in seconds, 60 to 34560000; the life of the token in it is `freshForSeconds`. @default 34560000 */
  readonly cookieSeconds?: number
  /**
   * Which fields of the session its token contains, so that other services can read them: `'name'`, `['profile.email', 'email']`,
   * `['profile.email', 'e', 'email']`. A path leads into the claims, or with the prefix `data.` into the data. The token contains the short
   * name; a reader gets both names. With this option, `req.session.claims` contains only the listed fields. A field that does not exist is left
   * out, with one log entry per path. At most 16, and 768 bytes together with `tokenClaims`. @default all claims, as they are
   */
  readonly fields?: readonly TokenField[]
  /**
   * Adds members to the token that no path leads to: returns an object with these members. It is called for each new token, and after
   * each `update`. It must not change the session. If it throws, there is no new token: a sign-in is refused (`unavailable`), and an existing
   * session continues with its present token.
   */
  readonly tokenClaims?: (session: TokenSession, req: Native) => object | Promise<object>
  /** The token's member that holds the handle, wrapped. @default 'sk' */
  readonly sessionField?: string
  /**
   * The services on other hosts for which this site makes tokens, by their origins, such as `['https://api.example']`: at most 32. It needs a key pair for
   * session tokens, because a service that has a secret could create tokens itself. @default none
   */
  readonly audiences?: readonly string[]
  /** How long a token for a service lives, in seconds, 1 to 300. It never lives longer than the session is fresh. @default 60 */
  readonly serviceTokenSeconds?: number
  /** The longest life of a ticket that this site accepts, in seconds, 5 to 300. @default 300 */
  readonly maxTicketSeconds?: number
  /** The hub's session wins over this site's, whenever the hub has one. @default false */
  readonly alwaysReplace?: boolean
  /**
   * Open pages learn at once when their session ends, wherever that happens, by server-sent events from this site. Each visible
   * page holds one connection. @default false
   */
  readonly live?: boolean
  /**
   * Whether anything may be stored in this visitor's browser. Until it says `true`: no cookie, no session, no sign-in (`consent_required`), and nothing is
   * shared. An existing session stays, but is not renewed. An exception counts as no. @default always
   */
  readonly mayStore?: (req: Native) => boolean | Promise<boolean>
  /** The consent hook: whether this visitor's session may be shared. @default always */
  readonly mayShare?: (req: Native) => boolean | Promise<boolean>
  /** Called after a session from another site has arrived at this one, before the page learns of it: the response waits. An exception is logged. */
  readonly onReplaced?: (event: ReplacedEvent<Native>) => void | Promise<void>
  /**
   * Called once after each sign-in on this site; `signIn` waits for it. It is also called while the hub is down, and not again when the hub learns of the
   * sign-in. For a user who arrives signed in from another site, `onReplaced` is called instead. An exception is logged.
   */
  readonly onSignedIn?: (event: SignedInEvent<Native>) => void | Promise<void>
  /**
   * Called when a session ends from which this process has had a request: as soon as the process learns of it by a sign-out here, by the hub's event stream, or by
   * the visitor's next request. It is called once in each such process, for the 50,000 sessions that were used last. Nothing waits for it. The `reason` says
   * whether another session took its place (`signed-in`, `replaced`). An exception is logged.
   */
  readonly onEnded?: (event: EndedEvent) => void | Promise<void>
  /** How long to wait for the hub, in milliseconds. @default 2000 */
  readonly hubTimeoutMs?: number
  /** Requests per minute from one address to each of this site’s endpoints. @default 600 */
  readonly perAddress?: number
  /** Spans of what this site asks the hub: `openTelemetry()` of `session-hub/traces`. @default none */
  readonly traces?: Traces
  /** Receives structured entries. None of them contains a secret. @default none */
  readonly log?: Log
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/**
 * The options of one application with several origins. Give either `origins` or `findOrigin`. Each origin is a site with its own cookies, offers and
 * tickets. All of them share one connection and one event stream.
 *
 * @typeParam Native the server's own request, as the hooks get it
 */
export interface AppOptions<Native extends object> extends Omit<
  SiteOptions<Native>,
  'origin' | 'host' | 'keys'
> {
  /** All origins of the application, if you know them at start-up, such as `['https://shop.example', 'https://www.shop.example']`. */
  readonly origins?: readonly string[]
  /**
   * Receives the `Host` of a request, and returns the origin of this host, or `undefined` if it is not one of the application's. If it throws, returns
   * another host's origin or takes longer than two seconds, the request is `unavailable`.
   */
  readonly findOrigin?: FindOrigin
  /** How long an answer of `findOrigin` is used, in seconds. With 0, it is called for each request. @default 5 */
  readonly originCacheSeconds?: number
  /**
   * The one set of keys for all origins that `session-hub sites add --app` created, or a function that returns the keys of each origin. It is called once
   * for an origin, and again if the origin was gone in between.
   */
  readonly keys: SiteKeys | string | KeysOf
}

/** @returns `undefined` or `null` if the host is not one of the application's */
export type FindOrigin = (host: string) => string | null | undefined | Promise<string | null | undefined>

export type KeysOf = (origin: string) => SiteKeys | string | Promise<SiteKeys | string>

/** Options after defaults and checks: what all sites of one application have in common. Nothing past start-up reads the options. */
export interface AppSettings {
  readonly hub: string
  /** Where the hub is reached. */
  readonly backchannel: string
  readonly endpoint: string
  /** What a proxy has removed from the beginning of each path; empty where nothing is. */
  readonly removedPath: string
  readonly cookieName: string
  readonly sessionProperty: string
  readonly freshForSeconds: number
  readonly graceForSeconds: number
  readonly cookieSeconds: number
  readonly audiences: readonly string[]
  readonly serviceTokenSeconds: number
  readonly maxTicketSeconds: number
  readonly alwaysReplace: boolean
  readonly live: boolean
  /** `undefined`: everywhere. */
  readonly mayStore: ((req: object) => boolean | Promise<boolean>) | undefined
  readonly mayShare: (visit: Visit) => boolean | Promise<boolean>
  /** `undefined`: the token carries all claims, as they are. */
  readonly fields: readonly FieldRule[] | undefined
  readonly tokenClaims: ((session: TokenSession, req: object) => object | Promise<object>) | undefined
  readonly sessionField: string
  readonly onReplaced: (event: ReplacedEvent<object>) => void | Promise<void>
  readonly onSignedIn: (event: SignedInEvent<object>) => void | Promise<void>
  readonly onEnded: ((event: EndedEvent) => void | Promise<void>) | undefined
  readonly hubTimeoutMs: number
  readonly perAddress: number
  readonly traces: Traces | undefined
  readonly log: Log | undefined
  readonly now: () => number
}

/** Those of one site. */
export interface SiteSettings extends AppSettings, ImportedKeys {
  readonly origin: string
  readonly host: string
}

/** Which sites there are. */
export type SiteSource = { readonly site: SiteSettings } | AppSource

export interface AppSource {
  readonly settings: AppSettings
  readonly origins: readonly string[] | { readonly findOrigin: FindOrigin; readonly cacheSeconds: number }
  readonly keysOf: ImportedKeysOf
}

type ImportedKeysOf = (origin: string) => ImportedKeys | Promise<ImportedKeys>

/** Every option by name; the compiler holds it to the interfaces. */
const KNOWN: Record<keyof SiteOptions<object> | keyof AppOptions<object>, true> = {
  origin: true,
  origins: true,
  findOrigin: true,
  originCacheSeconds: true,
  hub: true,
  keys: true,
  endpoint: true,
  removedPath: true,
  host: true,
  backchannel: true,
  cookieName: true,
  sessionProperty: true,
  freshForSeconds: true,
  graceForSeconds: true,
  cookieSeconds: true,
  fields: true,
  tokenClaims: true,
  sessionField: true,
  audiences: true,
  serviceTokenSeconds: true,
  maxTicketSeconds: true,
  alwaysReplace: true,
  live: true,
  mayStore: true,
  mayShare: true,
  onReplaced: true,
  onSignedIn: true,
  onEnded: true,
  hubTimeoutMs: true,
  perAddress: true,
  traces: true,
  log: true,
  now: true,
}

const OF_MANY = ['origins', 'findOrigin', 'originCacheSeconds']

const where = 'createSite'

/** @throws SessionHubError `options_invalid` */
export async function resolveOptions<Native extends object>(
  given: SiteOptions<Native> | AppOptions<Native>,
): Promise<SiteSource> {
  refuseUnknown(where, given, knownBeside(given))
  const ways = ['origin', 'origins', 'findOrigin'].filter((name) => Reflect.get(given, name) !== undefined)
  if (ways.length > 1)
    throw wrong(where, `"${ways.join('" and "')}" say the same in different ways; give one of them`)
  if (Reflect.get(given, 'originCacheSeconds') !== undefined && !ways.includes('findOrigin'))
    throw wrong(where, '"originCacheSeconds" is for "findOrigin"')
  if (Reflect.get(given, 'host') !== undefined && ways.length > 0 && !ways.includes('origin'))
    throw wrong(where, '"host" is for "origin"; where there are more, each arrives with its own host')
  if ('origin' in given || ways.length === 0)
    return { site: await resolveSiteOptions(given as SiteOptions<Native>) }
  return resolveAppOptions(given)
}

/** Of one site, what it says to a misspelt option leaves out what is for more. */
const knownBeside = (given: unknown): readonly string[] => {
  const names = typeof given === 'object' && given !== null ? Object.keys(given) : []
  return Object.keys(KNOWN).filter(
    (name) => names.includes(name) || !names.includes('origin') || !OF_MANY.includes(name),
  )
}

async function resolveAppOptions<Native extends object>(given: AppOptions<Native>): Promise<AppSource> {
  const { origins, findOrigin, keys, originCacheSeconds = 5 } = given
  const settings = resolveCommon(given as unknown as AppOptions<object>)
  if (findOrigin !== undefined) {
    const asked = {
      findOrigin: callable(where, 'findOrigin', findOrigin),
      cacheSeconds: whole(where, 'originCacheSeconds', originCacheSeconds, { min: 0, max: 3600 }),
    }
    return { settings, origins: asked, keysOf: await keySource(keys, settings) }
  }
  const listed = checkedOrigins(origins)
  requireOthers(settings, listed)
  const keysOf = await keySource(keys, settings)
  // At start-up, so that a wrong key is not found by a visitor.
  const known = new Map<string, ImportedKeys>()
  for (const one of listed) known.set(one, await keysOf(one))
  return { settings, origins: listed, keysOf: (one) => known.get(one) ?? keysOf(one) }
}

function checkedOrigins(given: unknown): readonly string[] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong(where, '"origins" has to list at least one origin, such as "https://shop.example"')
  const hosts = new Set<string>()
  return given.map((one) => {
    const checked = origin(where, 'origins', one)
    const { host } = new URL(checked)
    if (hosts.has(host)) throw wrong(where, `"origins" lists the host "${host}" twice`)
    hosts.add(host)
    return checked
  })
}

/** One set for all, or each origin's own: all of one app, because one event stream tells of all. */
async function keySource(given: AppOptions<object>['keys'], settings: AppSettings): Promise<ImportedKeysOf> {
  if (typeof given !== 'function') {
    const keys = ofAnApp(await importKeys(given, where))
    requirePair(settings, keys)
    return () => keys
  }
  let app: string | undefined
  return async (site) => {
    const keys = ofAnApp(await importKeys(await given(site), `${where}: keys("${site}")`))
    requirePair(settings, keys)
    app ??= keys.app
    if (keys.app !== app)
      throw wrong(
        where,
        `the keys of "${site}" are of the app "${keys.app}", those of other origins of "${app}"`,
      )
    return keys
  }
}

function ofAnApp(keys: ImportedKeys): ImportedKeys {
  if (keys.app === '')
    throw wrong(
      where,
      '"origins" and "findOrigin" need keys with the name of an app: "session-hub sites add <origin>... --app <name>" makes them',
    )
  return keys
}

/** @throws SessionHubError `options_invalid` */
export async function resolveSiteOptions<Native extends object>(
  given: SiteOptions<Native>,
): Promise<SiteSettings> {
  refuseUnknown(where, given, knownBeside(given))
  // Each adapter gives the hooks the requests that it gets.
  const options = given as unknown as SiteOptions<object>
  const siteOrigin = origin(where, 'origin', options.origin)
  const { host = new URL(siteOrigin).host } = options
  if (typeof host !== 'string' || !isHost(host)) {
    throw wrong(
      where,
      '"host" has to be a host as browsers send it, such as "shop.example" or "shop.example:8443"',
    )
  }
  const settings = resolveCommon(options)
  requireOthers(settings, [siteOrigin])
  const keys = await importKeys(options.keys, where)
  requirePair(settings, keys)
  return { ...settings, origin: siteOrigin, host, ...keys }
}

function resolveCommon(options: Omit<SiteOptions<object>, 'origin' | 'host' | 'keys'>): AppSettings {
  const { endpoint = defaultEndpoint, cookieName = cookieNames.session, freshForSeconds = 300 } = options
  const {
    graceForSeconds = 3600,
    cookieSeconds = COOKIE_SECONDS,
    maxTicketSeconds = limits.ticketSeconds.max,
    alwaysReplace = false,
    live = false,
  } = options
  const { hubTimeoutMs = 2000, perAddress = 600, now = Date.now } = options
  const { mayShare = () => true, sessionField = 'sk' } = options
  const { onReplaced = () => undefined, onSignedIn = () => undefined } = options
  if (!/^__Host-[A-Za-z0-9_-]+$/.test(cookieName))
    throw wrong(where, '"cookieName" has to begin with "__Host-"') // R22
  if (cookieName.length > limits.cookieNameLength)
    throw wrong(where, `"cookieName" has at most ${limits.cookieNameLength} characters`)
  if (cookieName !== cookieNames.session && (Object.values(cookieNames) as string[]).includes(cookieName)) {
    throw wrong(where, `"cookieName": "${cookieName}" is the name of another cookie of this protocol`)
  }
  return {
    hub: origin(where, 'hub', options.hub),
    backchannel: backchannel(options.backchannel ?? options.hub),
    endpoint: endpointPath(where, endpoint),
    removedPath: removedFrom(endpoint, options.removedPath ?? ''),
    cookieName,
    sessionProperty: propertyName(options.sessionProperty ?? 'session'),
    freshForSeconds: whole(where, 'freshForSeconds', freshForSeconds, { min: 1, max: limits.freshSeconds }), // R28
    graceForSeconds: whole(where, 'graceForSeconds', graceForSeconds, { min: 0, max: 30 * 86_400 }),
    cookieSeconds: whole(where, 'cookieSeconds', cookieSeconds, { min: 60, max: COOKIE_SECONDS }),
    sessionField: sessionFieldName(sessionField),
    fields: options.fields === undefined ? undefined : fieldRules(options.fields, sessionField),
    tokenClaims: callable(where, 'tokenClaims', options.tokenClaims),
    audiences: audienceList(options.audiences ?? []),
    serviceTokenSeconds: whole(
      where,
      'serviceTokenSeconds',
      options.serviceTokenSeconds ?? limits.serviceTokenSeconds.default,
      limits.serviceTokenSeconds,
    ),
    maxTicketSeconds: whole(where, 'maxTicketSeconds', maxTicketSeconds, limits.ticketSeconds),
    alwaysReplace: flag(where, 'alwaysReplace', alwaysReplace),
    live: flag(where, 'live', live),
    mayStore: callable(where, 'mayStore', options.mayStore),
    mayShare: unlessOptedOut(callable(where, 'mayShare', mayShare)),
    onReplaced: callable(where, 'onReplaced', onReplaced),
    onSignedIn: callable(where, 'onSignedIn', onSignedIn),
    onEnded: callable(where, 'onEnded', options.onEnded),
    hubTimeoutMs: whole(where, 'hubTimeoutMs', hubTimeoutMs, { min: 50, max: 30_000 }),
    perAddress: whole(where, 'perAddress', perAddress, { min: 1, max: 1e9 }),
    traces: traces(where, options.traces),
    log: callable(where, 'log', options.log),
    now: callable(where, 'now', now),
  }
}

/** @throws SessionHubError `options_invalid` */
function removedFrom(endpoint: string, removedPath: unknown): string {
  if (removedPath === '') return removedPath
  if (!isEndpoint(removedPath) || !endpoint.startsWith(`${removedPath}/`))
    throw wrong(
      where,
      `"removedPath" has to be how "endpoint" begins, such as "/shop" of "/shop${defaultEndpoint}"; "endpoint" is "${endpoint}"`,
    )
  return removedPath
}

/** @throws SessionHubError `options_invalid` */
function backchannel(given: unknown): string {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.origin !== given)
    throw wrong(where, '"backchannel" has to be scheme, host and port alone, such as "http://hub:4000"')
  return given
}

function audienceList(given: unknown): readonly string[] {
  if (!Array.isArray(given) || given.length > limits.audiences)
    throw wrong(where, `"audiences" has to be a list of at most ${limits.audiences} origins`)
  const listed = given.map((one) => origin(where, 'audiences', one))
  const twice = listed.find((one, at) => listed.indexOf(one) !== at)
  if (twice !== undefined) throw wrong(where, `"audiences" lists "${twice}" twice`)
  return listed
}

/** R36: who verifies by the secret could make session tokens of any user, and unwrap handles. */
function requirePair(
  { audiences }: Pick<AppSettings, 'audiences'>,
  { sessionKeys: [first] }: ImportedKeys,
): void {
  if (audiences.length > 0 && first.publicJwk === null)
    throw wrong(
      where,
      '"audiences" needs a key pair as the first of "keys.session": a service that verifies by a secret could make session tokens',
    )
}

/** A token for the site itself would be a session token without a session. */
function requireOthers({ audiences }: Pick<AppSettings, 'audiences'>, origins: readonly string[]): void {
  const own = origins.find((one) => audiences.includes(one))
  if (own !== undefined) throw wrong(where, `"audiences" lists the site's own origin, "${own}"`)
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
