/** docs/guide.md, typed word for word, in a fresh folder; only the ports are others. */
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
  const ports = new Map<string, number>()
  let hub: ChildProcess | undefined
  const sites: ChildProcess[] = []

  before(async function () {
    this.timeout(60_000)
    folder = mkdtempSync(join(tmpdir(), 'session-hub-guide-'))
    for (const host of ['hub.localhost:4000', 'shop.localhost:3000', 'travel.localhost:3001'])
      ports.set(host, await freePort())
    // As npm would leave it behind.
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
    symlinkSync(root, join(folder, 'node_modules/session-hub'))
    symlinkSync('../session-hub/dist/cli.js', join(folder, 'node_modules/.bin/session-hub'))
    const [, config = ''] = /^```json\n([^]*?)^```/m.exec(guide) ?? []
    writeFileSync(join(folder, 'hub.json'), withPort(config))
  })
  after(async () => {
    for (const process of [...sites, hub]) await stop(process)
    rmSync(folder, { recursive: true })
  })

  const withPort = (words: string) =>
    [...ports].reduce((said, [host, port]) => said.replaceAll(host, `${host.split(':')[0]}:${port}`), words)
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
  async function start(block: string, says = '"event":"listening"'): Promise<ChildProcess> {
    const shell = begin(block)
    const errors = text(shell.stderr)
    for await (const line of createInterface(shell.stdout)) if (line.includes(says)) return shell
    throw new Error(`It does not start: ${await errors}`)
  }

  async function startHub(block: string): Promise<void> {
    expect(block).to.match(/^npx session-hub serve /)
    hub = await start(block)
  }

  /** Ctrl+C reaches all processes of a terminal. */
  async function stop(shell: ChildProcess | undefined): Promise<void> {
    if (!shell || shell.exitCode !== null || shell.signalCode !== null) return
    const exit = once(shell, 'exit')
    process.kill(-shell.pid!, 'SIGTERM')
    await exit
  }

  const isSecret = (name: string) => (statSync(join(folder, name)).mode & 0o77) === 0

  it('Start', async () => {
    const [keys = '', serve = '', add = '', shop = '', travel = '', signIn = ''] = blocksOf('Start')
    await type(keys)
    await startHub(serve)
    expect(await type(add)).to.match(/shop\.localhost[^]*travel\.localhost/)
    expect(readFileSync(join(folder, 'shop.env'), 'utf8')).to.match(/^SESSION_HUB_KEYS='/)
    expect(['hub-keys.json', 'shop.env', 'travel.env', 'sessions.sqlite'].filter(isSecret)).to.have.length(4)
    for (const site of [shop, travel]) sites.push(await start(site, 'The site listens'))
    expect(await type(signIn)).to.include('"subject":"ada"')
  })

  it('Diagnose', async () => {
    const [health = '', who = '', doctor = ''] = blocksOf('Diagnose')
    await type(health)
    expect(await type(who)).to.match(/ada +http:\/\/shop\.localhost/)
    expect(await type(doctor)).to.match(/✓ sends a visitor to the hub and back[^]*Nothing was found/)
  })

  it('Rotate a site’s keys', async () => {
    const [rotate = '', replace = '', shop = '', signIn = '', finish = ''] = blocksOf("Rotate a site's keys")
    const keysOf = () => readFileSync(join(folder, 'shop.env'), 'utf8')
    const kidsOf = (file: string) => [...file.matchAll(/"kid":"([^"]+)"/g)].map(([, kid]) => kid)
    const before = kidsOf(keysOf())
    await type(rotate)
    expect(JSON.parse(readFileSync(join(folder, 'next-keys.json'), 'utf8'))).to.include.keys(
      'signing',
      'ticket',
    )
    expect(isSecret('next-keys.json')).to.equal(true)
    await type(replace)
    expect(isSecret('shop.env')).to.equal(true)
    const [signing, ...others] = kidsOf(keysOf())
    expect(before)
      .to.include.members([others[0], others.at(-1)])
      .and.not.include(signing)
    await stop(sites[0])
    sites[0] = await start(shop, 'The site listens')
    expect(await type(signIn)).to.include('"subject":"grace"')
    await type(finish)
    expect(await type(signIn), 'with the new keys alone').to.include('"subject":"grace"')
  })

  it('Back up, and restore', async () => {
    const [backup = ''] = blocksOf('Back up')
    await type(backup)
    expect(isSecret('backup.sqlite')).to.equal(true)
    const [restore = '', serve = ''] = blocksOf('Restore')
    await stop(hub)
    await type(restore)
    await startHub(serve)
  })

  it('Scale', async () => {
    await stop(hub)
    const [serve = ''] = blocksOf('Scale')
    await startHub(serve)
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
    // The other user's sessions are all that is left.
    const [outcome, ...rest] = (await type(erase)).split(/^.*\bgrace\b.*$/m)
    const audit = rest.join('')
    expect(outcome).to.include('1 session ended')
    expect(audit)
      .to.match(/erase +erased:/)
      .and.not.to.match(/\bada\b/)
  })
})
