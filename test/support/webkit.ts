/**
 * WebKitGTK's small browser with tracking prevention on, as Safari has it, driven by its own WebDriver on a display that nobody
 * sees. Each start is a fresh browser: under automation it keeps nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { drive, type DrivenPage, type Driver } from './driven-page.js'
import { findProgram } from './programs.js'
import { startSession, untilReady, type WebDriverSession } from './webdriver.js'

/** How long to wait for what has to come. */
const PATIENCE_MS = 10_000

export interface WebKit {
  readonly page: DrivenPage
  /** The commands themselves, for what a page cannot say: windows, frames, cookies. */
  readonly session: WebDriverSession
  readonly close: () => Promise<void>
}

export async function startWebKit(): Promise<WebKit> {
  const home = await mkdtemp(join(tmpdir(), 'session-hub-webkit-'))
  const running: ChildProcess[] = []
  const close = async () => {
    for (const child of running.reverse()) await end(child)
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const screen = startScreen()
    running.push(screen)
    const [display] = (await once(screen.stdio[3]!, 'data')) as [Buffer]

    const port = await freePort()
    const folders = { HOME: home, XDG_RUNTIME_DIR: home, XDG_CACHE_HOME: home, XDG_DATA_HOME: home }
    const driver = spawn(findProgram('SESSION_HUB_WEBKIT_DRIVER'), ['--host=127.0.0.1', `--port=${port}`], {
      // Without a cache of shaders, of which it would complain when its home is gone.
      env: {
        ...process.env,
        ...folders,
        DISPLAY: `:${display.toString().trim()}`,
        MESA_SHADER_CACHE_DISABLE: 'true',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    running.push(driver)
    const address = `http://127.0.0.1:${port}`
    await untilReady(address, () => driver.exitCode === null)
    const session = await startSession(address, {
      acceptInsecureCerts: true,
      'webkitgtk:browserOptions': { args: ['--automation', '--enable-itp'] },
    })
    return {
      page: drive(driverOf(session)),
      session,
      async close() {
        await session.end()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** It chooses a free display and writes its number to the fourth stream. */
const startScreen = () =>
  spawn(
    findProgram('SESSION_HUB_XVFB'),
    ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    },
  )

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  await gone
}

/** The driver cannot say which port it took, so it is told one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const driverOf = (session: WebDriverSession): Driver => ({
  async open(url) {
    await session.post('/url', { url })
  },
  run: (act, ...args) => session.run(act, ...args),
  async until(isSo, ...args) {
    // While a page gives way to the next, no script can run.
    await untilFound(() =>
      session.run(isSo, ...args).then(
        (is) => is || undefined,
        () => undefined,
      ),
    )
  },
  click: (selector) => session.click(selector),
  async inPopup(open, act) {
    const handles = async () => (await session.get('/window/handles')) as string[]
    const before = await handles()
    await open()
    const handle = await untilFound(async () => (await handles()).find((one) => !before.includes(one)))
    const [own] = before
    await session.post('/window', { handle })
    const popup = driverOf(session)
    // A window that has just opened is empty; what is clicked in it may not be there yet.
    await popup.until(() => location.href !== 'about:blank' && document.readyState === 'complete')
    await act(popup)
    await untilFound(async () => (!(await handles()).includes(handle) ? true : undefined))
    await session.post('/window', { handle: own })
  },
})

async function untilFound<Thing>(look: () => Promise<Thing | undefined>): Promise<Thing> {
  const untilMs = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > untilMs) throw new Error('It never came')
  }
}
