/** A sequence from a number: the same one each time. Common acts come often; what only an attacker does, and trouble, now and then. */
import { type Dice, diceFrom } from './dice.js'
import {
  type Act,
  type At,
  BROWSERS,
  CLAIMS,
  type Data,
  KEYS,
  type Plan,
  type Policy,
  type Rules,
  SITES,
  type Step,
  USERS,
  type Value,
} from './plan.js'

const MOST_SCENES = 9

export function planOf(seed: number): Plan {
  const dice = diceFrom(seed)
  const rules = rulesBy(dice)
  // Most sequences keep their registrations: the hub may remember those, which is far quicker.
  const mayRegister = dice.chance(0.06)
  return {
    rules,
    sites: Array.from({ length: SITES }, () => policyBy(dice)),
    steps: Array.from({ length: 2 + dice.below(MOST_SCENES - 1) }, () => sceneBy(dice, mayRegister)).flat(),
  }
}

function rulesBy(dice: Dice): Rules {
  return {
    merge: dice.one(['fill', 'winner', 'loser', 'by key']),
    conflict: dice.one(['keep-both', 'keep-both', 'hub', 'site']),
    isSingle: dice.chance(0.2),
    most: dice.chance(0.3) ? 2 : null,
    evict: dice.one(['oldest', 'refuse']),
    endAll: dice.chance(0.15),
  }
}

function policyBy(dice: Dice): Policy {
  const isBound = dice.chance(0.4)
  return {
    isEnabled: true,
    group: dice.chance(0.15) ? 'red' : '',
    claims: isBound && dice.chance(0.5) ? dice.some(CLAIMS) : null,
    read: isBound && dice.chance(0.5) ? dice.some(KEYS) : null,
    write: isBound ? dice.some(KEYS) : null,
    isPairwise: dice.chance(0.15),
    mayOffer: dice.chance(0.85),
    yields: dice.chance(0.1),
  }
}

/** How often each comes, beside the others. */
const WEIGHTS: Readonly<Record<Step['do'], number>> = {
  sync: 20,
  store: 8,
  'sign in': 6,
  visit: 2,
  clock: 5,
  'follow a link': 7,
  'sign out': 4,
  redirect: 6,
  'leave with a ticket': 2,
  redeem: 5,
  use: 6,
  offer: 5,
  'exchange again': 2,
  'opt out': 1,
  'opt in': 1,
  part: 2,
  'end others': 2,
  'end one other': 2,
  'register late': 2,
  restore: 3,
  'revoke all': 1,
  'revoke one': 1,
  crash: 2,
  sweep: 1,
  restart: 1,
  'rotate the site key': 1,
  register: 8,
}

const REGISTERS: readonly Step['do'][] = ['register', 'rotate the site key']
const kinds = Object.keys(WEIGHTS) as Step['do'][]
const bag = kinds.flatMap((kind) => Array<Step['do']>(WEIGHTS[kind]).fill(kind))
const fixedBag = bag.filter((kind) => !REGISTERS.includes(kind))

const ACTS: readonly Act[] = [
  'read',
  'update',
  'claims',
  'sign-in',
  'end',
  'part',
  'list',
  'end-other',
  'link',
]

/** Seconds, around what means something: clocks apart, a double submit, a ticket, a frame, the lives of sessions. */
const CLOCK_STEPS = [1, 3, 3, 6, 6, 29, 34, 36, 36, 100, 125, 125, 200, 590, 610, 910, -4, -10]

/** What belongs together, so that there is something to lose and to steal; or one act of any kind. */
function sceneBy(dice: Dice, mayRegister: boolean): Step[] {
  const at = placeBy(dice)
  const one = (kind: Step['do'], where = at) => stepBy(dice, kind, where)
  const elsewhere = { ...placeBy(dice), browser: at.browser }
  switch (dice.below(16)) {
    case 0:
    case 1:
      return [one('store'), one('sync')]
    case 2:
      return [one('sign in'), one('sync')]
    case 3:
      return [one('store'), one('sign in'), one('sync'), one('sync', elsewhere)]
    case 4:
      return [one('store'), one('sync', elsewhere), one('store', elsewhere), one('sync')]
    case 5:
      return [one('store'), one('follow a link')]
    case 6:
      return [
        ...[one('store', elsewhere), one('sync', elsewhere), one('leave with a ticket')],
        ...[...dice.some([one('clock')]), one('redeem'), ...dice.some([one('clock')]), one('redeem')],
      ]
    case 7:
      return [
        ...[one('store', elsewhere), one('sync', elsewhere), one('leave with a ticket')],
        ...[one('sign in'), one('redeem')],
      ]
    case 8:
      return [one('store'), one('sync'), one('clock'), one('exchange again')]
    case 9:
      return [
        ...[one('sign in'), one('sign in', { ...at, browser: (at.browser + 1) % BROWSERS })],
        one(dice.one(['sign out', 'end others', 'end one other', 'revoke all'])),
      ]
    case 10:
      return [one('store'), one('sync'), one('restore', elsewhere), one('sync', elsewhere)]
    case 11:
      return [one('sync'), one(dice.one(['exchange again', 'offer', 'use', 'use']))]
    default:
      return [one(dice.one(mayRegister ? bag : fixedBag))]
  }
}

