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

export async function shrunk(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan
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

function* simplerThan(plan: Plan): Generator<Plan> {
  const { steps, sites, rules } = plan
  for (let size = steps.length >> 1; size >= 1; size >>= 1)
    for (let from = steps.length - size; from >= 0; from -= size)
      yield { ...plan, steps: [...steps.slice(0, from), ...steps.slice(from + size)] }
  for (const [name, value] of Object.entries<unknown>({ ...PLAIN_RULES }))
    if (rules[name as keyof Rules] !== value) yield { ...plan, rules: { ...rules, [name]: value } }
  for (const [index, site] of sites.entries())
    for (const [name, value] of Object.entries<unknown>({ ...PLAIN_SITE }))
      if (site[name as keyof Policy] !== value)
        yield { ...plan, sites: sites.with(index, { ...site, [name]: value }) }
}
