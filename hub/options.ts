/** The hub's options, checked once at start-up. */
import { type OptionValues, readOptions } from '../sdk/settings/option-rows.js'
import type { Log } from '../sdk/settings/log.js'
import type { Traces } from '../sdk/settings/traces.js'
import type { AdminOptions } from './admin/options.js'
import type { CompanySignOutOptions } from './company/options.js'
import type { ConflictRule, Evict, HubRules, Lifetime, Merge, SingleSession } from './flows/context.js'
import type { ConflictPolicy } from './flows/decision.js'
import type { MergeByKeys, MergeName } from './flows/merge-rules.js'
import type { HubKeys } from './keys/hub-keys.js'
import type { HubMeter } from './meter.js'
import { hubRows } from './option-rows.js'
import type { RateLimitOptions, RateLimits, SplitLimits } from './routes/limits.js'
import type { FindSite } from './sites/registry.js'
import type { SiteRegistration } from './sites/site.js'
import type { Store } from './stores/store.js'

// `npm run docs:options` writes this interface from hub/option-rows.ts.
export interface HubOptions {
  /** The hub's own origin, such as `https://hub.example`. It is the issuer of every ticket. */
  readonly origin: string
  /** What `session-hub keys` made. */
  readonly keys: HubKeys
  /**
   * The sites that share the session: a list of registrations.
   *
   * @default none
   */
  readonly sites?: readonly SiteRegistration[]
  /** `(origin) => registration`, called for every origin that `sites` does not contain. Sites can come and go while the hub runs. */
  readonly findSite?: FindSite
  /**
   * How long the hub waits for the server of a `store` that is given as a function; it answers 503 until then (docs/stores.md). With
   * 0, `createHub` rejects if the store cannot be opened.
   *
   * Unit: seconds, 0 to 3600.
   *
   * @default 0
   */
  readonly storeWaitSeconds?: number
  /**
   * Whether the store has sites too, which `hub.sites`, the command and `/admin/sites` add and change while the hub runs
   * (docs/sites.md).
   *
   * @default false
   */
  readonly storedSites?: boolean
  /**
   * How long the hub reuses an answer of `findSite`; 0 asks each time.
   *
   * Unit: seconds, 0 to 3600.
   *
   * @default 5
   */
  readonly siteCacheSeconds?: number
  /**
   * Where sessions live: `sqliteStore(path)`, `await postgresStore({ url })`, `await redisStore({ url })`, `memoryStore()`, or your
   * own. docs/stores.md.
   *
   * @default session-hub.sqlite in the working directory
   */
  readonly store?: Store | (() => Promise<Store>)
  /**
   * How long a ticket may be redeemed.
   *
   * Unit: seconds, 5 to 300.
   *
   * @default 30
   */
  readonly ticketSeconds?: number
  /**
   * How long sessions live while unused, and in total: `{ anonymous, signedIn }`, each `{ idleSeconds, absoluteSeconds }`.
   *
   * Unit: seconds, 60 to 34560000.
   *
   * @default anonymous 30 and 400 days, signed in 30 and 90 days
   */
  readonly lifetimes?: { readonly anonymous?: Partial<Lifetime>; readonly signedIn?: Partial<Lifetime> }
  /**
   * Whether a sign-in ends the user's other sessions; or `(subject, { site, agent, isRemembered, claims }) => boolean`, which may be
   * asynchronous.
   *
   * @default false
   */
  readonly singleSession?: boolean | SingleSession
  /**
   * How many sessions a user may have at once.
   *
   * From 1 to 1000.
   *
   * @default no limit
   */
  readonly maxSessions?: number
  /**
   * What happens at the limit: `'oldest'` ends the oldest session, `'refuse'` refuses the sign-in (`session_limit`).
   *
   * @default 'oldest'
   */
  readonly evict?: Evict
  /**
   * Whether a sign-out ends all of the user's sessions, in every browser; or `(subject) => boolean`, which may be asynchronous. If the
   * function throws, all of them end.
   *
   * @default false
   */
  readonly endAllOnSignOut?: boolean | ((subject: string) => boolean | Promise<boolean>)
  /**
   * Which user stays when two different users are signed in: `'keep-both'`, `'hub'`, `'site'`; or
   * `({ site, siteSubject, hubSubject })` => one of them. The function must be synchronous and pure: the hub may call it several times
   * for one conflict, and only its last answer counts.
   *
   * @default 'keep-both'
   */
  readonly conflict?: ConflictPolicy | ConflictRule
  /**
   * Moves an ending session's data into the one that stays: `'fill'`, `'winner'`, `'loser'`,
   * `{ keys: { cart: 'union', points: 'sum' }, default }`, or `({ from, into, reason }) => data`. A function must be synchronous and
   * pure and must not throw. The hub may call it several times for one merge, and only its last answer counts.
   *
   * @default 'fill'
   */
  readonly merge?: Merge | MergeName | MergeByKeys
  /**
   * Pages and a programming interface at `/admin`, to see and end sessions: `{ tokens }` or `{ authorize }`, `isAdmin`,
   * `auditSeconds`. docs/admin.md.
   *
   * @default none: there is no /admin
   */
  readonly admin?: AdminOptions
  /**
   * The company's OpenID providers, whose sign-outs end sessions here: `{ issuers }`. This is OpenID Connect Back-Channel Logout 1.0.
   * docs/company-sign-out.md.
   *
   * @default none: there is no /backchannel-logout
   */
  readonly companySignOut?: CompanySignOutOptions
  /**
   * Counts and times what the hub does: `hubMetrics()` of `session-hub/hub/metrics`. docs/metrics.md.
   *
   * @default none
   */
  readonly metrics?: HubMeter
  /**
   * Spans of what the hub does: `openTelemetry()` of `session-hub/traces`. docs/traces.md.
   *
   * @default none
   */
  readonly traces?: Traces
  /**
   * Requests per minute of the whole hub: `perAddress` and `perSession`, each for one site; `perSite`. `store` counts them for all
   * processes together. See scale (docs/scale.md).
   *
   * Unit: requests per minute.
   *
   * @default 1200, 60, 60000
   */
  readonly limits?: RateLimitOptions
  /**
   * The number of processes in which this hub runs: each allows its share of `limits`. Without `limits.store`, each counts in its own
   * memory, so a load balancer must spread the requests evenly. See scale (docs/scale.md).
   *
   * From 1 to 1000.
   *
   * @default 1
   */
  readonly hubProcesses?: number
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

/** Options after defaults and checks. Nothing reads `HubOptions` after start-up. */
export interface HubSettings extends Omit<HubValues, keyof HubRules | 'hubProcesses' | 'limits'> {
  readonly limits: SplitLimits
  readonly rules: HubRules
}

type HubValues = OptionValues<typeof hubRows>

export const hubOptionNames: readonly string[] = Object.keys(hubRows)

/** @throws SessionHubError `options_invalid` */
export function resolveHubOptions(options: HubOptions): HubSettings {
  const { hubProcesses, limits, ...values } = readOptions('createHub', hubRows, options)
  const {
    ticketSeconds,
    lifetimes,
    conflict,
    merge,
    singleSession,
    maxSessions,
    evict,
    endAllOnSignOut,
    ...rest
  } = values
  return {
    ...rest,
    limits: { whole: limits, share: shareOf(limits, hubProcesses), store: limits.store },
    rules: {
      ticketSeconds,
      lifetimes,
      conflict,
      merge,
      singleSession,
      maxSessions: maxSessions ?? Infinity,
      evict,
      endAllOnSignOut,
      isAdmin: values.admin?.isAdmin ?? (() => false),
    },
  }
}

/** The share of one of several processes: never nothing, and rounded up rather than down. */
function shareOf({ perAddress, perSession, perSite }: RateLimits, processes: number): RateLimits {
  const share = (limit: number) => Math.ceil(limit / processes)
  return { perAddress: share(perAddress), perSession: share(perSession), perSite: share(perSite) }
}
