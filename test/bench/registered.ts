/**
 * What ten thousand registered sites cost a hub at its start, each with keys of its own. Forked, this file is that hub: the registrations are
 * made before the clock runs.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'

import { type Row, spreadRow } from './row.js'
import { spreadOf } from './spread.js'

const SITES = 10_000
const STARTS = 5

interface Start {
  readonly ms: number
  readonly bytes: number
}

export async function registered(): Promise<Row[]> {
  const starts: Start[] = []
  for (let round = 0; round < STARTS; round += 1) {
    const self = fileURLToPath(import.meta.url)
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', self, 'start'])
    starts.push(JSON.parse(stdout) as Start)
  }
  return [
    spreadRow(spreadOf(starts.map(({ ms }) => ms)), {
      what: `start of a hub with ${SITES.toLocaleString('en')} registered sites`,
      unit: 'ms',
      target: { atMost: 300 },
      note: 'CPU time of createHub alone, on a store in memory. Each site has keys of its own.',
    }),
    spreadRow(spreadOf(starts.map(({ bytes }) => bytes / 2 ** 20)), {
      what: 'what they hold in memory',
      unit: 'MiB',
      target: { atMost: 20 },
      note: 'Heap and buffers after garbage collection, beside the registrations themselves.',
    }),
  ]
}

async function start(): Promise<Start> {
  const sites = []
  for (let site = 0; site < SITES; site += 1)
    sites.push((await generateSite(`https://shop-${site}.example`)).registration)
  const keys = generateHubKeys()
  const before = held()
  const began = process.cpuUsage()
  const hub = await createHub({ origin: 'https://hub.example', keys, sites, store: memoryStore() })
  const { user, system } = process.cpuUsage(began)
  const ms = (user + system) / 1000
  const bytes = held() - before
  await hub.close()
  return { ms, bytes }
}

function held(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

if (process.argv[2] === 'start') process.stdout.write(JSON.stringify(await start()))
