/** Hub processes on one store, and callers that keep them busy while something breaks. */
import { generateHubKeys, generateSite } from 'session-hub/hub'

import { siteToken } from '../support/forge.js'
import { forkHub, type HubProcess } from '../support/hub-worker.js'
import type { Address } from '../support/store-address.js'
import { until } from '../support/until.js'
import { type Asking, askingAt, type Callers, startCallers, told } from './callers.js'
import { note } from './table.js'

export interface Scene {
  readonly hubs: HubProcess[]
  readonly callers: Callers
  /** Kills a process, and starts another in its place, with the right time. */
  replace(index: number): Promise<void>
  readonly ask: Asking
  /** Resolves when the callers were told this so often more. */
  refused(said: string, times: number): Promise<void>
  /** Ends the load, looks everything up, and writes the row. @returns how many acknowledged writes are gone */
  finish(row: { engine: string; fault: string; promised: string; more?: string }): Promise<number>
  close(): Promise<void>
}

interface SceneOptions {
  readonly processes?: number
  /** How far the clock of each process is off, in milliseconds. */
  readonly clocksMs?: readonly number[]
  readonly load?: { readonly callers: number; readonly pauseMs: number }
}

const HUB = 'http://hub.localhost:4000'
const SITE = 'https://shop.example'

export async function startScene(
  store: Address,
  { processes = 2, clocksMs = [], load }: SceneOptions = {},
): Promise<Scene> {
  const { keys, registration } = await generateSite(SITE)
  const task = {
    store,
    port: 0,
    origin: HUB,
    keys: generateHubKeys(),
    sites: [registration],
    rules: { limits: { perAddress: 1e6, perSession: 1e6, perSite: 1e6 } },
  }
  const start = (clockMs = 0) => forkHub({ ...task, clockMs })
  // One after another: the first one makes the tables.
  const hubs: HubProcess[] = []
  for (let index = 0; index < processes; index += 1) hubs.push(await start(clocksMs[index]))
  const world = { hub: { origin: HUB }, now: Date.now }
  const ask = askingAt(
    () => hubs.map(({ port }) => port),
    HUB,
    () => siteToken(world, { origin: SITE, keys }),
  )
  const callers = startCallers(ask, load)
  await callers.more(60)
  return {
    hubs,
    callers,
    ask,
    async replace(index) {
      await hubs[index]!.kill()
      hubs[index] = await start()
    },
    async refused(said, times) {
      const { refused } = callers.seen
      const wanted = (refused.get(said) ?? 0) + times
      await until(() => (refused.get(said) ?? 0) >= wanted)
    },
    async finish({ engine, fault, promised, more }) {
      await callers.stop()
      const lost = await callers.lost()
      note({
        engine,
        fault,
        promised,
        answered: callers.seen.answered,
        lost,
        callers: told(callers.seen) + (more ? `; ${more}` : ''),
      })
      return lost
    },
    async close() {
      await callers.stop()
      for (const hub of hubs) await hub.kill()
    },
  }
}
