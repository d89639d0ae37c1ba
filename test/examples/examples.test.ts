/**
 * Each folder of `examples/` as a stranger runs it: npm installs it with the packed package, `npm start` starts it, and a visitor in Chromium takes a
 * cart and a sign-in from one domain to another. `npm run test:examples`
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { startBrowser, type TestBrowser } from '../support/browser.js'
import { exampleNames, filesOfExample } from '../support/examples.js'
import type { TestPage } from '../support/test-page.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const exec = promisify(execFile)

/** Two domains of each, and how many say that they listen before a visitor may come. */
const DOMAINS: Readonly<Record<string, readonly [from: string, to: string, listeners: number]>> = {
  countries: ['shop-at', 'shop-jp', 8],
}
const TWO_SITES = ['shop', 'travel', 3] as const

describe('examples/', function () {
  this.timeout(600_000)
  let tarball: string
  let packed: string
  let browser: TestBrowser

  before(async () => {
    packed = await realpath(await mkdtemp(join(tmpdir(), 'session-hub-examples-')))
    const { stdout } = await exec(
      'npm',
      ['pack', '--ignore-scripts', '--silent', '--pack-destination', packed],
      { cwd: ROOT },
    )
    tarball = join(packed, stdout.trim())
    browser = await startBrowser('allowed')
  })
  after(async () => {
    await browser.close()
    await rm(packed, { recursive: true, force: true })
  })

  for (const name of exampleNames)
    it(`does ${name} install and start by its two commands, and carry a cart and a sign-in?`, async () => {
      const [from, to, listeners] = DOMAINS[name] ?? TWO_SITES
      const port = await threePorts()
      const example = await startExample(name, port, listeners)
      const visitor = await browser.newVisitor()
      try {
        const at = (site: string, index: number) =>
          `http://${site}.localhost:${name === 'countries' ? port + 1 : port + index}/`
        const { page } = visitor
        await open(page, at(from, 1))
        await press(page, 'Add boots')
        await open(page, at(to, 2))
        await shows(page, { subject: null, cart: ['boots'] })
        await press(page, 'Sign in as Ada')
        await open(page, at(from, 1))
        await shows(page, { subject: 'Ada', cart: ['boots'] })
        expect(page.scriptErrors).to.deep.equal([])
      } finally {
        await visitor.leave()
        await example.stop()
      }
    })

  async function startExample(name: string, port: number, listeners: number) {
    const folder = join(packed, name)
    for (const [path, text] of Object.entries(filesOfExample(name))) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text.replace('"file:../.."', JSON.stringify(`file:${tarball}`)))
    }
    await exec('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
    const child = spawn('npm', ['start'], {
      cwd: folder,
      env: {
        ...process.env,
        PORT: String(port),
        VITE_HUB: `http://hub.localhost:${port}`,
        NEXT_TELEMETRY_DISABLED: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, which ends as a terminal ends it.
      detached: true,
    })
    await listen(child, listeners)
    return {
      async stop() {
        if (child.exitCode === null) {
          const exit = once(child, 'exit')
          process.kill(-child.pid!, 'SIGTERM')
          await exit
        }
        await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      },
    }
  }
})

async function listen(child: ChildProcess, listeners: number): Promise<void> {
  let said = ''
  let count = 0
  child.stderr!.on('data', (part: Buffer) => (said += part.toString()))
  for await (const line of createInterface(child.stdout!)) {
    said += `${line}\n`
    if (/listens at|Ready in/.test(line)) count += 1
    if (count < listeners) continue
    child.stdout!.resume()
    return
  }
  throw new Error(`It ended before it listened:\n${said}`)
}

/** The buttons of a page work once its own scripts have run, and the SDK has looked at the hub. */
async function open(page: TestPage, url: string): Promise<void> {
  await page.page.goto(url, { waitUntil: 'networkidle0' })
  await page.event('synced')
}

/** Presses a button, and waits until the hub has this site's session. */
async function press({ page }: TestPage, label: string): Promise<void> {
  await page.locator(`button ::-p-text(${label})`).click()
  await page.waitForFunction(() =>
    (window as unknown as { said: { detail: { outcome?: string } }[] }).said.some(
      ({ detail }) => detail.outcome === 'adopt',
    ),
  )
}

async function shows({ page }: TestPage, session: object): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.getElementById('session')?.textContent === wanted,
    {},
    JSON.stringify(session),
  )
}

/** @returns the first of three ports in a row that nobody listens on */
async function threePorts(): Promise<number> {
  for (;;) {
    const first = await listenAt(0)
    const rest = await Promise.all([1, 2].map((step) => listenAt(first.port + step)))
    const all = [first, ...rest]
    await Promise.all(all.map(({ close }) => close()))
    if (all.every(({ port }) => port > 0)) return first.port
  }
}

async function listenAt(port: number) {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return { port: 0, close: () => Promise.resolve() }
  }
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}
