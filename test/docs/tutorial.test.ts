/** docs/tutorial.md as a reader does it: its files are written, its commands are typed, and a visitor does in Chromium what it says. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect } from 'chai'

import { startBrowser, type TestBrowser } from '../support/browser.js'
import type { TestPage } from '../support/test-page.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)

describe('docs/tutorial.md', function () {
  this.timeout(60_000)
  const children: ChildProcess[] = []
  let folder: string
  let browser: TestBrowser | undefined
  let shop: string
  let travel: string
  let commands: readonly string[]
  let environment: NodeJS.ProcessEnv

  before(async function () {
    // The commands are those of a POSIX shell.
    if (process.platform === 'win32') this.skip()
    mkdirSync(join(root, 'build'), { recursive: true })
    folder = mkdtempSync(join(root, 'build', 'tutorial-'))

    let page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8')
    const origins = await freeOrigins()
    for (const [written, free] of origins) page = page.replaceAll(written, free)
    ;[, shop, travel] = [...origins.values()] as [string, string, string]

    for (const [, name = '', code = ''] of page.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), code)
    }
    const [, rest = ''] = page.split('## 2. ')
    commands = [...rest.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, lines = '']) =>
      lines.trim().split('\n'),
    )

    // Where nothing is installed, "npx session-hub" has to be told which one.
    const npx = join(folder, 'bin/npx')
    mkdirSync(dirname(npx))
    writeFileSync(npx, `#!/bin/sh\nshift\nexec node '${join(root, 'dist/cli.js')}' "$@"\n`)
    chmodSync(npx, 0o755)
    const path = [dirname(npx), dirname(process.execPath), process.env.PATH].join(delimiter)
    environment = { ...process.env, PATH: path }
  })

  after(async () => {
    await browser?.close()
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it('has commands that create the keys and start the hub and both sites', async () => {
    const isServer = (command: string) => /^(\w+=\S+ )*node /.test(command)
    const once = commands.filter((command) => !isServer(command))
    expect(once).to.have.length(4)
    await run('sh', ['-ec', once.join('\n')], { cwd: folder, env: environment })

    const servers = commands.filter(isServer)
    expect(servers).to.have.length(3)
    for (const command of servers) {
      const child = spawn('sh', ['-c', `exec env ${command}`], {
        cwd: folder,
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      const lines = createInterface(child.stdout)
      for await (const line of lines) if (line.includes(' listens at ')) break
      expect(child.exitCode, command).to.be.null
      child.stdout.resume()
    }
  })

  it('shows a visitor one cart and one sign-in on both sites, in the steps that it tells', async () => {
    browser = await startBrowser('allowed')
    const visitor = await browser.newPage()

    await visitor.page.goto(shop)
    await press(visitor, 'Add boots')
    await visitor.page.goto(travel)
    await shows(visitor, '{"subject":null,"cart":["boots"]}')

    await press(visitor, 'Sign in as Ada')
    await visitor.page.goto(shop)
    await shows(visitor, '{"subject":"Ada","cart":["boots"]}')
    expect(visitor.scriptErrors).to.deep.equal([])
  })

  /** Presses a button, and waits until the hub has this site's session. */
  async function press({ page }: TestPage, label: string): Promise<void> {
    // The page's own script shows the session after it has made the buttons work. A press before that is lost.
    await page.waitForFunction(() => document.getElementById('session')?.textContent)
    await page.waitForFunction(() => 'SessionHub' in window && window.SessionHub.status.atMs > 0)
    await page.locator(`button ::-p-text(${label})`).click()
    await page.waitForFunction(() => window.SessionHub.status.outcome === 'adopt')
  }

  async function shows({ page }: TestPage, session: string): Promise<void> {
    await page.waitForFunction(
      (wanted) => document.getElementById('session')?.textContent === wanted,
      {},
      session,
    )
  }
})

/** The origins of the tutorial, each with one on a port that is free. All ports are held until the last is known, so that no two are the same. */
async function freeOrigins(): Promise<Map<string, string>> {
  const names = ['hub', 'shop', 'travel']
  const servers = names.map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return new Map(
    names.map((name, index) => [
      `http://${name}.localhost:${4000 + index}`,
      `http://${name}.localhost:${ports[index]}`,
    ]),
  )
}
