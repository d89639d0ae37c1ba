/** The store's part of a hub process, in a process of its own: its CPU time is that of the store alone. `startStoreWorker` forks it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import pg from 'pg'
import { SessionHubError } from 'session-hub/hub'
import { postgresStore } from 'session-hub/hub/postgres'

import type { Held, Store } from '../../hub/stores/store.js'
import { held, newHandle, newSpend, sha256 } from '../support/records.js'
import { type Address, openAt } from '../support/store-address.js'

export type Work =
  /** What `/frame` and the redemption ask of the store, for a visitor who is new at the site. */
  'sync' | 'find' | 'redeem'

interface Order {
  readonly work: Work
  readonly times: number
  readonly atOnce: number
  /** Of sessions that are there already, `handle-<n>`; otherwise the worker makes some. */
  readonly of?: number
}

interface Worked {
  readonly ms: number
  readonly cpuMicros: number
  /** Of PostgreSQL: statements, and those of them that write. */
  readonly trips: number
  readonly writes: number
}

export interface StoreWorker {
  work(order: Order): Promise<Worked>
  stop(): Promise<void>
}

export async function startStoreWorker(address: Address): Promise<StoreWorker> {
  const child = fork(fileURLToPath(import.meta.url), ['worker'])
  await told(child, address)
  return {
    work: (order) => told(child, order) as Promise<Worked>,
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function told(child: ChildProcess, order: object): Promise<unknown> {
  const ended = new AbortController()
  const { signal } = ended
  const died = once(child, 'exit', { signal }).then(() => {
    throw new Error('A worker of the bench has ended; its error is above')
  })
  died.catch(() => 0)
  try {
    const answer = once(child, 'message', { signal })
    child.send(order)
    const [said] = (await Promise.race([answer, died])) as [unknown]
    return said
  } finally {
    ended.abort()
  }
}

const counts = { trips: 0, writes: 0 }

/** PostgreSQL's statements are counted where they leave. */
async function open(address: Address): Promise<Store> {
  if (address.kind !== 'postgres') return openAt(address)
  const pool = new pg.Pool({ connectionString: address.url, max: 10 })
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (statement: { name?: string }) => Promise<pg.QueryResult>
    Object.assign(client, {
      query(statement: { name?: string }) {
        counts.trips += 1
        counts.writes += Number(statement.name?.includes(' commit ') ?? false)
        return query(statement)
      },
    })
  })
  return postgresStore({ pool, schema: address.schema })
}

const MADE = 200

/** On a machine that does other things, too, the store's limits may be over before its server has had its turn. */
async function patiently<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act()
    } catch (thrown) {
      if (tries === 20 || !(thrown instanceof SessionHubError) || thrown.code !== 'unavailable') throw thrown
    }
  }
}

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit())
  const [address] = (await once(process, 'message')) as [Address]
  const store = await patiently(() => open(address))
  const made: Held[] = []
  while (made.length < MADE) made.push(await patiently(() => held(store)))
  const find = (at: number, of?: number) =>
    store.find(
      of === undefined ? made[at % MADE]!.handle.hash : sha256(`handle-${Math.floor(Math.random() * of)}`),
    )

  async function one(work: Work, at: number, of?: number): Promise<void> {
    const found = work === 'redeem' && of === undefined ? made[at % MADE]! : await find(at, of)
    if (!found) throw new Error('The store of the bench has lost a session')
    if (work === 'find') return
    const handle = newHandle(found.session)
    const trace = sha256(`trace ${handle.hash}`)
    await store.transact(
      { handles: [handle.hash, trace], session: found.session.id, spend: newSpend({ gave: handle.hash }) },
      ({ session, spentBefore }) => {
        if (!session || spentBefore) throw new Error('The store of the bench answers nonsense')
        return { changes: { handles: [handle] }, result: undefined }
      },
    )
  }
  process.on('message', ({ work, times, atOnce, of }: Order) => {
    const run = async () => {
      let next = 0
      const before = { ...counts }
      const cpu = process.cpuUsage()
      const beganMs = performance.now()
      const some = async () => {
        while (next < times) {
          const at = next++
          await patiently(() => one(work, at, of))
        }
      }
      await Promise.all(Array.from({ length: atOnce }, some))
      const { user, system } = process.cpuUsage(cpu)
      process.send?.({
        ms: performance.now() - beganMs,
        cpuMicros: user + system,
        trips: counts.trips - before.trips,
        writes: counts.writes - before.writes,
      } satisfies Worked)
    }
    void run()
  })
  process.send?.('open')
}

if (process.argv[2] === 'worker') await main()
