/** Checks of the hub's options that are more than a number or a choice. */
import { isJsonObject } from '../sdk/protocol/json.js'
import { callable, flag, oneOf, whole } from '../sdk/settings/checks.js'
import type { Check } from '../sdk/settings/option-rows.js'
import { refuseUnknown, wrong } from '../sdk/settings/refuse-unknown.js'
import { resolveAdmin } from './admin/options.js'
import { resolveCompanySignOut } from './company/options.js'
import type { ConflictRule, HubRules, Lifetime, Merge } from './flows/context.js'
import type { ConflictPolicy } from './flows/decision.js'
import { keyMergeNames, mergeByKeys, mergeByName, mergeNames } from './flows/merge-rules.js'
import type { HubKeys } from './keys/hub-keys.js'
import type { HubMeter } from './meter.js'
import { defaultRateLimits, type RateLimitOptions, type RateLimits } from './routes/limits.js'
import type { SiteRegistration } from './sites/site.js'
import type { Store } from './stores/store.js'

export const keysOption: Check<HubKeys> = {
  type: 'HubKeys',
  read(where, name, given) {
    if (!isJsonObject(given)) throw wrong(where, `"${name}" is missing; "session-hub keys" makes them`)
    return given as unknown as HubKeys
  },
}

export const sitesOption: Check<readonly SiteRegistration[]> = {
  type: 'readonly SiteRegistration[]',
  read(where, name, given) {
    if (!Array.isArray(given)) throw wrong(where, `"${name}" has to be a list`)
    return given as readonly SiteRegistration[]
  },
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

export const storeOption: Check<Store | (() => Promise<Store>)> = {
  type: 'Store | (() => Promise<Store>)',
  read(where, name, given) {
    if (typeof given === 'function' || isStore(given)) return given as Store | (() => Promise<Store>)
    throw wrong(
      where,
      `"${name}" has to be a store: sqliteStore("sessions.sqlite"), memoryStore(), your own, or a function that opens one`,
    )
  },
}

const isStore = (given: unknown): boolean =>
  typeof given === 'object' &&
  given !== null &&
  METHODS.every((name) => typeof Reflect.get(given, name) === 'function')

/** A flag, or the application's own rule. */
export const ruleOption = <Rule extends (...asked: never[]) => unknown>(type: string): Check<Rule> => ({
  type,
  read: (where, name, given) =>
    (typeof given === 'function' ? given : always(flag(where, name, given))) as Rule,
})

const always = (answer: boolean) => () => answer

const conflictPolicies = ['keep-both', 'hub', 'site'] as const

export const conflictOption: Check<ConflictPolicy | ConflictRule> = {
  type: 'ConflictPolicy | ConflictRule',
  read: (where, name, given) =>
    typeof given === 'function' ? (given as ConflictRule) : oneOf(where, name, given, conflictPolicies),
}

export const mergeOption: Check<Merge> = {
  type: 'Merge | MergeName | MergeByKeys',
  read(where, name, given) {
    if (typeof given === 'function') return given as Merge
    if (!isJsonObject(given)) return mergeByName(oneOf(where, name, given, mergeNames))
    const at = `${where}: ${name}`
    refuseUnknown(at, given, ['default', 'keys'])
    const { default: others = 'fill', keys = {} } = given
    if (!isJsonObject(keys)) throw wrong(at, '"keys" has to be an object such as { "cart": "union" }')
    return mergeByKeys({
      default: oneOf(at, 'default', others, mergeNames),
      keys: Object.fromEntries(
        Object.entries(keys).map(([key, rule]) => [key, oneOf(`${at}: keys`, key, rule, keyMergeNames)]),
      ),
    })
  },
}

const DAY = 86_400
export const lifetimeBounds = { min: 60, max: 400 * DAY }

export const lifetimesOption: Check<HubRules['lifetimes']> = {
  type: '{ readonly anonymous?: Partial<Lifetime>; readonly signedIn?: Partial<Lifetime> }',
  read(where, name, given) {
    const at = `${where}: ${name}`
    if (!isJsonObject(given))
      throw wrong(where, `"${name}" has to be an object with "anonymous" and "signedIn"`)
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
  },
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

export const limitsOption: Check<RateLimits & Pick<RateLimitOptions, 'store'>> = {
  type: 'RateLimitOptions',
  read(where, name, given) {
    const at = `${where}: ${name}`
    refuseUnknown(at, given, [...Object.keys(defaultRateLimits), 'store'])
    const limits = given as RateLimitOptions
    const rate = (one: keyof RateLimits) =>
      whole(at, one, limits[one] ?? defaultRateLimits[one], { min: 1, max: 1e9 })
    const { store } = limits
    return {
      perAddress: rate('perAddress'),
      perSession: rate('perSession'),
      perSite: rate('perSite'),
      ...(store !== undefined && { store: callable(at, 'store', store) }),
    }
  },
}

export const adminOption: Check<ReturnType<typeof resolveAdmin>> = {
  type: 'AdminOptions',
  read: (where, name, given) => resolveAdmin(`${where}: ${name}`, given),
}

export const companySignOutOption: Check<ReturnType<typeof resolveCompanySignOut>> = {
  type: 'CompanySignOutOptions',
  read: (where, name, given) => resolveCompanySignOut(`${where}: ${name}`, given),
}

const METERS = ['requested', 'synced', 'redeemed', 'refused', 'storeAsked', 'streams', 'live'] as const

export const metricsOption: Check<HubMeter> = {
  type: 'HubMeter',
  read(where, name, given) {
    if (
      isObject(given) &&
      METERS.every((method) => typeof (given as Partial<HubMeter>)[method] === 'function')
    )
      return given as HubMeter
    throw wrong(where, `"${name}" has to be what hubMetrics() of session-hub/hub/metrics returns`)
  },
}

const isObject = (given: unknown): given is object => typeof given === 'object' && given !== null
