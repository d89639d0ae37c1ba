/** A PostgreSQL server of the tests' own, in a temporary folder: started when it is first wanted, and ended with the process of the tests. */
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Writable } from 'node:stream'
import { dirname, join } from 'node:path'

import pg from 'pg'

import { freePort } from './free-port.js'
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
}

/** The server refuses to run as root: then it runs as the user that the package has made. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres']).stdout.toString())
  return { uid: id('-u'), gid: id('-g') }
}

/**
 * Runs a server, whose folder comes first. When the other end of its input is gone, the server ends, and its folder with it: it outlives nobody,
 * whatever becomes of the tests. A server that was killed is not looked for again: its number may be another's by now.
 */
const GUARD = `
  exec 3<&0
  "$@" 3<&- &
  server=$!
  touch "$0/runs-$server"
  (
    cat <&3
    if [ -e "$0/runs-$server" ]; then kill -CONT $server; kill -QUIT $server; fi
    while [ -e "$0/runs-$server" ]; do sleep 0.1; done
    rm -rf "$0"
  ) &
  wait $server
  rm -f "$0/runs-$server"
  wait`

interface Standby {
  /** The server that it follows, and where it reaches it. */
  readonly of: Postgres
  readonly port: number
}

/**
 * @param settings more lines of `postgresql.conf`, such as `wal_keep_size`
 * @param standby makes it a standby, of the name "standby"
 */
export async function startPostgres(
  settings: Record<string, string> = {},
  standby?: Standby,
): Promise<Postgres> {
  const programs = dirname(realpathSync(findProgram('SESSION_HUB_POSTGRES')))
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-postgres-'))
  const owner = user()
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid!)
  const data = join(folder, 'data')
  const run = (program: string, ...args: string[]) => {
    const { status, stderr } = spawnSync(join(programs, program), args, { ...owner, cwd: folder })
    if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`)
  }
  if (standby) {
    const to = (port: number | string) => `host=127.0.0.1 port=${port} user=hub application_name=standby`
    const { port } = new URL(standby.of.url)
    run('pg_basebackup', '-D', data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', '-d', to(port))
    // The last line counts. The copy is made past the way: that may be this process, which stands still meanwhile.
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${to(standby.port)}'\n`)
  } else run('initdb', '-D', data, '-U', 'hub', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale', 'C')

  const all = { shared_buffers: '32MB', max_connections: '200', autovacuum_naptime: '10s', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const port = await freePort()
  let pid = 0
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
    const server = [join(programs, 'postgres'), '-D', data, '-k', folder, '-p', String(port)]
    const child = spawn(
      'sh',
      ['-c', GUARD, folder, ...server, '-c', 'listen_addresses=127.0.0.1', ...flags],
      {
        ...owner,
        cwd: folder,
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    )
    // Nobody has to wait for it.
    child.unref()
    ;(child.stdin as Writable & { unref(): void }).unref()
    await until(() =>
      query('SELECT 1').then(
        () => true,
        () => false,
      ),
    )
    pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  }
  const isThere = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  const end = async (signal: NodeJS.Signals) => {
    if (!isThere()) return
    process.kill(pid, signal)
    await until(() => !isThere())
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
      const pids = [pid, ...rows.map(({ pid }) => Number(pid))]
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      return () => {
        for (const pid of pids) process.kill(pid, 'SIGCONT')
      }
    },
    async restart() {
      await end('SIGINT')
      await start()
    },
  }
}

let shared: Promise<Postgres> | undefined
let schemas = 0

/** One server for all tests of a file, and an empty schema for each. */
export async function openSchema(): Promise<{ postgres: Postgres; schema: string }> {
  shared ??= startPostgres()
  return { postgres: await shared, schema: `hub ${(schemas += 1)}` }
}
