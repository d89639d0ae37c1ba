/** The hub's options, checked once at start-up. */
import { isJsonObject } from '../sdk/protocol/json.js'
import { limits as bounds } from '../sdk/protocol/wire.js'
import { callable, flag, oneOf, origin, whole } from '../sdk/settings/checks.js'
import type { Log } from '../sdk/settings/log.js'
import { refuseUnknown, wrong } from '../sdk/settings/refuse-unknown.js'
import { type Traces, traces } from '../sdk/settings/traces.js'
import { type AdminOptions, type AdminSettings, resolveAdmin } from './admin/options.js'
import { type CompanySignOutOptions, type IssuerSettings, resolveCompanySignOut } from './company/options.js'
import type { ConflictRule, Evict, HubRules, Lifetime, Merge, SingleSession } from './flows/context.js'
import type { ConflictPolicy } from './flows/decision.js'
import {
  keyMergeNames,
  type MergeByKeys,
  mergeByKeys,
  mergeByName,
  type MergeName,
  mergeNames,
} from './flows/merge-rules.js'
import type { HubMeter } from './meter.js'
import type { HubKeys } from './keys/hub-keys.js'
import { defaultRateLimits, type RateLimits } from './routes/limits.js'
import type { FindSite } from './sites/registry.js'
import type { SiteRegistration } from './sites/site.js'
import type { Store } from './stores/store.js'

