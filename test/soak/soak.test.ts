/** `npm run test:soak`: ten minutes at a steady load, with a restart of the server in the middle. What grows, what is lost, and how long answers take. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'

import { startScene } from '../faults/scene.js'
import type { HubProcess } from '../support/hub-worker.js'
import { startPostgres } from '../support/postgres.js'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10)
const EVERY_MS = 5000
/** Steady: a caller waits after each answer, and there are so many. */
const LOAD = { callers: 8, pauseMs: 100 }
/** Not at each look: a collection holds up what is being answered. */
const COLLECT_EVERY = 6
/** A heap breathes; what leaks goes on growing. */
const MOST_GROWTH = 1.15

interface Look {
  /** After a collection, or Infinity where there was none: what the system has given a process also holds garbage that V8 has not been asked to collect. */
  readonly heap: number
  /** What the system has given the process. */
  readonly megabytes: number
  readonly descriptors: number
}

describe('hubs on PostgreSQL', () => {
  it(`grow in nothing and lose nothing in ${MINUTES} minutes`, async () => {
    const postgres = await startPostgres()
    const scene = await startScene({ kind: 'postgres', url: postgres.url, schema: 'hub' }, { load: LOAD })
    try {
      const looks: (readonly Look[])[] = []
      const beganMs = performance.now()
      const total = Math.ceil((MINUTES * 60_000) / EVERY_MS)
      for (let at = 0; at < total; at += 1) {
        if (at === Math.floor(total / 2)) await postgres.restart()
        await delay(EVERY_MS)
        looks.push(await Promise.all(scene.hubs.map((hub) => look(hub, at % COLLECT_EVERY === 0))))
      }
      const { latenciesMs } = scene.callers
      const seconds = (performance.now() - beganMs) / 1000
      const sorted = [...latenciesMs].sort((a, b) => a - b)
      const p = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(0)
      const rate = (latenciesMs.length / seconds).toFixed(0)
      // Past the first minutes, in which the heap finds its size: the middle against the end.
      const least = (from: number, to: number, hub: number, what: keyof Look) =>
        Math.min(
          ...looks.slice(Math.floor(total * from), Math.floor(total * to)).map((all) => all[hub]![what]),
        )
      const grown = scene.hubs.map((_, hub) => ({
        heap: [least(0.25, 0.5, hub, 'heap'), least(0.75, 1, hub, 'heap')] as const,
        megabytes: [least(0.25, 0.5, hub, 'megabytes'), least(0.75, 1, hub, 'megabytes')] as const,
        descriptors: [least(0.25, 0.5, hub, 'descriptors'), least(0.75, 1, hub, 'descriptors')] as const,
      }))
      const span = (figures: readonly number[]) => figures.map((figure) => figure.toFixed(0)).join(' to ')
      const told = grown.map(
        ({ heap, megabytes, descriptors }) =>
          `${span(heap)} MB in use, ${span(megabytes)} MB from the system, ${span(descriptors)} descriptors`,
      )
      const lost = await scene.finish({
        engine: 'PostgreSQL',
        fault: `${MINUTES} minutes at a steady load, restarted in the middle`,
        promised: 'nothing lost; no growth',
        more: `${rate} acts a second; p50 ${p(0.5)} ms, p99 ${p(0.99)} ms; second quarter against last, each hub: ${told.join(', ')}`,
      })
      expect(lost).to.equal(0)
      for (const { heap, descriptors } of grown) {
        expect(heap[1] / heap[0], 'memory').to.be.at.most(MOST_GROWTH)
        expect(descriptors[1], 'descriptors').to.be.at.most(descriptors[0] + 4)
      }
    } finally {
      await scene.close()
      await postgres.kill()
    }
  })
})

/** What the system has given a process. Linux alone. */
async function look(hub: HubProcess, isCollecting: boolean): Promise<Look> {
  const { pid } = hub
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const descriptors = readdirSync(`/proc/${pid}/fd`).length
  return {
    heap: isCollecting ? await hub.heapMegabytes() : Infinity,
    megabytes: Number(kilobytes) / 1024,
    descriptors,
  }
}
