// The demo, built and started again whenever a source file changes. Opens the shop at the first start.
//
//     npm run dev
//     npm run dev -- --no-open     opens no browser
//
// It checks no types: editors do, and `npm run check`. Keys and sessions outlive a restart, so carts and sign-ins stay.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { clearTimeout, setTimeout } from 'node:timers'

import { buildStale } from './build-stale.mjs'

/** An editor that saves all its files saves them within this time. */
const SETTLE_MS = 200

const dataDir = process.env.DATA_DIR ?? mkdtempSync(join(tmpdir(), 'session-hub-dev-'))
let mayOpen = process.stdout.isTTY && !process.argv.includes('--no-open')
let timer
let demo
let turn = Promise.resolve()

console.log('Building what has changed; the first time takes half a minute...')
again()
const watchers = ['sdk', 'hub', 'demo'].map((room) => watch(room, { recursive: true }, again))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void leave())

function again() {
  clearTimeout(timer)
  timer = setTimeout(() => {
    turn = turn.then(buildAndStart)
  }, SETTLE_MS)
}

/** Where something does not build, the demo goes on as it was. */
async function buildAndStart() {
  if (!buildStale()) return
  await stop()
  demo = spawn(process.execPath, [join('build', 'demo', 'start.js')], {
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, DATA_DIR: dataDir },
  })
  createInterface({ input: demo.stdout }).on('line', (line) => {
    console.log(line)
    const shop = /^ +shop +(http\S+)$/.exec(line)?.[1]
    if (shop && mayOpen) open(shop)
  })
}

async function stop() {
  if (!demo || demo.exitCode !== null || demo.signalCode !== null) return
  const ended = once(demo, 'exit')
  demo.kill('SIGTERM')
  await ended
}

function open(address) {
  mayOpen = false
  const commands = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }
  const [command, ...before] = commands[process.platform] ?? ['xdg-open']
  // Where there is no such command, the address stands in the terminal.
  spawn(command, [...before, address], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

async function leave() {
  for (const watcher of watchers) watcher.close()
  clearTimeout(timer)
  await turn
  await stop()
  if (!process.env.DATA_DIR) rmSync(dataDir, { recursive: true, force: true })
}
