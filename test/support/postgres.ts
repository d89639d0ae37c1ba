/** A PostgreSQL server of the tests' own, in a temporary folder: started when it is first wanted, and ended with the tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { realpathSync } from 'node:fs'

import pg from 'pg'

import { findProgram } from './programs.js'
import { until } from './until.js'

export interface Postgres {
  /** Of a database in it. */
  readonly url: string
  readonly folder: string
  /** Runs SQL beside the store. */
  query(text: string, values?: unknown[]): Promise<pg.QueryResult<Record<string, unknown>>>
  /** `kill -9` of the server; what it has started ends by itself. */
  kill(): Promise<void>
  /** All of its processes stand still. @returns what lets them go on */
  hang(): Promise<() => void>
  /** Starts it again, after a kill. */
  start(): Promise<void>
  /** As an operator restarts it: open connections are cut. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The server refuses to run as root: then it runs as the user that the package has made. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres']).stdout.toString())
  return { uid: id('-u'), gid: id('-g') }
}

/** @param settings more lines of `postgresql.conf`, such as `synchronous_standby_names = 'b'` */
async function startPostgres(settings: Record<string, string> = {}): Promise<Postgres> {
  const programs = dirname(realpathSync(findProgram('SESSION_HUB_POSTGRES')))
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-postgres-'))
  const owner = user()
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid!)
  const data = join(folder, 'data')
  const run = (program: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(join(programs, program), args, { ...owner, cwd: folder })
    if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`)
  }
  run('initdb', '-D', data, '-U', 'hub', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale', 'C')

  const all = { shared_buffers: '32MB', max_connections: '200', autovacuum_naptime: '10s', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const port = await freePort()
  let server: ChildProcess
  const url = `postgres://hub@127.0.0.1:${port}/postgres`
  const query: Postgres['query'] = async (text, values) => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.query<Record<string, unknown>>(text, values)
    } finally {
      await client.end()
    }
  }
  const start = async () => {
    server = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-k', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', ...flags],
      { ...owner, cwd: folder, stdio: 'ignore' },
    )
    await until(() =>
      query('SELECT 1').then(
        () => true,
        () => false,
      ),
    )
  }
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
  }
  await start()
  return {
    url,
    folder,
    query,
    start,
    kill: () => end('SIGKILL'),
    async hang() {
      const { rows } = await query('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
      const pids = [server.pid!, ...rows.map(({ pid }) => Number(pid))]
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      return () => {
        for (const pid of pids) process.kill(pid, 'SIGCONT')
      }
    },
    async restart() {
      await end('SIGINT')
      await start()
    },
    async stop() {
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

let shared: Promise<Postgres> | undefined
let schemas = 0

/** One server for all tests of a file, and an empty schema for each. */
export async function openSchema(): Promise<{ postgres: Postgres; schema: string }> {
  shared ??= startPostgres()
  return { postgres: await shared, schema: `hub ${(schemas += 1)}` }
}

after(async () => {
  await (await shared)?.stop()
  shared = undefined
})
