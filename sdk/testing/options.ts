/** The options of a test hub, checked where they are given. */
import type { HubOptions, SiteRegistration } from '../../hub/index.js'
import { hubOptionNames } from '../../hub/options.js'
import { origin } from '../settings/checks.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { type Clock, createClock } from './clock.js'

/** What a test hub decides itself. */
const OWN = [
  'origin',
  'keys',
  'sites',
  'findSite',
  'siteCacheSeconds',
  'store',
  'storeWaitSeconds',
  'now',
] as const

export interface TestHubOptions {
  /** The origins of the sites that share the session. @default `['https://shop.example']` */
  readonly sites?: readonly string[]
  /** What the hub has registered of each of them, such as `mayImpersonate`; their keys are made for this run. @default none */
  readonly registration?: Omit<Partial<SiteRegistration>, 'origin' | 'app' | 'signingKeys' | 'ticketKeys'>
  /** Options for the hub, such as `merge` or `singleSession`; it has an origin, keys, sites, a store and a clock of its own. @default none */
  readonly hub?: Omit<Partial<HubOptions>, (typeof OWN)[number]>
  /** The clock of the hub and its sites. @default `createClock()`: the present, standing still */
  readonly clock?: Clock
}

/** What may be said of a site here; `sites` and the run itself say the rest. */
const REGISTERED: readonly (keyof NonNullable<TestHubOptions['registration']>)[] = [
  'mayOffer',
  'mayImpersonate',
  'endpoint',
  'sisters',
  'group',
  'share',
  'pairwise',
  'enabled',
]

const where = 'startTestHub'

/** @throws SessionHubError `options_invalid` */
export function resolveTestHubOptions(options: TestHubOptions): Required<TestHubOptions> {
  refuseUnknown(where, options, ['sites', 'registration', 'hub', 'clock'])
  const { sites = ['https://shop.example'], registration = {}, hub = {}, clock = createClock() } = options
  if (!Array.isArray(sites) || sites.length === 0)
    throw wrong(where, '"sites" has to be a list of one origin or more')
  for (const site of sites) origin(where, 'sites', site)
  refuseUnknown(`${where}: registration`, registration, REGISTERED)
  const own: readonly string[] = OWN
  refuseUnknown(
    `${where}: hub`,
    hub,
    hubOptionNames.filter((name) => !own.includes(name)),
  )
  if (typeof clock.now !== 'function' || typeof clock.advance !== 'function')
    throw wrong(where, '"clock" has to be a clock: createClock()')
  return { sites, registration, hub, clock }
}
