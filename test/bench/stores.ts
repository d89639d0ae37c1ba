/** What a sync costs each engine, in the hub's process and in the server's; and what many sessions change. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { newEnding, newHandle, newSession, newSubject, NOW_MS, write } from '../support/records.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'
import { type Address, openAt } from '../support/store-address.js'
import { compared } from './cpu.js'
import { cpuMicrosOf } from './processes.js'
import { type Group, type Row, spreadRow } from './row.js'
import { spreadOf } from './spread.js'
import { startStoreWorker, type StoreWorker, type Work } from './store-worker.js'

const ROUNDS = 9
const SYNCS = 600
const AT_ONCE = 8
const FEW = 200
const HANDLES = 3

interface Engine {
  readonly name: string
  readonly address: Address
  readonly pid?: number
  readonly stop: () => unknown
}

export const stores: Group = {
  name: 'stores',
  isSeldom: true,
  async measure({ sessions }) {
    const postgres = await startPostgres({ shared_buffers: '512MB', max_wal_size: '4GB' })
    const engines = [openSqlite(), ofPostgres(postgres, 'hub'), await openRedis()]
    const rows: Row[] = []
    try {
      rows.push(...(await syncs(engines)))
      rows.push(...(await atSize(postgres, sessions)))
      rows.push(...(await ending(postgres)))
      rows.push(await bytesInSqlite(), await bytesInRedis())
    } finally {
      for (const { stop } of engines) await stop()
      await postgres.kill()
    }
    return rows
  },
}

function openSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-bench-'))
  const stop = () => {
    rmSync(folder, { recursive: true })
  }
  const address = { kind: 'sqlite', path: join(folder, 'hub.sqlite') } as const
  return { name: 'SQLite', address, stop }
}

const ofPostgres = ({ url, folder }: Postgres, schema: string): Engine => ({
  name: 'PostgreSQL',
  address: { kind: 'postgres', url, schema },
  pid: Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]),
  stop: () => undefined,
})

async function openRedis(): Promise<Engine> {
  const redis = await startRedis({ appendfsync: 'always' })
  const info = String(await redis.command('INFO', 'server'))
  return {
    name: 'Redis',
    address: { kind: 'redis', url: redis.url, prefix: 'hub' },
    pid: Number(/process_id:(\d+)/.exec(info)?.[1]),
    stop: () => redis.kill(),
  }
}

/** CPU time of one piece, of the worker and of its server. */
async function costOf(worker: StoreWorker, work: Work, times: number, pid?: number, of?: number) {
  const before = pid === undefined ? 0 : cpuMicrosOf(pid)
  const worked = await worker.work({ work, times, atOnce: AT_ONCE, ...(of !== undefined && { of }) })
  const server = pid === undefined ? 0 : cpuMicrosOf(pid) - before
  const hub = worked.cpuMicros / times
  return { ...worked, hub, server: server / times, both: hub + server / times }
}

async function syncs(engines: readonly Engine[]): Promise<Row[]> {
  const figures = engines.map(() => ({
    hub: [] as number[],
    server: [] as number[],
    both: [] as number[],
    rate: [] as number[],
    rateOfTwo: [] as number[],
    trips: 0,
    writes: 0,
  }))
  const workers: (readonly [StoreWorker, StoreWorker])[] = []
  for (const { address } of engines)
    workers.push([await startStoreWorker(address), await startStoreWorker(address)])
  // In turns, so that whatever slows the machine down slows down all of them.
  for (let round = -2; round < ROUNDS; round += 1)
    for (const [at, { pid }] of engines.entries()) {
      const [one, two] = workers[at]!
      const cost = await costOf(one, 'sync', SYNCS, pid)
      const order = { work: 'sync', times: SYNCS, atOnce: AT_ONCE } as const
      const both = await Promise.all([one.work(order), two.work(order)])
      if (round < 0) continue
      const figure = figures[at]!
      figure.hub.push(cost.hub)
      figure.server.push(cost.server)
      figure.both.push(cost.both)
      figure.rate.push((SYNCS / cost.ms) * 1000)
      figure.rateOfTwo.push(((2 * SYNCS) / Math.max(...both.map(({ ms }) => ms))) * 1000)
      figure.trips = cost.trips / SYNCS
      figure.writes = cost.writes / SYNCS
    }
  for (const pair of workers) for (const worker of pair) await worker.stop()

  return engines.flatMap(({ name, pid }, at): Row[] => {
    const { hub, server, both, rate, rateOfTwo, trips, writes } = figures[at]!
    const isPostgres = name === 'PostgreSQL'
    return [
      spreadRow(spreadOf(both), {
        what: `${name}: CPU time of the store in a sync, hub and server`,
        unit: 'us',
        ...(isPostgres && { target: { atMost: 1600 } }),
        ...(at === 0 && {
          note: 'The reading of /frame and the transaction of the redemption, eight at a time, in turns with the other engines.',
        }),
      }),
      ...(pid === undefined
        ? []
        : [
            spreadRow(spreadOf(hub), { what: `${name}: of that, in the hub`, unit: 'us' }),
            spreadRow(spreadOf(server), { what: `${name}: of that, in the server`, unit: 'us' }),
          ]),
      ...(isPostgres
        ? [
            { what: `${name}: round trips of a sync`, figure: trips, unit: '', target: { atMost: 3 } },
            { what: `${name}: writes of a sync`, figure: writes, unit: '', target: { atMost: 1 } },
          ]
        : []),
      spreadRow(spreadOf(rate), { what: `${name}: syncs of one hub process`, unit: '/s' }),
      spreadRow(spreadOf(rateOfTwo), { what: `${name}: syncs of two hub processes together`, unit: '/s' }),
    ]
  })
}

