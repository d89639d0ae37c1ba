/** The options of a test hub, checked where they are given. */
import type { HubOptions, SiteRegistration } from '../../hub/index.js'
import { hubOptionNames } from '../../hub/options.js'
import { origin } from '../settings/checks.js'
import { type OptionRows, readOptions } from '../settings/option-rows.js'
import { refuseUnknown, wrong } from '../settings/refuse-unknown.js'
import { type Clock, createClock } from './clock.js'

/** The options that a test hub sets itself. */
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
  /**
   * The origins of the sites. Nothing needs to listen there.
   *
   * @default ['https://shop.example']
   */
  readonly sites?: readonly string[]
  /**
   * What the hub registers for each of them besides its keys, such as `{ mayImpersonate: true }`.
   *
   * @default none
   */
  readonly registration?: Omit<Partial<SiteRegistration>, 'origin' | 'app' | 'signingKeys' | 'ticketKeys'>
  /**
   * Options of `createHub` (docs/options.md), such as `merge` or `singleSession`; not `origin`, `keys`, `sites`, `findSite`,
   * `siteCacheSeconds`, `store`, `storeWaitSeconds`, `now`.
   *
   * @default none
   */
  readonly hub?: Omit<Partial<HubOptions>, (typeof OWN)[number]>
  /**
   * Your own clock, with `now()` and `advance(seconds)`.
   *
   * @default createClock()
   */
  readonly clock?: Clock
}

/** What a test may register for a site; the test hub sets the rest itself. */
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

const testableHubOptions = hubOptionNames.filter((name) => !OWN.some((own) => own === name))

type Registration = NonNullable<TestHubOptions['registration']>
type OwnHubOptions = NonNullable<TestHubOptions['hub']>

export const testHubRows = {
  sites: {
    text: 'the origins of the sites. Nothing needs to listen there',
    default: ['https://shop.example'],
    shown: "`['https://shop.example']`",
    check: {
      type: 'readonly string[]',
      read(at, name, given): readonly string[] {
        if (!Array.isArray(given) || given.length === 0)
          throw wrong(at, `"${name}" has to be a list of one origin or more`)
        return given.map((site) => origin(at, name, site))
      },
    },
  },
  registration: {
    text: 'what the hub registers for each of them besides its keys, such as `{ mayImpersonate: true }`',
    default: {},
    shown: 'none',
    check: {
      type: "Omit<Partial<SiteRegistration>, 'origin' | 'app' | 'signingKeys' | 'ticketKeys'>",
      read(at, name, given): Registration {
        refuseUnknown(`${at}: ${name}`, given, REGISTERED)
        return given as Registration
      },
    },
  },
  hub: {
    text: `options of [\`createHub\`](options.md#createhuboptions-from-session-hubhub), such as \`merge\` or \`singleSession\`; not ${OWN.map((name) => `\`${name}\``).join(', ')}`,
    default: {},
    shown: 'none',
    check: {
      type: 'Omit<Partial<HubOptions>, (typeof OWN)[number]>',
      read(at, name, given): OwnHubOptions {
        refuseUnknown(`${at}: ${name}`, given, testableHubOptions)
        return given as OwnHubOptions
      },
    },
  },
  clock: {
    text: 'your own clock, with `now()` and `advance(seconds)`',
    shown: '`createClock()`',
    check: {
      type: 'Clock',
      read(at, name, given): Clock {
        const { now, advance } = Object(given) as Partial<Clock>
        if (typeof now !== 'function' || typeof advance !== 'function')
          throw wrong(at, `"${name}" has to be a clock: createClock()`)
        return given as Clock
      },
    },
  },
} satisfies OptionRows

/** @throws SessionHubError `options_invalid` */
export function resolveTestHubOptions(options: TestHubOptions): Required<TestHubOptions> {
  const { clock = createClock(), ...settings } = readOptions('startTestHub', testHubRows, options)
  return { ...settings, clock }
}
