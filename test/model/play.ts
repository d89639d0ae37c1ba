/** Plays a sequence on the real hub and on the reference, and looks after each step at everything there is. */
import { isDeepStrictEqual } from 'node:util'

import type { Store } from 'session-hub/hub'

import type { Truth } from './hub-side.js'
import { Journey } from './journey.js'
import { Difference, Pair } from './pair.js'
import { type Plan, SITES, type Step } from './plan.js'
import { ReferenceHub } from './reference-hub.js'
import { newWorld, START } from './settings.js'
import { wireHub } from './wire-hub.js'

/**
 * @param reopen as for `wireHub`
 * @returns what went wrong, or `undefined`
 */
export async function play(plan: Plan, reopen?: () => Store): Promise<string | undefined> {
  newWorld()
  const hub = new Pair(new ReferenceHub(plan, START), await wireHub(plan, reopen))
  const journey = new Journey(plan, hub)
  let at = 'the beginning'
  try {
    let before = new Map<string, Truth>()
    for (const [index, step] of plan.steps.entries()) {
      at = `step ${index}, ${step.do}`
      await journey.take(step)
      const after = await lookAround(hub, journey)
      holdToPolicy(journey, step, before, after)
      before = after
    }
    at = 'the end'
    await tryEveryHandle(hub, journey)
    return undefined
  } catch (error) {
    if (error instanceof Difference) return `At ${at}: ${error.message}`
    throw error
  }
}

/** Every session that a handle stands for, with all that it holds: what no site's policy hides. */
async function lookAround(hub: Pair, { handles }: Journey): Promise<Map<string, Truth>> {
  const sessions = new Map<string, Truth>()
  for (const { handle } of handles) {
    const truth = await hub.truth(handle)
    if (truth) sessions.set(truth.id, truth)
  }
  return sessions
}

/** R37, by itself: whatever a step at a site was, no session has changed in a key that this site may not write. */
function holdToPolicy(
  journey: Journey,
  step: Step,
  before: ReadonlyMap<string, Truth>,
  after: ReadonlyMap<string, Truth>,
): void {
  const site = journey.actingIn(step)
  const writable = site === undefined ? null : journey.writableAt(site)
  if (writable === null) return
  for (const [id, { data }] of after) {
    const was = before.get(id)?.data ?? {}
    for (const key of before.has(id) ? Object.keys(data) : [])
      if (!writable.includes(key) && !isDeepStrictEqual(data[key], was[key]))
        throw new Difference(`site ${site} has changed "${key}" of ${id}, which it may not write`)
  }
}

/** A handle opens its session to its own site and to no other; and one that is dead opens nothing. */
async function tryEveryHandle(hub: Pair, { handles }: Journey): Promise<void> {
  for (const { handle, site } of handles) {
    if (site !== null) await hub.act(site, 'read', { handle })
    await hub.act(((site ?? 0) + 1) % SITES, 'read', { handle })
  }
}

export const describePlan = ({ rules, sites, steps }: Plan): string =>
  [
    `rules ${JSON.stringify(rules)}`,
    ...sites.map((site, index) => `site ${index} ${JSON.stringify(site)}`),
    ...steps.map((step: Step) => JSON.stringify(step)),
  ].join('\n')
