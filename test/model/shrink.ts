/** The smallest part of a sequence that still fails: fewer steps, then plainer sites and rules. */
import type { Plan, Policy, Rules } from './plan.js'

const PLAIN_RULES: Rules = {
  merge: 'fill',
  conflict: 'keep-both',
  isSingle: false,
  most: null,
  evict: 'oldest',
  endAll: false,
}

const PLAIN_SITE: Policy = {
  isEnabled: true,
  group: '',
  claims: null,
  read: null,
  write: null,
  isPairwise: false,
  mayOffer: true,
  yields: false,
}

/** Takes the first simpler one that still fails, as long as there is one. */
export async function shrunk<Kind>(
  failing: Kind,
  simplerThan: (failing: Kind) => Iterable<Kind>,
  fails: (simpler: Kind) => Promise<boolean>,
): Promise<Kind> {
  let smallest = failing
  for (let before; before !== smallest;) {
    before = smallest
    for (const simpler of simplerThan(smallest))
      if (await fails(simpler)) {
        smallest = simpler
        break
      }
  }
  return smallest
}

/** Without its second half, its first, each quarter … each single step. */
export function* shorterThan<Step>(steps: readonly Step[]): Generator<readonly Step[]> {
  for (let size = steps.length >> 1; size >= 1; size >>= 1)
    for (let from = steps.length - size; from >= 0; from -= size)
      yield [...steps.slice(0, from), ...steps.slice(from + size)]
}

export function* simplerThan(plan: Plan): Generator<Plan> {
  const { steps, sites, rules } = plan
  for (const shorter of shorterThan(steps)) yield { ...plan, steps: shorter }
  for (const [name, value] of Object.entries<unknown>({ ...PLAIN_RULES }))
    if (rules[name as keyof Rules] !== value) yield { ...plan, rules: { ...rules, [name]: value } }
  for (const [index, site] of sites.entries())
    for (const [name, value] of Object.entries<unknown>({ ...PLAIN_SITE }))
      if (site[name as keyof Policy] !== value)
        yield { ...plan, sites: sites.with(index, { ...site, [name]: value }) }
}
