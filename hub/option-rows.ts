/** The hub's options, declared only here: `npm run docs:options` writes `HubOptions` and the reference from these rows. */
import { limits as bounds } from '../sdk/protocol/wire.js'
import type { Log } from '../sdk/settings/log.js'
import {
  aClock,
  aFunction,
  anOrigin,
  choice,
  type OptionRows,
  wholeNumber,
  yesOrNo,
} from '../sdk/settings/option-rows.js'
import { tracesOption } from '../sdk/settings/traces.js'
import {
  adminOption,
  companySignOutOption,
  conflictOption,
  keysOption,
  lifetimeBounds,
  lifetimesOption,
  limitsOption,
  mergeOption,
  metricsOption,
  ruleOption,
  sitesOption,
  storeOption,
} from './option-checks.js'
import type { Evict, SingleSession } from './flows/context.js'
import { defaultRateLimits } from './routes/limits.js'
import type { FindSite } from './sites/registry.js'

export const hubRows = {
  origin: {
    text: "the hub's own origin, such as `https://hub.example`",
    more: 'It is the issuer of every ticket.',
    required: true,
    check: anOrigin,
  },
  keys: { text: 'what `session-hub keys` made', required: true, check: keysOption },
  sites: {
    text: 'the sites that share the session: a list of registrations',
    default: [],
    shown: 'none',
    check: sitesOption,
  },
  findSite: {
    text: '`(origin) => registration`, called for every origin that `sites` does not contain',
    more: 'Sites can come and go while the hub runs.',
    code: 'only',
    check: aFunction<FindSite>('FindSite'),
  },
  storeWaitSeconds: {
    text: 'how long the hub waits for the server of a `store` that is given as a function; [it answers 503 until then](stores.md#a-server-that-is-still-starting)',
    more: 'With 0, `createHub` rejects if the store cannot be opened.',
    unit: 'seconds',
    default: 0,
    check: wholeNumber({ min: 0, max: 3600 }),
  },
  storedSites: {
    text: 'whether the store has sites too, which `hub.sites`, the command and `/admin/sites` [add and change while the hub runs](sites.md)',
    default: false,
    check: yesOrNo,
  },
  siteCacheSeconds: {
    text: 'how long the hub reuses an answer of `findSite`; 0 asks each time',
    unit: 'seconds',
    default: 5,
    check: wholeNumber({ min: 0, max: 3600 }),
  },
  store: {
    text: 'where sessions live: `sqliteStore(path)`, `await postgresStore({ url })`, `await redisStore({ url })`, `memoryStore()`, or your own',
    more: '[docs/stores.md](stores.md)',
    shown: '`session-hub.sqlite` in the working directory',
    check: storeOption,
  },
  ticketSeconds: {
    text: 'how long a ticket may be redeemed',
    unit: 'seconds',
    default: bounds.ticketSeconds.default,
    check: wholeNumber(bounds.ticketSeconds),
  },
  lifetimes: {
    text: 'how long sessions live while unused, and in total: `{ anonymous, signedIn }`, each `{ idleSeconds, absoluteSeconds }`',
    unit: `seconds, ${lifetimeBounds.min} to ${lifetimeBounds.max}`,
    default: {},
    shown: 'anonymous 30 and 400 days, signed in 30 and 90 days',
    check: lifetimesOption,
  },
  singleSession: {
    text: "whether a sign-in ends the user's other sessions; or `(subject, { site, agent, isRemembered, claims }) => boolean`, which may be asynchronous",
    default: false,
    code: 'also',
    check: ruleOption<SingleSession>('boolean | SingleSession'),
  },
  maxSessions: {
    text: 'how many sessions a user may have at once',
    shown: 'no limit',
    check: wholeNumber({ min: 1, max: 1000 }),
  },
  evict: {
    text: "what happens at the limit: `'oldest'` ends the oldest session, `'refuse'` refuses the sign-in (`session_limit`)",
    default: 'oldest',
    check: choice<Evict>('Evict', ['oldest', 'refuse']),
  },
  endAllOnSignOut: {
    text: "whether a sign-out ends all of the user's sessions, in every browser; or `(subject) => boolean`, which may be asynchronous",
    more: 'If the function throws, all of them end.',
    default: false,
    code: 'also',
    check: ruleOption<(subject: string) => boolean | Promise<boolean>>(
      'boolean | ((subject: string) => boolean | Promise<boolean>)',
    ),
  },
  conflict: {
    text: "which user stays when two different users are signed in: `'keep-both'`, `'hub'`, `'site'`; or `({ site, siteSubject, hubSubject })` => one of them",
    more: 'The function must be synchronous and pure: the hub may call it several times for one conflict, and only its last answer counts.',
    default: 'keep-both',
    code: 'also',
    check: conflictOption,
  },
  merge: {
    text: "moves an ending session's data into the one that stays: `'fill'`, `'winner'`, `'loser'`, `{ keys: { cart: 'union', points: 'sum' }, default }`, or `({ from, into, reason }) => data`",
    more: 'A function must be synchronous and pure and must not throw. The hub may call it several times for one merge, and only its last answer counts.',
    default: 'fill',
    code: 'also',
    check: mergeOption,
  },
  admin: {
    text: 'pages and a programming interface at `/admin`, to see and end sessions: `{ tokens }` or `{ authorize }`, `isAdmin`, `auditSeconds`',
    more: '[docs/admin.md](admin.md)',
    shown: 'none: there is no `/admin`',
    code: 'also',
    check: adminOption,
  },
  companySignOut: {
    text: "the company's OpenID providers, whose sign-outs end sessions here: `{ issuers }`",
    more: 'This is OpenID Connect Back-Channel Logout 1.0. [docs/company-sign-out.md](company-sign-out.md)',
    shown: 'none: there is no `/backchannel-logout`',
    check: companySignOutOption,
  },
  metrics: {
    text: 'counts and times what the hub does: `hubMetrics()` of `session-hub/hub/metrics`',
    more: '[docs/metrics.md](metrics.md)',
    shown: 'none',
    check: metricsOption,
  },
  traces: {
    text: 'spans of what the hub does: `openTelemetry()` of `session-hub/traces`',
    more: '[docs/traces.md](traces.md)',
    shown: 'none',
    code: 'only',
    check: tracesOption,
  },
  limits: {
    text: 'requests per minute of the whole hub: `perAddress` and `perSession`, each for one site; `perSite`. `store` counts them for all processes together',
    more: 'See [scale](scale.md#rate-limits).',
    unit: 'requests per minute',
    code: 'also',
    default: {},
    shown: Object.values(defaultRateLimits).join(', '),
    check: limitsOption,
  },
  hubProcesses: {
    text: 'the number of processes in which this hub runs: each allows its share of `limits`',
    more: 'Without `limits.store`, each counts in its own memory, so a load balancer must spread the requests evenly. See [scale](scale.md#rate-limits).',
    default: 1,
    check: wholeNumber({ min: 1, max: 1000 }),
  },
  log: {
    text: 'receives structured entries, none of which holds a secret',
    shown: 'none',
    code: 'only',
    check: aFunction<Log>('Log'),
  },
  now: {
    text: 'the clock, for tests',
    unit: 'milliseconds since 1970',
    // The global clock is looked up at each call, because an application's tests may replace it.
    default: () => Date.now(),
    shown: '`Date.now`',
    code: 'only',
    check: aClock,
  },
} satisfies OptionRows
