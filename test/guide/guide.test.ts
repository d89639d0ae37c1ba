/** docs/guide.md, typed word for word, in a fresh folder; only the ports are others. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import { expect } from 'chai'

import { freePort } from '../support/free-port.js'
import { startPostgres } from '../support/postgres.js'
import { findProgram } from '../support/programs.js'
import { startRedis } from '../support/redis.js'
import { root } from '../support/titles.js'

const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8')

const sectionOf = (heading: string): string =>
  guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''

/** The commands below each heading, block by block. */
const blocksOf = (heading: string): readonly string[] =>
  [...sectionOf(heading).matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block)

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
    writeConfig('Start')
  })
  after(async () => {
    for (const process of [...sites, hub]) await stop(process)
    rmSync(folder, { recursive: true })
  })

  /** The real engines, and where their tools are. */
  const engines: Record<string, string> = {}

  const withPort = (words: string) =>
    [...ports].reduce((said, [host, port]) => said.replaceAll(host, `${host.split(':')[0]}:${port}`), words)
  function writeConfig(heading: string): void {
    const [, config = ''] = /^```json\n([^]*?)^```/m.exec(sectionOf(heading)) ?? []
    expect(config).to.not.equal('')
    writeFileSync(join(folder, 'hub.json'), withPort(config))
  }
  const begin = (script: string) =>
    spawn('sh', ['-e', '-c', withPort(script)], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...engines },
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
    expect(block).to.match(/^(SESSION_HUB_STORE="\$\w+_URL" )?npx session-hub serve /)
    hub = await start(block)
  }

  /** Ctrl+C reaches all processes of a terminal. The shell ends at once; its output ends with the last of the others, which is the hub. */
  async function stop(shell: ChildProcess | undefined): Promise<void> {
    if (!shell || shell.exitCode !== null || shell.signalCode !== null) return
    const ended = once(shell, 'close')
    shell.stdout?.resume()
    process.kill(-shell.pid!, 'SIGTERM')
    await ended
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

  /** What an administrator sees, whichever the store is. */
  const listedAt = (url: string) =>
    type(`SESSION_HUB_STORE="$${url}" npx session-hub sessions list --config hub.json\n`)
  const visitAgain = () =>
    type(blocksOf("Rotate a site's keys").find((block) => block.includes('"grace"')) ?? 'false')

  it('Move to PostgreSQL', async function () {
    this.timeout(180_000)
    expect(await visitAgain()).to.include('"subject":"grace"')
    const tools = [findProgram('SESSION_HUB_POSTGRES'), findProgram('SESSION_HUB_REDIS')]
    const folders = tools.map((program) => dirname(realpathSync(program)))
    const [postgres, redis] = await Promise.all([
      startPostgres(),
      startRedis({ appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' }),
    ])
    Object.assign(engines, {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      PATH: [...folders, process.env['PATH']].join(':'),
    })
    const [copy = '', serve = '', backup = '', restore = '', upgrade = ''] = blocksOf('Move to PostgreSQL')
    await stop(hub)
    expect(await type(copy)).to.match(/sessions/)
    writeConfig('Move to PostgreSQL')
    await startHub(serve)
    const before = await listedAt('DATABASE_URL')
    expect(before).to.match(/grace +http:\/\/shop\.localhost/)
    await type(backup)
    expect(await visitAgain()).to.include('"subject":"grace"')
    expect(await listedAt('DATABASE_URL')).to.not.equal(before)
    await stop(hub)
    expect(await type(restore)).to.match(/new epoch/)
    expect(await type(upgrade)).to.match(/The schema "session_hub" has version/)
    await startHub(serve)
    expect(await listedAt('DATABASE_URL')).to.equal(before)
    expect(await visitAgain()).to.include('"subject":"grace"')
  })

  it('Move to Redis', async function () {
    this.timeout(120_000)
    const [copy = '', serve = '', backup = ''] = blocksOf('Move to Redis')
    await stop(hub)
    await type(copy)
    await startHub(serve)
    expect(await listedAt('REDIS_URL')).to.match(/grace +http:\/\/shop\.localhost/)
    expect(await visitAgain()).to.include('"subject":"grace"')
    expect(await type(backup)).to.match(/Background saving started\n\d+/)
  })
})
