/** `npm run test:soak`: ten minutes at a steady load, with a restart of the server in the middle. What grows, what is lost, and how long answers take. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { expect } from 'chai'

import { startScene } from '../faults/scene.js'
import { startPostgres } from '../support/postgres.js'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10)
const EVERY_MS = 5000
/** Steady: a caller waits after each answer, and there are so many. */
const LOAD = { callers: 8, pauseMs: 100 }
/** A heap breathes; what leaks goes on growing. */
const MOST_GROWTH = 1.15

interface Look {
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
        looks.push(scene.hubs.map(({ pid }) => look(pid)))
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
        megabytes: [least(0.25, 0.5, hub, 'megabytes'), least(0.75, 1, hub, 'megabytes')] as const,
        descriptors: [least(0.25, 0.5, hub, 'descriptors'), least(0.75, 1, hub, 'descriptors')] as const,
      }))
      const told = grown.map(({ megabytes, descriptors }) => {
        const [from, to] = megabytes.map((figure) => figure.toFixed(0))
        return `${from} to ${to} MB and ${descriptors.join(' to ')} descriptors`
      })
      const lost = await scene.finish({
        engine: 'PostgreSQL',
        fault: `${MINUTES} minutes at a steady load, restarted in the middle`,
        promised: 'nothing lost; no growth',
        more: `${rate} acts a second; p50 ${p(0.5)} ms, p99 ${p(0.99)} ms; second quarter against last, each hub: ${told.join(', ')}`,
      })
      expect(lost).to.equal(0)
      for (const { megabytes, descriptors } of grown) {
        expect(megabytes[1] / megabytes[0], 'memory').to.be.at.most(MOST_GROWTH)
        expect(descriptors[1], 'descriptors').to.be.at.most(descriptors[0] + 4)
      }
    } finally {
      await scene.close()
      await postgres.kill()
    }
  })
})

/** What the system has given a process. Linux alone. */
function look(pid: number): Look {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { megabytes: Number(kilobytes) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}
