/** The site's options, checked once at start-up. */
import { readCookie } from '../http/cookies.js'
import type { TokenField } from '../protocol/token-fields.js'
import { cookieNames } from '../protocol/wire.js'
import type { Log } from '../settings/log.js'
import { type OptionValues, readRows } from '../settings/option-rows.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import type { Traces } from '../settings/traces.js'
import type { FindOrigin } from './find-origin.js'
import type { EndedEvent, ReplacedEvent, SignedInEvent } from './hook.js'
import { type ImportedKeys, importKeys, type KeysOf, type SiteKeys } from './keys.js'
import { appRows, sharedRows, siteRows } from './option-rows.js'
import type { TokenSession } from './token-session.js'
import type { Visit } from './visit.js'

// `npm run docs:options` writes the members of the next two interfaces from option-rows.ts.
/** @typeParam Native the server's own request, as the hooks receive it */
export interface SiteOptions<Native extends object> {
  /**
   * This site's own origin, such as `https://shop.example`; never taken from a request. An application with more than one has other
   * options (docs/domains.md).
   */
  readonly origin: string
  /** The hub's origin. */
  readonly hub: string
  /**
   * What `session-hub sites add` made for this site: the object, or its JSON as text, such as the value of `SESSION_HUB_KEYS`. If the
   * variable is not set, `createSite` rejects.
   */
  readonly keys: SiteKeys | string | undefined
  /**
   * The `Host` of the requests that arrive here, if a proxy changes it.
   *
   * @default the origin's host
   */
  readonly host?: string
  /**
   * Where this process reaches the hub, if not at the hub's own origin: `http://hub:4000` in a network of containers. Handles travel
   * there, so use plain HTTP only in a network that nobody else can read.
   *
   * @default the hub's origin
   */
  readonly backchannel?: string
  /**
   * Where this site's endpoints are, as browsers see it. A proxy, or an application that mounts this one, may remove the first
   * segments on the way: `/shop/session-hub` works with and without `/shop`. See below a path (docs/frameworks.md).
   *
   * Unit: path.
   *
   * @default '/session-hub'
   */
  readonly endpoint?: string
  /**
   * The path that a proxy removes from each request before it arrives here, such as `/shop`; `endpoint` begins with it. `redirectOnce`
   * leads visitors back to the address that their browser shows. Without such a proxy, leave it out. See below a path
   * (docs/frameworks.md).
   *
   * Unit: path.
   *
   * @default none
   */
  readonly removedPath?: string
  /**
   * The session cookie's name. It must begin with `__Host-` and must not be the name of another cookie of the protocol; at most 64
   * characters.
   *
   * @default '__Host-session'
   */
  readonly cookieName?: string
  /**
   * The property of a request that holds its session, for applications whose `req.session` belongs to another middleware, such as
   * express-session. TypeScript (docs/typescript.md) needs a declaration too.
   *
   * @default 'session'
   */
  readonly sessionProperty?: string
  /**
   * How long a session is trusted without asking the hub: the life of a session token. After half of it, the next request asks the hub
   * and gets a new token. While the hub cannot be reached, the session is trusted for the other half too.
   *
   * Unit: seconds, 1 to 300.
   *
   * @default 300
   */
  readonly freshForSeconds?: number
  /**
   * How much longer a session is trusted while the hub cannot be reached.
   *
   * Unit: seconds, 0 to 2592000.
   *
   * @default 3600
   */
  readonly graceForSeconds?: number
  /**
   * How long browsers keep the session cookie, regardless of the life of the token in it.
   *
   * Unit: seconds, 60 to 34560000.
   *
   * @default 34560000
   */
  readonly cookieSeconds?: number
  /**
   * The token's member that holds the handle, wrapped.
   *
   * @default 'sk'
   */
  readonly sessionField?: string
  /**
   * Which fields of the session its token contains, so that other services (docs/verify.md) can read them: `'name'`,
   * `['profile.email', 'email']`, `['profile.email', 'e', 'email']`. A path leads into the claims, or with the prefix `data.` into the
   * data. The token contains the short name; a reader gets both names. With this option, `req.session.claims` contains only the listed
   * fields. A field that does not exist is left out, with one log entry per path. At most 16, and 768 bytes together with
   * `tokenClaims`; with an RSA key of more than 2,048 bits the limit can be lower, so that browsers accept the cookie.
   *
   * @default all claims, as they are
   */
  readonly fields?: readonly TokenField[]
  /**
   * `({ subject, claims, data, authTime }, req) => object`: further members for the token that no path reaches. May be asynchronous.
   * It is called for each new token, and after each `update`. It must not change the session. If it throws, there is no new token: a
   * sign-in is refused (`unavailable`), and an existing session continues with its present token.
   *
   * @default nothing
   */
  readonly tokenClaims?: (session: TokenSession, req: Native) => object | Promise<object>
  /**
   * The services on other hosts for which this site makes tokens (docs/verify.md), by their origins, such as `https://api.example`: at
   * most 32. Needs a key pair for session tokens, because a service that has a secret could create tokens itself.
   *
   * @default none
   */
  readonly audiences?: readonly string[]
  /**
   * How long a token for a service lives, but never longer than the session is fresh.
   *
   * Unit: seconds, 1 to 300.
   *
   * @default 60
   */
  readonly serviceTokenSeconds?: number
  /**
   * The longest life of a ticket that this site accepts.
   *
   * Unit: seconds, 5 to 300.
   *
   * @default 300
   */
  readonly maxTicketSeconds?: number
  /**
   * Whether the hub's session wins over this site's whenever the hub has one. This can make a signed-in visitor anonymous.
   *
   * @default false
   */
  readonly alwaysReplace?: boolean
  /**
   * Whether open pages learn at once when their session ends, wherever that happens, by server-sent events at `GET /session-hub/live`.
   * Each visible page holds one connection. See what it costs (docs/flows/open-pages.md).
   *
   * @default false
   */
  readonly live?: boolean
  /**
   * `(req) => boolean`: whether anything may be stored in this visitor's browser. May be asynchronous. Until it says `true`: no
   * cookie, no session, no sign-in (`consent_required`), and nothing is shared. An existing session stays, but is not renewed. An
   * exception counts as no. See consent (docs/ladder.md).
   *
   * @default always
   */
  readonly mayStore?: (req: Native) => boolean | Promise<boolean>
  /**
   * `(req) => boolean`, the consent hook: whether this visitor's session may be shared. May be asynchronous.
   *
   * @default always
   */
  readonly mayShare?: (req: Native) => boolean | Promise<boolean>
  /**
   * `({ req, source, wasEmpty, from })`, called after a session from another site has arrived at this one, before the page learns of
   * it: the response waits. `from` is the origin where the session began, or `null`. An exception is logged.
   *
   * @default nothing
   */
  readonly onReplaced?: (event: ReplacedEvent<Native>) => void | Promise<void>
  /**
   * `({ req, subject, claims })`, called once after each sign-in on this site; `signIn` waits for it. It is also called while the hub
   * is down, and not again when the hub learns of the sign-in. For a user who arrives signed in from another site, `onReplaced` is
   * called instead. An exception is logged.
   *
   * @default nothing
   */
  readonly onSignedIn?: (event: SignedInEvent<Native>) => void | Promise<void>
  /**
   * `({ origin, subject, reason })`, called when a session ends from which this process has had a request: as soon as the process
   * learns of it by a sign-out here, by the hub's event stream, or by the visitor's next request. It is called once in each such
   * process, for the 50,000 sessions that were used last. Nothing waits for it. `reason` says whether another session took its place
   * (`signed-in`, `replaced`). An exception is logged.
   *
   * @default nothing
   */
  readonly onEnded?: (event: EndedEvent) => void | Promise<void>
  /**
   * How long to wait for the hub.
   *
   * Unit: milliseconds, 50 to 30000.
   *
   * @default 2000
   */
  readonly hubTimeoutMs?: number
  /**
   * How many requests one address may send to each of this site's endpoints.
   *
   * Unit: requests per minute, 1 to 1000000000.
   *
   * @default 600
   */
  readonly perAddress?: number
  /**
   * Spans of what the site asks the hub: `openTelemetry()` of `session-hub/traces`. docs/traces.md.
   *
   * @default none
   */
  readonly traces?: Traces
  /**
   * Receives structured entries, none of which holds a secret.
   *
   * @default none
   */
  readonly log?: Log
  /**
   * The clock, for tests.
   *
   * Unit: milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number
}

/**
 * The options of one application with several origins. Give either `origins` or `findOrigin`. Each origin is a site with its own cookies,
 * offers and tickets. All of them share one connection and one event stream.
 *
 * @typeParam Native the server's own request, as the hooks receive it
 */
export interface AppOptions<Native extends object> extends Omit<
  SiteOptions<Native>,
  'origin' | 'host' | 'keys'
> {
  /** All origins of the application, if you know them at start-up, such as `https://shop.example` and `https://www.shop.example`. */
  readonly origins?: readonly string[]
  /**
   * `(host) => origin`: receives the `Host` of a request, and returns the origin of exactly this host, or `undefined` if it is not one
   * of the application's. May be asynchronous. If it throws, returns another host's origin or takes longer than two seconds, the
   * request is `unavailable`.
   */
  readonly findOrigin?: FindOrigin
  /**
   * How long the site reuses an answer of `findOrigin`; 0 asks for each request.
   *
   * Unit: seconds, 0 to 3600.
   *
   * @default 5
   */
  readonly originCacheSeconds?: number
  /**
   * The one set of keys for all origins that `session-hub sites add --app` created, or `(origin) => keys`, which may be asynchronous.
   * The function is called once for an origin, and again if the origin was gone in between.
   */
  readonly keys: SiteKeys | string | KeysOf
}

/** Options after defaults and checks: what all sites of one application have in common. Nothing reads the raw options after start-up. */
export interface AppSettings extends Omit<OptionValues<typeof sharedRows>, 'backchannel' | 'mayShare'> {
  /** The address at which this process reaches the hub. */
  readonly backchannel: string
  readonly mayShare: (visit: Visit) => boolean | Promise<boolean>
}

/** The settings of one site. */
export interface SiteSettings extends AppSettings, ImportedKeys {
  readonly origin: string
  readonly host: string
}

/** Where the sites come from. */
export type SiteSource = { readonly site: SiteSettings } | AppSource

export interface AppSource {
  readonly settings: AppSettings
  readonly origins: readonly string[] | { readonly findOrigin: FindOrigin; readonly cacheSeconds: number }
  readonly keysOf: ImportedKeysOf
}

type ImportedKeysOf = (origin: string) => ImportedKeys | Promise<ImportedKeys>

const where = 'createSite'

/** @throws SessionHubError `options_invalid` */
export async function resolveOptions<Native extends object>(
  given: SiteOptions<Native> | AppOptions<Native>,
): Promise<SiteSource> {
  refuseUnknown(where, given, knownBeside(given))
  const ways = ['origin', 'origins', 'findOrigin'].filter((name) => Reflect.get(given, name) !== undefined)
  if (ways.length > 1)
    throw wrong(where, `"${ways.join('" and "')}" mean the same in different ways; give only one of them`)
  if (Reflect.get(given, 'originCacheSeconds') !== undefined && !ways.includes('findOrigin'))
    throw wrong(where, '"originCacheSeconds" works only with "findOrigin"')
  if (Reflect.get(given, 'host') !== undefined && ways.length > 0 && !ways.includes('origin'))
    throw wrong(
      where,
      '"host" works only with "origin"; with several origins, each arrives with its own host',
    )
  return 'origin' in given || ways.length === 0
    ? { site: await resolveSiteOptions(given as SiteOptions<Native>) }
    : resolveAppOptions(given)
}

/** For one site, the suggestion for a misspelt option leaves out the options for several origins. */
const knownBeside = (given: unknown): readonly string[] => {
  const names = typeof given === 'object' && given !== null ? Object.keys(given) : []
  return Object.keys({ ...siteRows, ...appRows }).filter(
    (name) => names.includes(name) || !names.includes('origin') || Object.hasOwn(siteRows, name),
  )
}

async function resolveAppOptions(given: object): Promise<AppSource> {
  const { origins, findOrigin, originCacheSeconds, keys, ...shared } = readRows(
    where,
    { ...sharedRows, ...appRows },
    given,
  )
  const settings = settingsOf(shared)
  if (findOrigin !== undefined)
    return {
      settings,
      origins: { findOrigin, cacheSeconds: originCacheSeconds },
      keysOf: await keySource(keys, settings),
    }
  const listed = origins ?? []
  requireOthers(settings, listed)
  const keysOf = await keySource(keys, settings)
  // Loaded at start-up, so that a visitor is not the first to meet a wrong key.
  const known = new Map<string, ImportedKeys>()
  for (const one of listed) known.set(one, await keysOf(one))
  return { settings, origins: listed, keysOf: (one) => known.get(one) ?? keysOf(one) }
}

/** One set of keys for all origins, or a set per origin. All belong to one app, because one event stream serves them all. */
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
        `the keys of "${site}" belong to the app "${keys.app}", those of other origins to "${app}"`,
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
  const { origin, host = new URL(origin).host, keys: givenKeys, ...shared } = readRows(where, siteRows, given)
  const settings = settingsOf(shared)
  requireOthers(settings, [origin])
  const keys = await importKeys(givenKeys, where)
  requirePair(settings, keys)
  return { ...settings, origin, host, ...keys }
}

