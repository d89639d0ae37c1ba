/** Runs a Chromium of this machine with a temporary profile. It is driven by the DevTools protocol over a pipe, so no port is opened. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const COMMANDS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'chrome.exe',
]
const PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** @returns the first one found; `undefined` if there is none */
export function findChromium({ PATH = '' }: NodeJS.ProcessEnv): string | undefined {
  const inPath = COMMANDS.flatMap((command) => PATH.split(delimiter).map((folder) => join(folder, command)))
  return [...inPath, ...PATHS].find((path) => existsSync(path))
}

/** Whether the visitor allows the cookies of other sites. */
export type OtherCookies = 'allowed' | 'blocked'

const CONTROLS = { allowed: 2, blocked: 1 } as const

export interface DevTools {
  send(method: string, params?: object, session?: string): Promise<Record<string, unknown>>
  /** Called with each event of a page. */
  onEvent(heard: (method: string, params: Record<string, unknown>) => void): void
  close(): Promise<void>
}

/** @throws Error if it does not start, or stops */
export async function startChromium(executable: string, cookies: OtherCookies): Promise<DevTools> {
  const profile = await mkdtemp(join(tmpdir(), 'session-hub-doctor-'))
  await mkdir(join(profile, 'Default'))
  const preferences = { profile: { cookie_controls_mode: CONTROLS[cookies] } }
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const child = spawn(executable, argumentsFor(profile), {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const isGone = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  return {
    ...speak(child, isGone),
    async close() {
      child.kill('SIGKILL')
      await isGone
      // Chromium's own processes may still write a last file.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

const argumentsFor = (profile: string): string[] => [
  '--headless',
  '--remote-debugging-pipe',
  `--user-data-dir=${profile}`,
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  // Chromium refuses to use its sandbox as root, which most containers run as.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  'about:blank',
]

interface Waiting {
  readonly resolve: (result: Record<string, unknown>) => void
  readonly reject: (error: Error) => void
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** Messages are JSON, each followed by a zero byte. */
function speak(child: ChildProcess, isGone: Promise<void>): Pick<DevTools, 'send' | 'onEvent'> {
  const [, , , to, from] = child.stdio as unknown as [unknown, unknown, unknown, Writable, Readable]
  const waiting = new Map<number, Waiting>()
  let heard: Parameters<DevTools['onEvent']>[0] = () => undefined
  let last = 0
  let isOver = false
  let rest = ''
  to.on('error', () => undefined)
  from.setEncoding('utf8').on('data', (part: string) => {
    const messages = (rest + part).split('\0')
    rest = messages.pop() ?? ''
    for (const text of messages) take(JSON.parse(text) as Message)
  })
  void isGone.then(() => {
    isOver = true
    for (const { reject } of waiting.values()) reject(stopped())
    waiting.clear()
  })

  function take({ id, method, params = {}, result = {}, error }: Message): void {
    if (method !== undefined) heard(method, params)
    const asked = id === undefined ? undefined : waiting.get(id)
    if (id === undefined || !asked) return
    waiting.delete(id)
    if (error) asked.reject(new Error(error.message))
    else asked.resolve(result)
  }

  return {
    send(method, params = {}, session) {
      if (isOver) return Promise.reject(stopped())
      const id = (last += 1)
      to.write(
        `${JSON.stringify({ id, method, params, ...(session !== undefined && { sessionId: session }) })}\0`,
      )
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
    },
    onEvent(listener) {
      heard = listener
    },
  }
}

const stopped = () => new Error('the browser did not start, or stopped')
