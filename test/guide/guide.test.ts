/** docs/guide.md, typed word for word, in a fresh folder; only the port of the hub is another one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import { expect } from 'chai'

import { freePort } from '../support/free-port.js'
import { root } from '../support/titles.js'

const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8')

/** The commands below each heading, block by block. */
const blocksOf = (heading: string): readonly string[] => {
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block)
}

describe('docs/guide.md', () => {
  let folder: string
  let port: number
  let hub: ChildProcess | undefined

  before(async function () {
    this.timeout(60_000)
    folder = mkdtempSync(join(tmpdir(), 'session-hub-guide-'))
    port = await freePort()
    // As npm would leave it behind.
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
    symlinkSync(root, join(folder, 'node_modules/session-hub'))
    symlinkSync('../session-hub/dist/cli.js', join(folder, 'node_modules/.bin/session-hub'))
    const [, config = ''] = /^```json\n([^]*?)^```/m.exec(guide) ?? []
    writeFileSync(join(folder, 'hub.json'), withPort(config))
  })
  after(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })

  const withPort = (words: string) => words.replaceAll('hub.localhost:4000', `hub.localhost:${port}`)
  const begin = (script: string) =>
    spawn('sh', ['-e', '-c', withPort(script)], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })

  async function type(block: string): Promise<string> {
    const shell = begin(block)
    const [output, errors] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
    expect(shell.exitCode, `${block}${errors}`).to.equal(0)
    return output
  }

  /** Until it listens. */
  async function start(block: string): Promise<void> {
    expect(block).to.match(/^npx session-hub serve /)
    const shell = begin(block)
    hub = shell
    const errors = text(shell.stderr)
    for await (const line of createInterface(shell.stdout)) if (line.includes('"event":"listening"')) return
    throw new Error(`It does not start: ${await errors}`)
  }

  /** Ctrl+C reaches all processes of a terminal. */
  async function stop(): Promise<void> {
    if (!hub || hub.exitCode !== null || hub.signalCode !== null) return
    const exit = once(hub, 'exit')
    process.kill(-hub.pid!, 'SIGTERM')
    await exit
  }

  const isSecret = (name: string) => (statSync(join(folder, name)).mode & 0o77) === 0

  it('Start', async () => {
    const [keys = '', serve = '', sites = ''] = blocksOf('Start')
    await type(keys)
    await start(serve)
    expect(await type(sites)).to.match(/shop\.localhost[^]*travel\.localhost/)
    expect(readFileSync(join(folder, 'shop.env'), 'utf8')).to.match(/^SESSION_HUB_KEYS='/)
    expect(['hub-keys.json', 'shop.env', 'travel.env', 'sessions.sqlite'].filter(isSecret)).to.have.length(4)
  })

  it('Diagnose', async () => {
    const blocks = blocksOf('Diagnose')
    expect(blocks).to.have.length(2)
    for (const block of blocks) await type(block)
  })

  it('Rotate a site’s keys', async () => {
    const [rotate = '', finish = ''] = blocksOf("Rotate a site's keys")
    await type(rotate)
    expect(JSON.parse(readFileSync(join(folder, 'next-keys.json'), 'utf8'))).to.include.keys(
      'signing',
      'ticket',
    )
    expect(isSecret('next-keys.json')).to.equal(true)
    await type(finish)
  })

  it('Back up, and restore', async () => {
    const [backup = ''] = blocksOf('Back up')
    await type(backup)
    expect(isSecret('backup.sqlite')).to.equal(true)
    const [restore = '', serve = ''] = blocksOf('Restore')
    await stop()
    await type(restore)
    await start(serve)
  })

  it('Scale', async () => {
    await stop()
    const [serve = ''] = blocksOf('Scale')
    await start(serve)
  })

  it('Upgrade', async () => {
    const [upgrade = ''] = blocksOf('Upgrade')
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(await type(upgrade)).to.include(version)
  })

  it('Remove a domain', async () => {
    const [disable = '', remove = ''] = blocksOf('Remove a domain')
    await type(disable)
    await type(remove)
    expect(await type('npx session-hub sites list --config hub.json\n')).not.to.include('travel')
  })

  it('Erase a user', async () => {
    const [erase = ''] = blocksOf('Erase a user')
    await type(erase)
  })
})