/** The first browser and the first two sites meet themselves often. */
const placeBy = (dice: Dice): At => ({
  browser: dice.chance(0.8) ? 0 : dice.below(BROWSERS),
  site: dice.chance(0.75) ? dice.below(2) : dice.below(SITES),
})

function stepBy(dice: Dice, kind: Step['do'], at: At): Step {
  const { site } = at
  const user = dice.one(USERS)
  const old = dice.chance(0.7) ? dice.below(2) : dice.below(8)
  switch (kind) {
    case 'visit':
    case 'redirect':
    case 'opt out':
    case 'opt in':
    case 'part':
    case 'end others':
    case 'leave with a ticket':
      return { do: kind, ...at }
    case 'store': {
      const key = dice.one(KEYS)
      return { do: kind, ...at, key, value: dice.chance(0.12) ? null : valueBy(dice, key, at.browser) }
    }
    case 'sign in':
      return { do: kind, ...at, user, claims: claimsBy(dice) }
    case 'sign out':
      return { do: kind, ...at, everywhere: dice.chance(0.4) }
    case 'sync':
      return { do: kind, ...at, hasAccess: dice.chance(0.92), choice: choiceBy(dice) }
    case 'follow a link':
      return { do: kind, ...at, to: dice.below(SITES) }
    case 'end one other':
      return { do: kind, ...at, index: dice.below(3) }
    case 'register late':
      return { do: kind, ...at, user, ago: dice.one([0, 5, 400, 2000]), id: dice.below(3) }
    case 'restore':
      return { do: kind, ...at, what: dice.one(['site cookie', 'hub cookie']), old }
    case 'revoke all':
      return { do: kind, user }
    case 'revoke one':
      return { do: kind, user, index: dice.below(3) }
    case 'register':
      return { do: kind, site, policy: { ...policyBy(dice), isEnabled: dice.chance(0.75) } }
    case 'rotate the site key':
      return { do: kind, site }
    case 'sweep':
    case 'restart':
      return { do: kind }
    case 'clock':
      return { do: kind, seconds: dice.one(CLOCK_STEPS) }
    case 'crash':
      return { do: kind, when: dice.one(['before', 'after']) }
    case 'use':
      return { do: kind, handle: old, isForeign: dice.chance(0.3), act: dice.one(ACTS), user }
    case 'redeem':
      return {
        do: kind,
        ticket: dice.chance(0.7) ? 0 : dice.below(4),
        isForeign: dice.chance(0.1),
        isOtherJti: dice.chance(0.15),
        previous: dice.chance(0.7) ? old : null,
        isOthers: dice.chance(0.25),
        overrules: dice.chance(0.3),
        isOtherMode: dice.chance(0.1),
        twice: dice.chance(0.1),
      }
    case 'offer':
      return {
        do: kind,
        ...at,
        signer: dice.chance(0.75) ? site : dice.below(SITES),
        handle: old,
        isOldKey: dice.chance(0.15),
        isOtherNonce: dice.chance(0.2),
      }
    case 'exchange again':
      return { do: kind, browser: at.browser, old: dice.below(2) }
  }
}

const choiceBy = (dice: Dice) => (dice.chance(0.75) ? null : dice.one(['hub', 'site', 'news'] as const))

const claimsBy = (dice: Dice): Data =>
  Object.fromEntries(dice.some(CLAIMS).map((claim) => [claim, `${claim} ${dice.below(3)}`]))

/** Says in which browser it was stored. */
function valueBy(dice: Dice, key: string, browser: number): Value {
  if (key === 'count') return 1 + dice.below(9)
  const value = `${browser}.${dice.below(100)}`
  return key === 'cart' ? [value] : value
}