async function atSize(postgres: Postgres, sessions: number): Promise<Row[]> {
  const empty = ofPostgres(postgres, 'empty')
  const many = ofPostgres(postgres, 'many')
  const workers = [await startStoreWorker(empty.address), await startStoreWorker(many.address)] as const
  await fill(postgres, 'empty', FEW)
  await fill(postgres, 'many', sessions)
  // Before the redemptions, which give some sessions more handles.
  const { rows } = await postgres.query(
    `SELECT pg_total_relation_size('many.session') AS session, pg_total_relation_size('many.handle') AS handle,
      pg_total_relation_size('many.subject') AS subject`,
  )
  const bytes = ['session', 'handle', 'subject'].map((table) => Number(rows[0]![table]) / sessions)
  const figures = { find: [[], []] as number[][], redeem: [[], []] as number[][] }
  for (let round = -2; round < ROUNDS; round += 1)
    for (const [at, worker] of workers.entries()) {
      const of = at === 0 ? FEW : sessions
      const find = await costOf(worker, 'find', 2000, empty.pid, of)
      const redeem = await costOf(worker, 'redeem', 400, empty.pid, of)
      if (round < 0) continue
      figures.find[at]!.push(find.both)
      figures.redeem[at]!.push(redeem.both)
    }
  for (const worker of workers) await worker.stop()
  const ratio = (a: number, b: number) => a / b
  const count = sessions.toLocaleString('en-GB')
  return [
    spreadRow(compared(figures.find[1]!, figures.find[0]!, ratio), {
      what: `PostgreSQL: find among ${count} sessions, against ${FEW}`,
      unit: 'of that',
      target: { atMost: 1.3 },
      note: 'CPU time of hub and server; the sessions are chosen at random among all. Three handles for each session, a third of them signed in.',
    }),
    spreadRow(compared(figures.redeem[1]!, figures.redeem[0]!, ratio), {
      what: `PostgreSQL: find and redeem among ${count} sessions, against ${FEW}`,
      unit: 'of that',
      target: { atMost: 1.3 },
    }),
    {
      what: 'PostgreSQL: bytes of a session with three handles, indexes included',
      figure: bytes.reduce((a, b) => a + b, 0),
      unit: 'bytes',
      target: { atMost: 1200 },
      note: `Session ${bytes[0]!.toFixed(0)}, handles ${bytes[1]!.toFixed(0)}, subject ${bytes[2]!.toFixed(0)}.`,
    },
  ]
}

/** As the store would have written them, in one statement. */
async function fill(postgres: Postgres, schema: string, count: number): Promise<void> {
  const { createdAtMs, expiresAtMs, untilMs, site } = newSession()
  await postgres.query(`
    INSERT INTO ${schema}.session (id, subject, claims, data, version, created_at_ms, auth_time_ms, seen_at_ms, expires_at_ms, ended_at_ms,
        end_reason, until_ms, is_remembered, generation, site, agent, rev)
      SELECT decode(md5('session-' || i), 'hex'), CASE WHEN i % 3 = 0 THEN 'user-' || i END,
        CASE WHEN i % 3 = 0 THEN '{"name":"Ada Lovelace","locale":"en-GB"}' ELSE '{}' END, '{"cart":["a kettle, blue, 1.7 litres"]}', 1,
        ${createdAtMs} + i, NULL, ${createdAtMs} + i, ${expiresAtMs} + i::bigint * 60000, NULL, NULL, ${untilMs} + i::bigint * 60000, 1, 1, '${site}', NULL, i
      FROM generate_series(0, ${count - 1}) i`)
  await postgres.query(`
    INSERT INTO ${schema}.handle (hash, session_id, site, created_at_ms, activated_at_ms, expires_at_ms, rev)
      SELECT sha256(convert_to('handle-' || i || CASE WHEN k = 0 THEN '' ELSE '-' || k END, 'UTF8')), decode(md5('session-' || i), 'hex'), '${site}',
        ${createdAtMs} + i, ${createdAtMs} + i, ${expiresAtMs} + i::bigint * 60000, i
      FROM generate_series(0, ${count - 1}) i, generate_series(0, ${HANDLES - 1}) k`)
  await postgres.query(`
    INSERT INTO ${schema}.subject (subject, generation, ended_up_to, until_ms, rev)
      SELECT 'user-' || i, 1, -1, ${untilMs}, i FROM generate_series(0, ${count - 1}, 3) i`)
  for (const table of ['session', 'handle', 'subject'])
    await postgres.query(`VACUUM ANALYZE ${schema}.${table}`)
}

