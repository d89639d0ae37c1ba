/** Looks for a sequence of visitors in which something goes wrong, and makes it small. */
import { shorterThan, shrunk } from '../shrink.js'
import { planOf } from './generate.js'
import type { Plan } from './plan.js'
import { play } from './play.js'
import type { World } from './world.js'

/** What is wrong by this seed's sequence, in the smallest words; `undefined`: nothing. */
export async function search(world: World, seed: number): Promise<string | undefined> {
  const plan = planOf(seed)
  const first = await play(world, plan)
  if (first === undefined) return undefined
  const smallest = await shrunk(
    plan,
    simplerThan,
    async (smaller) => (await play(world, smaller)) !== undefined,
  )
  const steps = smallest.steps.map((step) => JSON.stringify(step))
  const head = `Seed ${seed}, conflict ${smallest.conflict}`
  // What goes wrong only now and then may not do so again: the first complaint is of the whole sequence.
  const last = (await play(world, smallest)) ?? 'Nothing this time'
  return [`${head}: ${first}`, ...steps, last, `As JSON: ${JSON.stringify(smallest)}`].join('\n')
}

function* simplerThan(plan: Plan): Generator<Plan> {
  for (const steps of shorterThan(plan.steps)) yield { ...plan, steps }
  if (plan.conflict !== 'keep-both') yield { ...plan, conflict: 'keep-both' }
}
