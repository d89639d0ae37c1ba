/** The hub's options, checked once at start-up. */
import { isJsonObject } from '../sdk/protocol/json.js'
import { limits as bounds } from '../sdk/protocol/wire.js'
import { callable, oneOf, origin, whole } from '../sdk/settings/checks.js'
import type { Log } from '../sdk/settings/log.js'
import { refuseUnknown, wrong } from '../sdk/settings/refuse-unknown.js'
import { fill, type HubRules, type Merge } from './flows/context.js'
import type { ConflictPolicy } from './flows/decision.js'
import type { HubKeys } from './keys/keyring.js'
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
  /** How long an answer of `findSite` is believed, in seconds; 0 asks each time. @default 5 */
  readonly siteCacheSeconds?: number
  /** Where sessions live. @default SQLite in the file `session-hub.sqlite` of the working directory */
  readonly store?: Store
  /** How long a ticket may be redeemed, in seconds, 5 to 300. @default 30 */
  readonly ticketSeconds?: number
  /** How long a session lives after it was last seen, in seconds. @default 2592000 (30 days) */
  readonly sessionSeconds?: number
  /** Who gives way when two different users meet. @default 'keep-both' */
  readonly conflict?: ConflictPolicy
  /** Moves an ending session's data into the one that stays. @default fills in what the other lacks */
  readonly merge?: Merge
  /** Requests per minute, each with its own default. */
  readonly limits?: Partial<RateLimits>
  /** Receives structured entries, none of which holds a secret. @default silence */
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
  readonly rules: HubRules
  readonly limits: RateLimits
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
  store: true,
  ticketSeconds: true,
  sessionSeconds: true,
  conflict: true,
  merge: true,
  limits: true,
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
    ticketSeconds = bounds.ticketSeconds.default,
    sessionSeconds = 30 * 86_400,
  } = options
  const { conflict = 'keep-both', merge = fill, limits = {}, now = Date.now } = options
  if (!isJsonObject(options.keys)) throw wrong(where, '"keys" is missing; "session-hub keys" makes them')
  if (!Array.isArray(sites)) throw wrong(where, '"sites" has to be a list')
  if (options.store !== undefined && !isStore(options.store)) {
    throw wrong(
      where,
      '"store" has to be a store: sqliteStore("sessions.sqlite"), memoryStore(), or your own',
    )
  }
  refuseUnknown(`${where}: limits`, limits, Object.keys(defaultRateLimits))
  return {
    origin: origin(where, 'origin', options.origin),
    keys: options.keys,
    sites: sites as readonly SiteRegistration[],
    findSite: callable(where, 'findSite', options.findSite),
    siteCacheSeconds: whole(where, 'siteCacheSeconds', siteCacheSeconds, { min: 0, max: 3600 }),
    rules: {
      ticketSeconds: whole(where, 'ticketSeconds', ticketSeconds, bounds.ticketSeconds),
      sessionSeconds: whole(where, 'sessionSeconds', sessionSeconds, { min: 60, max: 400 * 86_400 }),
      conflict: oneOf(where, 'conflict', conflict, ['keep-both', 'hub', 'site']),
      merge: callable(where, 'merge', merge),
    },
    limits: {
      perAddress: rate('perAddress', limits),
      perSession: rate('perSession', limits),
      perSite: rate('perSite', limits),
    },
    log: callable(where, 'log', options.log),
    now: callable(where, 'now', now),
  }
}

const rate = (name: keyof RateLimits, given: Partial<RateLimits>) =>
  whole('createHub: limits', name, given[name] ?? defaultRateLimits[name], { min: 1, max: 1e9 })

const METHODS: readonly (keyof Store)[] = ['find', 'addHandle', 'transact', 'ping', 'sweep', 'close']

const isStore = (given: unknown): boolean =>
  typeof given === 'object' &&
  given !== null &&
  METHODS.every((name) => typeof Reflect.get(given, name) === 'function')
