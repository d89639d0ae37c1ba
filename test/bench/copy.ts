/** What it takes to move a large store to another engine, by the command: time, and the most memory that it has had. Linux alone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'
import { growFile } from './grown-file.js'
import type { Group, Row } from './row.js'

const COMMAND = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

export const copy: Group = {
  name: 'copy',
  isSeldom: true,
  async measure({ sessions }) {
    const folder = mkdtempSync(join(tmpdir(), 'session-hub-bench-'))
    const path = join(folder, 'hub.sqlite')
    const postgres = await startPostgres({ shared_buffers: '256MB', max_wal_size: '4GB' })
    const redis = await startRedis({ appendonly: 'yes' })
    try {
      await growFile({ path, sessions })
      const sqlite = `sqlite:${path}`
      return [
        ...(await copied('SQLite to PostgreSQL', sqlite, postgres.url, sessions)),
        ...(await copied('PostgreSQL to Redis', postgres.url, redis.url, sessions)),
      ]
    } finally {
      await postgres.kill()
      await redis.kill()
      rmSync(folder, { recursive: true })
    }
  },
}

async function copied(how: string, from: string, to: string, sessions: number): Promise<Row[]> {
  const beganMs = performance.now()
  const child = spawn(process.execPath, [COMMAND, 'store', 'copy', '--from', from, '--to', to], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.resume()
  let peak = 0
  const looking = setInterval(() => {
    peak = Math.max(peak, highestOf(child.pid!))
  }, 50)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearInterval(looking)
  if (code !== 0) throw new Error(`The copy has ended with ${code}`)
  const what = `copy of ${sessions.toLocaleString('en-GB')} sessions with three handles each, ${how}`
  return [
    {
      what,
      figure: (performance.now() - beganMs) / 1000,
      unit: 's',
      note: 'Written, then both stores read and compared.',
    },
    { what: `${what}: most memory of the command`, figure: peak / 1024, unit: 'MB', target: { atMost: 256 } },
  ]
}

/** The most memory, in kilobytes, that a process has had so far. */
function highestOf(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
