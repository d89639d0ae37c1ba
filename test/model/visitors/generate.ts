/** A sequence from a number: the same one each time. */
import { type Dice, diceFrom } from '../dice.js'
import { type Act, type At, BROWSERS, type Plan, PROCESSES, SITES, type Step, USERS } from './plan.js'

const MOST_SCENES = 8

export function planOf(seed: number): Plan {
  const dice = diceFrom(seed)
  return {
    conflict: dice.one(['keep-both', 'keep-both', 'hub', 'site']),
    steps: Array.from({ length: 2 + dice.below(MOST_SCENES - 1) }, () => sceneBy(dice)).flat(),
  }
}

/** What belongs together, so that there is something to lose; or one step of any kind. */
function sceneBy(dice: Dice): Step[] {
  const at = placeBy(dice)
  const here = () => ({ ...at, process: dice.below(PROCESSES) })
  const there = () => ({ ...placeBy(dice), browser: at.browser })
  switch (dice.below(16)) {
    case 0:
      return [act(here(), storing(dice)), syncBy(dice, here()), syncBy(dice, there())]
    case 1:
      return [act(here(), storing(dice)), act(here(), signingIn(dice)), { do: 'visit', ...here() }]
    case 2:
      return [
        act(here(), signingIn(dice)),
        syncBy(dice, here()),
        syncBy(dice, there()),
        { do: 'visit', ...there() },
      ]
    case 3:
      return [act(here(), storing(dice)), lateBy(dice, here()), { do: 'visit', ...here() }]
    case 4:
      return [act(here(), storing(dice)), twiceBy(dice, here()), { do: 'visit', ...here() }]
    case 5:
      return [
        act(here(), storing(dice)),
        { do: 'hub goes' },
        act(here(), dice.one([signingIn(dice), { do: 'sign out', everywhere: false }])),
        ...dice.some([act(here(), actBy(dice)), clockBy(dice)]),
        { do: 'hub comes' },
        act(here(), actBy(dice)),
      ]
    case 6:
      return [act(here(), { do: 'sign out', everywhere: dice.chance(0.4) }), { do: 'visit', ...there() }]
    case 7: {
      // A renewed token, and one of before, of a session that ends.
      const user = dice.one(USERS)
      return [
        act(here(), { do: 'sign in', user }),
        ...dice.some([syncBy(dice, here()), syncBy(dice, there())]),
        { do: 'clock', seconds: dice.one([155, 160, 240]) },
        { do: 'visit', ...here() },
        dice.one<Step>([
          { do: 'revoke', user },
          act(here(), { do: 'sign out', everywhere: false }),
          act(there(), { do: 'sign out', everywhere: true }),
        ]),
        { do: 'visit', ...here() },
      ]
    }
    case 8:
    case 9: {
      const attacker = { ...here(), browser: 1 - at.browser }
      return [
        act(attacker, dice.one([signingIn(dice), storing(dice)])),
        ...dice.some([act(here(), actBy(dice))]),
        syncBy(dice, attacker),
        // Not always at the site from which it comes.
        attackBy(dice, dice.chance(0.5) ? here() : there()),
      ]
    }
    default:
      return [stepBy(dice, here())]
  }
}

/** The first browser and the first site meet themselves often. */
const placeBy = (dice: Dice): At => ({
  browser: dice.chance(0.75) ? 0 : dice.below(BROWSERS),
  site: dice.chance(0.5) ? 0 : dice.below(SITES),
  process: dice.below(PROCESSES),
})

const act = (at: At, what: Act): Act & At => ({ ...what, ...at })
const storing = (dice: Dice): Act => ({ do: 'store', by: dice.one(['patch', 'function']) })
const signingIn = (dice: Dice): Act => ({ do: 'sign in', user: dice.one(USERS) })

function actBy(dice: Dice): Act {
  switch (dice.below(6)) {
    case 0:
    case 1:
      return { do: 'visit' }
    case 2:
    case 3:
      return storing(dice)
    case 4:
      return signingIn(dice)
    default:
      return { do: 'sign out', everywhere: dice.chance(0.3) }
  }
}

const syncBy = (dice: Dice, at: At): Step => ({
  do: 'sync',
  ...at,
  redeemAt: dice.below(PROCESSES),
  choice: dice.chance(0.8) ? null : dice.one(['hub', 'site']),
})

const lateBy = (dice: Dice, at: At): Step => ({
  do: 'late',
  ...at,
  slow: dice.chance(0.75) ? 'request' : 'answer',
  act: dice.chance(0.6) ? dice.one([{ do: 'visit' }, storing(dice)]) : actBy(dice),
  then: act({ ...at, process: dice.below(PROCESSES) }, dice.chance(0.6) ? signingIn(dice) : actBy(dice)),
})

function twiceBy(dice: Dice, at: At): Step {
  const first = actBy(dice)
  const second = dice.chance(0.5) ? first : actBy(dice)
  return { do: 'twice', ...at, acts: [first, second], other: dice.below(PROCESSES) }
}

const attackBy = (dice: Dice, at: At): Step => ({
  do: 'attack',
  ...at,
  way: dice.one(['other page', 'other verifier', 'form', 'callback']),
  from: dice.chance(0.6) ? at.site : dice.below(SITES),
})

/** Around what means something: a ticket's life, half of a token's and all of it, a trace, the grace, the lives of sessions. */
const CLOCK_STEPS = [3, 29, 36, 61, 160, 160, 160, 240, 310, 610, 910, 1810]

const clockBy = (dice: Dice): Step => ({ do: 'clock', seconds: dice.one(CLOCK_STEPS) })

function stepBy(dice: Dice, at: At): Step {
  switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:
      return syncBy(dice, at)
    case 3:
    case 4:
      return clockBy(dice)
    case 5:
      return lateBy(dice, at)
    case 6:
      return twiceBy(dice, at)
    case 7:
      return attackBy(dice, at)
    case 8:
      return { do: 'follow a link', ...at, to: dice.below(SITES) }
    case 9:
      return { do: 'redirect', ...at }
    case 10:
      return { do: dice.one(['opt out', 'opt in']), ...at }
    case 11:
      return { do: 'revoke', user: dice.one(USERS) }
    case 12:
      return { do: 'skew', site: at.site, seconds: dice.one([-10, -4, 0, 4]) }
    case 13:
      return { do: dice.one(['hub goes', 'hub comes', 'hub comes']) }
    default:
      return act(at, actBy(dice))
  }
}
