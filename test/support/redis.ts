/** A Redis or Valkey server of the tests' own, in a temporary folder: started when it is first wanted, and ended with the process of the tests. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

import { createClient } from 'redis'

import { freePort } from './free-port.js'
import { findProgram } from './programs.js'
import { until } from './until.js'

export interface Redis {
  readonly url: string
  readonly port: number
  /** Runs a command beside the store. */
  command(...words: string[]): Promise<unknown>
  /** `kill -9` of the server. */
  kill(): Promise<void>
  /** It stands still. @returns what lets it go on */
  hang(): () => void
  /** Starts it again, after a kill. */
  start(): Promise<void>
}

/**
 * Runs a server in a folder, which comes first. When the other end of its input is gone, the server ends, and its folder with it: it outlives
 * nobody, whatever becomes of the tests. A server that has ended by itself is not looked for again: its number may be another's by now.
 */
const GUARD = `
  exec 3<&0
  "$@" 3<&- &
  server=$!
  echo $server > "$0/pid"
  touch "$0/runs-$server"
  (
    cat <&3
    if [ -e "$0/runs-$server" ]; then kill -CONT $server; kill -KILL $server; fi
    while [ -e "$0/runs-$server" ]; do sleep 0.05; done
    until rm -rf "$0"; do sleep 0.05; done
  ) > /dev/null 2>&1 &
  wait $server
  rm -f "$0/runs-$server"
  wait`

/**
 * @param settings more of `redis.conf`, such as `appendfsync`
 * @param variable which of the programs it is
 */
export async function startRedis(
  settings: Record<string, string> = {},
  variable = 'SESSION_HUB_REDIS',
): Promise<Redis> {
  const program = findProgram(variable)
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    // A replica is sent everything at once, and not after five seconds.
    'repl-diskless-sync-delay': '0',
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  let pid = 0

  const command: Redis['command'] = async (...words) => {
    const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }
  const start = async () => {
    const child = spawn('sh', ['-c', GUARD, folder, program, ...flags], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    // Nobody has to wait for it.
    child.unref()
    ;(child.stdin as Writable & { unref(): void }).unref()
    await until(() =>
      command('PING').then(
        () => true,
        () => false,
      ),
    )
    pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  }
  const isThere = () => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  await start()
  return {
    url,
    port,
    command,
    start,
    async kill() {
      process.kill(pid, 'SIGKILL')
      await until(() => !isThere())
    },
    hang() {
      process.kill(pid, 'SIGSTOP')
      return () => process.kill(pid, 'SIGCONT')
    },
  }
}

let shared: Promise<Redis> | undefined
let prefixes = 0

/** One server for all tests of a file, and no keys for each. */
export async function openPrefix(): Promise<{ redis: Redis; prefix: string }> {
  shared ??= startRedis()
  return { redis: await shared, prefix: `hub-${(prefixes += 1)}` }
}