/** As an administrator ends a user: counted as far as the page tells it, and cut in one write. */
async function ending(postgres: Postgres): Promise<Row[]> {
  const { address } = ofPostgres(postgres, 'many')
  const store = await openAt(address)
  const figures: number[] = []
  try {
    for (let round = -2; round < ROUNDS; round += 1) {
      const subject = `crowd ${round}`
      const { createdAtMs, expiresAtMs, untilMs, site } = newSession()
      await postgres.query(`
        INSERT INTO many.session (id, subject, claims, data, version, created_at_ms, seen_at_ms, expires_at_ms, until_ms, is_remembered,
            generation, site, rev)
          SELECT decode(md5('${subject} ' || i), 'hex'), '${subject}', '{}', '{}', 1, ${createdAtMs}, ${createdAtMs}, ${expiresAtMs}, ${untilMs}, 1,
            i, '${site}', i FROM generate_series(1, 10000) i`)
      await postgres.query(
        `INSERT INTO many.subject (subject, generation, ended_up_to, until_ms, rev) VALUES ('${subject}', 10000, -1, ${untilMs}, 1)`,
      )
      const beganMs = performance.now()
      const live = await store.transact(
        { handles: [], subject: { subject, sessions: 0, countTo: 1001, nowMs: NOW_MS } },
        ({ subject: known, live }) => {
          if (!known) throw new Error('The subject of the bench is gone')
          const cut = { ...known, endedUpTo: 10_000, endedAtMs: NOW_MS, endReason: 'revoked' as const }
          const ending = newEnding({ sessionId: null, subject, generation: 10_000 })
          return { changes: { subjects: [cut], endings: [ending] }, result: live }
        },
      )
      if (live !== 1001) throw new Error(`The store of the bench has counted ${live}`)
      if (round >= 0) figures.push(performance.now() - beganMs)
    }
  } finally {
    await store.close()
  }
  return [
    spreadRow(spreadOf(figures), {
      what: 'PostgreSQL: ending a user with 10,000 sessions',
      unit: 'ms',
      target: { atMost: 10 },
    }),
  ]
}

/** So many that a page more or less makes no difference. */
const WEIGHED = 10_000

const weight = (engine: string, bytes: number, where: string): Row => ({
  what: `${engine}: bytes of a session with three handles, indexes included`,
  figure: bytes / WEIGHED,
  unit: 'bytes',
  note: `${WEIGHED.toLocaleString('en-GB')} sessions, a third of them signed in, ${where}.`,
})

async function bytesInSqlite(): Promise<Row> {
  const { address, stop } = openSqlite()
  try {
    await fillThrough(address)
    return weight('SQLite', statSync(address.path).size, 'in the file')
  } finally {
    stop()
  }
}

async function bytesInRedis(): Promise<Row> {
  const redis = await startRedis()
  const used = async () =>
    Number(/used_memory:(\d+)/.exec(String(await redis.command('INFO', 'memory')))?.[1])
  try {
    const before = await used()
    await fillThrough({ kind: 'redis', url: redis.url, prefix: 'hub' })
    return weight('Redis', (await used()) - before, 'in memory')
  } finally {
    await redis.kill()
  }
}

/** The same sessions that PostgreSQL is filled with, written by the store itself. */
async function fillThrough(address: Address): Promise<void> {
  const opened = await openAt(address)
  try {
    for (let at = 0; at < WEIGHED; at += 1) {
      const subject = at % 3 === 0 ? `user-${at}` : null
      const session = newSession({
        subject,
        claims: subject === null ? {} : { name: 'Ada Lovelace', locale: 'en-GB' },
        data: { cart: ['a kettle, blue, 1.7 litres'] },
        createdAtMs: NOW_MS + at,
      })
      await write(opened, {
        sessions: [session],
        handles: Array.from({ length: HANDLES }, () => newHandle(session)),
        ...(subject !== null && { subjects: [newSubject({ subject })] }),
      })
    }
  } finally {
    await opened.close()
  }
}
