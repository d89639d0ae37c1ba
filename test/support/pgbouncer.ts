/**
 * A PgBouncer of the tests' own before a PostgreSQL server, in transaction mode: each transaction of a connection may run on another connection of
 * the server's. It ends with the process of the tests.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

import pg from 'pg'

import { freePort } from './free-port.js'
import { findProgram } from './programs.js'
import { until } from './until.js'

/** When the other end of its input is gone, it ends, and its folder with it. */
const GUARD = `
  exec 3<&0
  "$@" 3<&- &
  ( cat <&3; kill -KILL $!; rm -rf "$0" ) > /dev/null 2>&1 &
  wait`

/** @returns the address of the same database, through it */
export async function startPgbouncer(url: string): Promise<string> {
  const server = new URL(url)
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-pgbouncer-'))
  const [config, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users')]
  writeFileSync(users, `"${server.username}" ""\n`)
  writeFileSync(
    config,
    `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 10
max_client_conn = 1000
server_login_retry = 1
`,
  )
  const owner = user()
  if (owner.uid !== undefined)
    for (const path of [folder, config, users]) chownSync(path, owner.uid, owner.gid!)
  const child = spawn('sh', ['-c', GUARD, folder, findProgram('SESSION_HUB_PGBOUNCER'), config], {
    ...owner,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Nobody has to wait for it.
  child.unref()
  ;(child.stdin as Writable & { unref(): void }).unref()

  const through = Object.assign(new URL(url), { port: String(port) }).href
  await until(() => answers(through))
  return through
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** It refuses to run as root: then it runs as the user that its package has made. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres']).stdout.toString())
  return { uid: id('-u'), gid: id('-g') }
}
