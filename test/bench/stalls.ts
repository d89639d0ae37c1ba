/** How long the event loop stands still, in CPU time: what other programs take of the machine is not the store's. */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { DatabaseSync } from '@photostructure/sqlite'
import { type Handle, sqliteStore, type Store } from 'session-hub/hub'

import { random128, random256, sha256 } from '../../sdk/tokens/random.js'
import { thisProcess } from './cpu.js'
import { handleOf } from './grown-file.js'
import type { Row } from './row.js'

const SWEPT = 2000
const REDEEMED = 5000
const AT_ONCE = 8
const DAY_MS = 86_400_000

/** @param path a file of so many sessions, which nobody else has open */
export async function stalls(path: string, sessions: number): Promise<Row[]> {
  expireSome(path)
  const store = sqliteStore(path)
  const nowMs = Date.now()
  const sweep = await longestTurnMs(async () => {
    const times = { nowMs, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }
    for (let left = Infinity; left >= 200;) left = (await store.sweep(times, 200)).sessions
  })
  const writes = await longestTurnMs(async () => {
    let left = REDEEMED
    const visitor = async () => {
      while (left-- > 0) await redeemed(store, Math.floor(Math.random() * sessions), nowMs)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, visitor))
  })
  await store.close()
  return [
    {
      what: `the longest turn of the event loop while ${SWEPT.toLocaleString('en')} sessions are swept`,
      figure: sweep,
      unit: 'ms',
      target: { atMost: 10 },
      note: 'CPU time between two turns of a process that does nothing else; their handles and all entries of the indexes go with them.',
    },
    {
      what: `the longest turn while ${REDEEMED.toLocaleString('en')} tickets are redeemed, checkpoints included`,
      figure: writes,
      unit: 'ms',
      target: { atMost: 10 },
      note: `What a redemption reads and writes, at the store alone, ${AT_ONCE} at a time.`,
    },
  ]
}

/** Sessions from all over the file, as they come to their ends. */
function expireSome(path: string): void {
  const database = new DatabaseSync(path)
  database.exec(
    `UPDATE session SET expires_at_ms = 1 WHERE rowid % (SELECT max(1, count(*) / ${SWEPT}) FROM session) = 0`,
  )
  database.close()
}

async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let [longestMicros, isOver] = [0, false]
  const working = work().finally(() => (isOver = true))
  for (let before = await thisProcess.cpuMicros(); !isOver;) {
    await nextTurn()
    const now = await thisProcess.cpuMicros()
    longestMicros = Math.max(longestMicros, now - before)
    before = now
  }
  await working
  return longestMicros / 1000
}

/** What redeeming a ticket reads and writes. */
async function redeemed(store: Store, index: number, nowMs: number): Promise<void> {
  const found = await store.find(sha256(handleOf(index)))
  if (!found) return
  const sessionId = found.session.id
  const handle = (activatedAtMs: number | null): Handle => ({
    hash: sha256(random256()),
    sessionId,
    site: 'https://shop.example',
    createdAtMs: nowMs,
    activatedAtMs,
    expiresAtMs: nowMs + DAY_MS,
  })
  const spend = {
    issuer: 'https://hub.example',
    jti: random128(),
    spentAtMs: nowMs,
    expiresAtMs: nowMs + 60_000,
    gave: null,
  }
  const handles = [handle(nowMs), handle(null)]
  await store.transact({ handles: handles.map(({ hash }) => hash), session: sessionId, spend }, () => ({
    changes: { handles },
    result: undefined,
  }))
}
