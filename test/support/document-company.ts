/** Runs the programs of a document as a reader would: a hub and two sites, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect } from 'chai'
import { generateHubKeys, generateSite, type SiteRegistration } from 'session-hub/hub'

import { linkVersion, readersProject } from './readers-project.js'
import { Visitor } from './visitor.js'
import { text, exampleOf } from './documents.js'

/** What the documents' readers install beside the package. */
export const project = readersProject([
  'fastify',
  'hono',
  '@hono/node-server',
  'ws',
  'pg',
  'redis',
  'supertest',
])

export interface Company {
  readonly hub: string
  readonly shop: string
  readonly travel: string
  close(): Promise<void>
}

interface HubOfDocument {
  /** The document that has the hub's file. */
  readonly hubFrom?: string
  readonly environment?: Record<string, string>
  /** What a reader changes in the site's file. */
  readonly change?: (code: string) => string
  /** What is registered of both sites, beside their keys. */
  readonly registration?: Partial<SiteRegistration>
}

/**
 * Runs the files of a document as a reader would, in a folder of their own: one for both sites, and perhaps one for their pages.
 *
 * @param hubFile the tutorial's; without it the hub runs by the command
 */
export async function startCompany(
  document: string,
  siteFile: string,
  pageFile: string | undefined,
  hubFile: string | undefined,
  {
    hubFrom = 'docs/tutorial.md',
    environment: more = {},
    change = (code) => code,
    registration = {},
  }: HubOfDocument = {},
): Promise<Company> {
  const runner = await createRunner()
  try {
    if (siteFile === 'express4.mjs') await linkVersion(runner.folder, 'express', 'express4')
    const copy = (name: string, from: string) => {
      const code = exampleOf(name, from)
      runner.write(name, name === siteFile ? change(code) : code)
    }
    if (hubFile !== undefined) copy(hubFile, hubFrom)
    copy(siteFile, document)
    if (pageFile !== undefined) copy(pageFile, document)
    const [hub, shop, travel] = (await freePorts(['hub', 'shop', 'travel'])) as [string, string, string]
    const sites = { shop: await generateSite(shop), travel: await generateSite(travel) }
    const write = (name: string, value: unknown) => {
      runner.write(name, JSON.stringify(value))
    }
    write('hub-keys.json', generateHubKeys())
    write('sites.json', [
      { ...sites.shop.registration, ...registration, sisters: [travel] },
      { ...sites.travel.registration, ...registration, sisters: [shop] },
    ])

    if (hubFile !== undefined) await runner.run([hubFile], { ORIGIN: hub, ...more })
    else {
      const config = /`(\{ "origin": "http:[^`]*\})` in `hub\.json`/.exec(text('docs/options.md'))?.[1]
      write('hub.json', { ...(JSON.parse(config ?? 'null') as object), origin: hub })
      await runner.run([await project.cli(), 'serve', '--config', 'hub.json'], {})
    }
    const runSite = (origin: string, { keys }: Pick<typeof sites.shop, 'keys'>, sister: string) =>
      runner.run([siteFile], {
        ORIGIN: origin,
        HUB: hub,
        SISTERS: sister,
        SESSION_HUB_KEYS: JSON.stringify(keys),
      })
    await Promise.all([runSite(shop, sites.shop, travel), runSite(travel, sites.travel, shop)])
    return { hub, shop, travel, close: () => runner.close() }
  } catch (error) {
    await runner.close()
    throw error
  }
}

export interface Runner {
  readonly folder: string
  write(name: string, content: string): void
  /** Starts a program of Node's, and waits until it listens. */
  run(args: readonly string[], environment: Record<string, string>): Promise<void>
  close(): Promise<void>
}

export async function createRunner(): Promise<Runner> {
  const folder = await project.folder('readme')
  const children: ChildProcess[] = []
  return {
    folder,
    write(name, content) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content, { mode: 0o600 })
    },
    async run(args, environment) {
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.push(child)
      await listens(child)
    },
    async close() {
      await Promise.all(children.map(ended))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Origins on ports that nobody has; all are held until the last is known, so that no two are the same. */
export async function freePorts(names: readonly string[]): Promise<string[]> {
  const servers = names.map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return names.map((name, index) => `http://${name}.localhost:${ports[index]}`)
}

/** Waits for a program to say that it listens. */
async function listens(child: ChildProcess): Promise<void> {
  let complaint = ''
  child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  for await (const line of createInterface(child.stdout!)) {
    if (!/listens|"listening"/.test(line)) continue
    child.stdout!.resume()
    return
  }
  throw new Error(`It ended before it listened: ${complaint}`)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** What a visitor does at two sites: whatever the document, its sites take carts and sign-ins. */
export async function expectCartToTravel(
  { hub, shop, travel }: Company,
  path: string,
  user: string,
): Promise<void> {
  const visitor = new Visitor(hub)

  const added = await visitor.post(shop, '/cart', { item: 'boots' })
  expect(added.json).to.deep.equal({ cart: ['boots'] })
  expect((await visitor.sync(shop)).outcome).to.equal('adopt')
  expect((await visitor.sync(travel)).outcome).to.equal('replace')
  const there = await visitor.ask(travel + path)
  expect(there.json).to.deep.equal({ [user]: null, cart: ['boots'] })

  await visitor.post(travel, '/sign-in', { name: 'ada' })
  expect((await visitor.sync(travel)).outcome).to.equal('adopt')
  expect((await visitor.sync(shop)).outcome).to.equal('replace')
  const back = await visitor.ask(shop + path)
  expect(back.json).to.deep.equal({ [user]: 'ada', cart: ['boots'] })
}