const settingsOf = (values: OptionValues<typeof sharedRows>): AppSettings => ({
  ...values,
  backchannel: values.backchannel ?? values.hub,
  mayShare: unlessOptedOut(values.mayShare),
})

/** R36: whoever verifies by a secret could also make session tokens for any user and unwrap handles. */
function requirePair(
  { audiences }: Pick<AppSettings, 'audiences'>,
  { sessionKeys: [first] }: ImportedKeys,
): void {
  if (audiences.length > 0 && first.publicJwk === null)
    throw wrong(
      where,
      '"audiences" needs a key pair as the first of "keys.session": a service that verifies with a secret could make session tokens',
    )
}

/** A token for the site itself would be a session token without a session. */
function requireOthers({ audiences }: Pick<AppSettings, 'audiences'>, origins: readonly string[]): void {
  const own = origins.find((one) => audiences.includes(one))
  if (own !== undefined) throw wrong(where, `"audiences" lists the site's own origin, "${own}"`)
}

/** The visitor's own choice takes precedence over the application's. */
const unlessOptedOut =
  (mayShare: (req: object) => boolean | Promise<boolean>): SiteSettings['mayShare'] =>
  (visit) =>
    readCookie(visit.headers.cookie, cookieNames.off) === undefined && mayShare(visit.request)
