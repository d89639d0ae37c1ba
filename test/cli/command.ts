/** The built command as a process of its own, in a folder of its own. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { generateHubKeys } from '../../hub/keys/generate.js'

const COMMAND = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One line of a running hub's log. */
export interface Entry {
  readonly time: string
  readonly level: string
  readonly event: string
  readonly [field: string]: unknown
}

export interface Folder {
  path(name: string): string
  /** Text as it is, anything else as JSON. */
  write(name: string, content: unknown): void
  run(...args: string[]): Promise<Finished>
  /** With these variables besides. */
  runWith(environment: Record<string, string>, ...args: string[]): Promise<Finished>
  /** The process of a command, to be killed. */
  begin(environment: Record<string, string>, ...args: string[]): ChildProcessByStdio<null, Readable, Readable>
  /** Makes keys, and writes `hub.json` with this besides. */
  configure(config?: object): void
  /** Does that, and starts. */
  serve(config?: object, ...args: string[]): Promise<RunningHub>
  /** Resolves when the hub of this configuration listens. */
  start(config: string, ...args: string[]): Promise<RunningHub>
  close(): Promise<void>
}

export function newFolder(): Folder {
  const root = mkdtempSync(join(tmpdir(), 'session-hub-cli-'))
  const children = new Set<ChildProcess>()
  const path = (name: string) => join(root, name)

  function spawned(environment: Record<string, string>, args: readonly string[]) {
    const env: NodeJS.ProcessEnv = { ...process.env, ...environment }
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }

  async function runWith(environment: Record<string, string>, ...args: string[]): Promise<Finished> {
    const child = spawned(environment, args)
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: child.exitCode, stdout, stderr }
  }

  function write(name: string, content: unknown): void {
    writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content), {
      mode: 0o600,
    })
  }

  function configure(config: object = {}): void {
    write('hub-keys.json', generateHubKeys())
    write('hub.json', {
      origin: 'https://hub.example',
      keys: 'hub-keys.json',
      port: 0,
      proxyHops: 0,
      ...config,
    })
  }

  async function start(config: string, ...args: string[]): Promise<RunningHub> {
    const hub = new RunningHub(spawned({}, ['serve', '--config', config, ...args]))
    hub.url = String((await hub.logged('listening'))['url'])
    return hub
  }

  return {
    path,
    write,
    run: (...args) => runWith({}, ...args),
    runWith,
    begin: (environment, ...args) => spawned(environment, args),
    configure,
    serve(config, ...args) {
      configure(config)
      return start('hub.json', ...args)
    },
    start,
    async close() {
      const exits = [...children].map((child) => once(child, 'exit'))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(exits)
      rmSync(root, { recursive: true })
    },
  }
}

export class RunningHub {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  readonly #errors: Promise<string>
  /** Every entry that was waited for or passed over. */
  readonly seen: Entry[] = []
  /** Where it listens. */
  url = ''

  constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
    this.#closed = once(child, 'close')
    this.#errors = text(child.stderr!)
  }

  /** The next entry of this event. */
  async logged(event: string): Promise<Entry> {
    for (;;) {
      const line = await this.#lines.next()
      if (line.done) throw new Error(`The hub ended without "${event}": ${await this.#errors}`)
      const entry = JSON.parse(line.value) as Entry
      this.seen.push(entry)
      if (entry.event === event) return entry
    }
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, { headers: { connection: 'close', ...headers } })
  }

  get pid(): number {
    return this.#child.pid!
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Nobody reads its log from here on. */
  leaveAlone(): void {
    this.#child.stdout!.destroy()
  }

  /** What it has written to stderr, when it has ended. */
  errors(): Promise<string> {
    return this.#errors
  }

  async exitCode(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }
}