export interface HubOptions {
  /** The hub's own origin, such as `https://hub.example`: the issuer of every ticket. */
  readonly origin: string
  /** What `session-hub keys` made. */
  readonly keys: HubKeys
  /** The sites that share the session. @default none */
  readonly sites?: readonly SiteRegistration[]
  /** Asked for every other origin, so that sites come and go while the hub runs. */
  readonly findSite?: FindSite
  /** Whether the store has sites too, which `hub.sites`, the command and `/admin/sites` add and change while the hub runs. @default false */
  readonly storedSites?: boolean
  /** How long an answer of `findSite` is believed, in seconds; 0 asks each time. @default 5 */
  readonly siteCacheSeconds?: number
  /** Where sessions live. @default SQLite in the file `session-hub.sqlite` of the working directory */
  readonly store?: Store | (() => Promise<Store>)
  /**
   * How long the hub waits for the server of a `store` that is given as a function, in seconds, 0 to 3600: it begins meanwhile, and answers
   * `unavailable`. With 0, `createHub` rejects where the store cannot be opened.
   *
   * @default 0
   */
  readonly storeWaitSeconds?: number
  /** How long a ticket may be redeemed, in seconds, 5 to 300. @default 30 */
  readonly ticketSeconds?: number
  /**
   * How long sessions live after they were last used, and at most, in seconds; anonymous and signed-in ones apart.
   *
   * @default anonymous: 30 days, 400 days; signedIn: 30 days, 90 days
   */
  readonly lifetimes?: {
    readonly anonymous?: Partial<Lifetime>
    readonly signedIn?: Partial<Lifetime>
  }
  /**
   * Who gives way when two different users meet; or a rule that says so for each meeting. The rule runs while the store decides, so it may
   * be asked several times for one meeting, and only its last answer counts: let it have no effect of its own.
   *
   * @default 'keep-both'
   */
  readonly conflict?: ConflictPolicy | ConflictRule
  /**
   * Moves an ending session's data into the one that stays: a function, or a built-in by name, as a whole or by key. A function may be
   * called several times for one merge, and only its last answer counts, as with `conflict`.
   *
   * @default 'fill'
   */
  readonly merge?: Merge | MergeName | MergeByKeys
  /** Whether a sign-in ends the user's other sessions; or a rule, asked at each sign-in. @default false */
  readonly singleSession?: boolean | SingleSession
  /** How many sessions a user may have at once, 1 to 1000. @default no limit */
  readonly maxSessions?: number
  /** What happens at one session too many: `oldest` ends the oldest, `refuse` refuses the sign-in (`session_limit`). @default 'oldest' */
  readonly evict?: Evict
  /** Whether a sign-out ends all of the user's sessions, in every browser; or a rule. If the rule throws, all of them end. @default false */
  readonly endAllOnSignOut?: boolean | ((subject: string) => boolean | Promise<boolean>)
  /** Pages, and an interface for programs, below `/admin`: to see sessions and to end them. @default none */
  readonly admin?: AdminOptions
  /** The company's OpenID providers whose sign-outs end sessions here (OpenID Connect Back-Channel Logout 1.0). @default none */
  readonly companySignOut?: CompanySignOutOptions
  /** Requests per minute of the whole hub, each with its own default. */
  readonly limits?: Partial<RateLimits>
  /**
   * How many processes this hub runs in, 1 to 1000, behind a balancer that spreads requests evenly: each counts in its own memory, and allows its share of
   * `limits`.
   *
   * @default 1
   */
  readonly hubProcesses?: number
  /** Counts and times what the hub does: `hubMetrics()` of `session-hub/hub/metrics`. @default none */
  readonly metrics?: HubMeter
  /** Spans of what the hub does: `openTelemetry()` of `session-hub/traces`. @default none */
  readonly traces?: Traces
  /** Receives structured entries, none of which holds a secret. @default none */
  readonly log?: Log
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

/** Options after defaults and checks. Nothing past start-up reads `HubOptions`. */
export interface HubSettings {
  readonly origin: string
  readonly keys: HubKeys
  readonly sites: readonly SiteRegistration[]
  readonly findSite: FindSite | undefined
  readonly siteCacheSeconds: number
  readonly storedSites: boolean
  readonly storeWaitSeconds: number
  readonly rules: HubRules
  readonly limits: RateLimits
  readonly admin: (AdminSettings & { readonly auditSeconds: number }) | undefined
  readonly companySignOut: readonly IssuerSettings[] | undefined
  readonly metrics: HubMeter | undefined
  readonly traces: Traces | undefined
  readonly log: Log | undefined
  readonly now: () => number
}

/** Every option by name; the compiler holds it to `HubOptions`. */
const KNOWN: Record<keyof HubOptions, true> = {
  origin: true,
  keys: true,
  sites: true,
  findSite: true,
  siteCacheSeconds: true,
  storedSites: true,
  store: true,
  storeWaitSeconds: true,
  ticketSeconds: true,
  lifetimes: true,
  conflict: true,
  merge: true,
  singleSession: true,
  maxSessions: true,
  evict: true,
  endAllOnSignOut: true,
  admin: true,
  companySignOut: true,
  limits: true,
  hubProcesses: true,
  metrics: true,
  traces: true,
  log: true,
  now: true,
}

export const hubOptionNames: readonly string[] = Object.keys(KNOWN)

/** @throws SessionHubError `options_invalid` */
export function resolveHubOptions(options: HubOptions): HubSettings {
  const where = 'createHub'
  refuseUnknown(where, options, hubOptionNames)
  const {
    sites = [],
    siteCacheSeconds = 5,
    storedSites = false,
    storeWaitSeconds = 0,
    ticketSeconds = bounds.ticketSeconds.default,
    maxSessions,
    evict = 'oldest',
    hubProcesses = 1,
  } = options
  const { singleSession = false, endAllOnSignOut = false } = options
  const { conflict = 'keep-both', merge = 'fill', limits = {}, now = Date.now } = options
  if (!isJsonObject(options.keys)) throw wrong(where, '"keys" is missing; "session-hub keys" makes them')
  if (!Array.isArray(sites)) throw wrong(where, '"sites" has to be a list')
  if (options.store !== undefined && typeof options.store !== 'function' && !isStore(options.store)) {
    throw wrong(
      where,
      '"store" has to be a store: sqliteStore("sessions.sqlite"), memoryStore(), your own, or a function that opens one',
    )
  }
  const admin = options.admin === undefined ? undefined : resolveAdmin(`${where}: admin`, options.admin)
  refuseUnknown(`${where}: limits`, limits, Object.keys(defaultRateLimits))
  return {
    origin: origin(where, 'origin', options.origin),
    keys: options.keys,
    sites: sites as readonly SiteRegistration[],
    findSite: callable(where, 'findSite', options.findSite),
    siteCacheSeconds: whole(where, 'siteCacheSeconds', siteCacheSeconds, { min: 0, max: 3600 }),
    storedSites: flag(where, 'storedSites', storedSites),
    storeWaitSeconds: whole(where, 'storeWaitSeconds', storeWaitSeconds, { min: 0, max: 3600 }),
    rules: {
      ticketSeconds: whole(where, 'ticketSeconds', ticketSeconds, bounds.ticketSeconds),
      lifetimes: readLifetimes(where, options.lifetimes),
      conflict:
        typeof conflict === 'function' ? conflict : oneOf(where, 'conflict', conflict, conflictPolicies),
      merge: readMerge(where, merge),
      singleSession: answering(where, 'singleSession', singleSession),
      maxSessions:
        maxSessions === undefined
          ? Infinity
          : whole(where, 'maxSessions', maxSessions, { min: 1, max: 1000 }),
      evict: oneOf(where, 'evict', evict, ['oldest', 'refuse']),
      endAllOnSignOut: answering(where, 'endAllOnSignOut', endAllOnSignOut),
      isAdmin: admin?.isAdmin ?? (() => false),
    },
    limits: shareOf(
      {
        perAddress: rate('perAddress', limits),
        perSession: rate('perSession', limits),
        perSite: rate('perSite', limits),
      },
      whole(where, 'hubProcesses', hubProcesses, { min: 1, max: 1000 }),
    ),
    admin,
    companySignOut:
      options.companySignOut === undefined
        ? undefined
        : resolveCompanySignOut(`${where}: companySignOut`, options.companySignOut),
    metrics: meter(where, options.metrics),
    traces: traces(where, options.traces),
    log: callable(where, 'log', options.log),
    now: callable(where, 'now', now),
  }
}

const METERS = ['requested', 'synced', 'redeemed', 'refused', 'storeAsked', 'streams'] as const

function meter(where: string, given: HubMeter | undefined): HubMeter | undefined {
  if (given === undefined || METERS.every((name) => typeof (given as Partial<HubMeter>)[name] === 'function'))
    return given
  throw wrong(where, '"metrics" has to be what hubMetrics() of session-hub/hub/metrics returns')
}

const conflictPolicies = ['keep-both', 'hub', 'site'] as const

/** A flag, or a rule of the application's own. */
const answering = <Rule extends (...asked: never[]) => unknown>(
  where: string,
  name: string,
  given: boolean | Rule,
) => (typeof given === 'function' ? given : yesOrNo(flag(where, name, given))) as Rule

const yesOrNo = (answer: boolean) => () => answer

function readMerge(where: string, given: unknown): Merge {
  if (typeof given === 'function') return given as Merge
  if (!isJsonObject(given)) return mergeByName(oneOf(where, 'merge', given, mergeNames))
  const at = `${where}: merge`
  refuseUnknown(at, given, ['default', 'keys'])
  const { default: others = 'fill', keys = {} } = given
  if (!isJsonObject(keys)) throw wrong(at, '"keys" has to be an object such as { "cart": "union" }')
  return mergeByKeys({
    default: oneOf(at, 'default', others, mergeNames),
    keys: Object.fromEntries(
      Object.entries(keys).map(([key, name]) => [key, oneOf(`${at}: keys`, key, name, keyMergeNames)]),
    ),
  })
}

const DAY = 86_400
const lifetimeBounds = { min: 60, max: 400 * DAY }

function readLifetimes(where: string, given: unknown = {}): HubRules['lifetimes'] {
  const at = `${where}: lifetimes`
  if (!isJsonObject(given))
    throw wrong(where, '"lifetimes" has to be an object with "anonymous" and "signedIn"')
  refuseUnknown(at, given, ['anonymous', 'signedIn'])
  return {
    anonymous: readLifetime(`${at}.anonymous`, given.anonymous, {
      idleSeconds: 30 * DAY,
      absoluteSeconds: 400 * DAY,
    }),
    signedIn: readLifetime(`${at}.signedIn`, given.signedIn, {
      idleSeconds: 30 * DAY,
      absoluteSeconds: 90 * DAY,
    }),
  }
}

function readLifetime(at: string, given: unknown = {}, defaults: Lifetime): Lifetime {
  if (!isJsonObject(given))
    throw wrong(at, 'a lifetime is an object with "idleSeconds" and "absoluteSeconds"')
  refuseUnknown(at, given, ['idleSeconds', 'absoluteSeconds'])
  const { idleSeconds = defaults.idleSeconds, absoluteSeconds = defaults.absoluteSeconds } = given
  return {
    idleSeconds: whole(at, 'idleSeconds', idleSeconds, lifetimeBounds),
    absoluteSeconds: whole(at, 'absoluteSeconds', absoluteSeconds, lifetimeBounds),
  }
}

const rate = (name: keyof RateLimits, given: Partial<RateLimits>) =>
  whole('createHub: limits', name, given[name] ?? defaultRateLimits[name], { min: 1, max: 1e9 })

/** What one of so many processes allows: never nothing, and rather a little more than a little less. */
function shareOf({ perAddress, perSession, perSite }: RateLimits, processes: number): RateLimits {
  const share = (limit: number) => Math.ceil(limit / processes)
  return { perAddress: share(perAddress), perSession: share(perSession), perSite: share(perSite) }
}

const METHODS: readonly (keyof Store)[] = [
  'find',
  'transact',
  'sessions',
  'list',
  'places',
  'search',
  'audit',
  'isSpent',
  'endings',
  'endingsRange',
  'renewEpoch',
  'putSite',
  'sites',
  'sitesRange',
  'ping',
  'sweep',
  'close',
]

const isStore = (given: unknown): boolean =>
  typeof given === 'object' &&
  given !== null &&
  METHODS.every((name) => typeof Reflect.get(given, name) === 'function')
