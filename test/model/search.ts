/** Looks for a sequence that the hub answers otherwise than it should, and makes it small. */
import { planOf } from './generate.js'
import type { Plan } from './plan.js'
import { describePlan, play } from './play.js'
import { shrunk, simplerThan } from './shrink.js'
import { withSqliteFile } from './sqlite-file.js'

/** Every so many sequences run on a database file. */
const SQLITE_EVERY = 20

/** What is wrong with the hub by this seed's sequence, in the smallest words; `undefined`: nothing. */
export async function search(seed: number): Promise<string | undefined> {
  const on = seed % SQLITE_EVERY === 0 ? playOnSqlite : play
  const plan = planOf(seed)
  if ((await on(plan)) === undefined) return undefined
  const smallest = await shrunk(plan, simplerThan, async (smaller) => (await on(smaller)) !== undefined)
  return `Seed ${seed}\n${describePlan(smallest)}\n${await on(smallest)}\nAs JSON: ${JSON.stringify(smallest)}`
}

const playOnSqlite = (plan: Plan): Promise<string | undefined> =>
  withSqliteFile((reopen) => play(plan, reopen))
