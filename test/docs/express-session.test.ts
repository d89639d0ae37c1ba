/** docs/express-session.md says what the code does: its application runs as it was, and by either diff shares with another site. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import { applyDiff, changedLines } from '../support/apply-diff.js'
import { SECRET } from '../support/passport-app.js'
import { readersProject } from '../support/readers-project.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const project = readersProject(['express-session', 'passport', 'passport-local', 'connect-flash'])
const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = readFileSync(join(root, 'docs/express-session.md'), 'utf8')
const app = /^```js\n(\/\/ app\.mjs\n.*?)^```$/ms.exec(page)![1]!
const diffs = [...page.matchAll(/^```diff\n(.*?)^```$/gms)].map(([, diff]) => diff!)

describe('docs/express-session.md', () => {
  let world: World
  let folder: string
  let children: ChildProcess[]
  let visitor: Visitor
  beforeEach(async () => {
    children = []
    folder = await project.folder('express-session')
    world = await startWorld({ sites: [] })
    visitor = new Visitor(world.hub.origin)
  })
  afterEach(async () => {
    await Promise.all(children.map(ended))
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Runs it as a reader would. */
  async function run(name: string, code: string): Promise<string> {
    const origin = `http://${name}.localhost:${await freePort()}`
    const { keys, registration } = await generateSite(origin)
    world.register(registration)
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, code)
    const child = spawn(process.execPath, [file], {
      env: {
        ...process.env,
        ORIGIN: origin,
        HUB: world.hub.origin,
        SESSION_HUB_KEYS: JSON.stringify(keys),
        SESSION_SECRET: `${name}: ${SECRET}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    for await (const line of createInterface(child.stdout)) if (line.includes('listens')) return origin
    throw new Error(`It ended before it listened: ${complaint}`)
  }

  const submit = (origin: string, path: string, form: Record<string, string> = {}) =>
    visitor.ask(origin + path, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin,
        'sec-fetch-site': 'same-origin',
      },
    })
  const home = async (origin: string) => {
    const { text } = await visitor.ask(`${origin}/`)
    return /<p>(.*)<\/p>/.exec(text)?.[1]?.trim()
  }
  const ada = { username: 'ada', password: 'right' }

  it('has an application that runs as it is', async () => {
    const shop = await run('shop', app)
    await submit(shop, '/login', { ...ada, password: 'wrong' })
    expect(await home(shop)).to.equal('Wrong name or password. Hello stranger! In your cart: 0')
    await submit(shop, '/login', ada)
    await submit(shop, '/cart', { item: 'boots' })
    expect(await home(shop)).to.equal('Hello ada! In your cart: 1')
    await submit(shop, '/logout')
    expect(await home(shop)).to.equal('Hello stranger! In your cart: 0')
  })

  for (const [index, way] of ['in its place', 'beside it'].entries()) {
    const diff = diffs[index]!

    it(`has a diff of less than 15 lines, and says how many, that puts the hub ${way}`, () => {
      const counted = changedLines(diff)
      expect(counted).to.be.below(15)
      const row = /^\| lines changed below \| (\d+) \| (\d+) \|$/m.exec(page)!
      expect(Number(row[index + 1])).to.equal(counted)
    })

    it(`has an application with the hub ${way}, which shares cart and user with another site, and nothing else`, async () => {
      const code = applyDiff(app, diff)
      const [shop, travel] = await Promise.all([run('shop', code), run('travel', code)])
      await submit(shop, '/cart', { item: 'boots' })
      await submit(shop, '/login', { ...ada, password: 'wrong' })
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).outcome).to.equal('replace')
      expect(await home(travel)).to.equal('Hello stranger! In your cart: 1')
      expect(await home(shop)).to.equal('Wrong name or password. Hello stranger! In your cart: 1')

      const planted = visitor.copy()
      await submit(travel, '/cart', { item: 'tent' })
      await submit(travel, '/login', ada)
      expect(await home(travel)).to.equal('Hello ada! In your cart: 2')
      expect((await visitor.sync(travel)).outcome).to.equal('adopt')
      expect((await visitor.sync(shop)).outcome).to.equal('replace')
      expect(await home(shop)).to.equal('Hello ada! In your cart: 2')
      expect((await planted.ask(`${shop}/`)).text).to.not.match(/Hello ada|cart: [12]/)

      await submit(shop, '/logout')
      expect(await home(shop)).to.equal('Hello stranger! In your cart: 0')
      await visitor.sync(travel)
      expect(await home(travel)).to.equal('Hello stranger! In your cart: 0')
    })
  }

  it('lists every option, and those of express-session that are none here', () => {
    const source = readFileSync(join(root, 'sdk/express-session/options.ts'), 'utf8')
    const [, members = ''] = /^export interface ExpressSessionOptions \{\n(.*?)^\}/ms.exec(source) ?? []
    const names = [...members.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!)
    expect(names).to.have.length.above(3)
    for (const name of names) expect(page).to.match(new RegExp(`^\\| \`${name}\` \\|`, 'm'))
    const [, elsewhere = ''] = /^const ELSEWHERE.*?\{\n(.*?)^\}/ms.exec(source) ?? []
    const refused = [...elsewhere.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name!)
    expect(refused).to.have.length.above(5)
    const table = page.slice(page.indexOf('| option | now |'))
    for (const name of refused.filter((one) => one !== 'key')) expect(table).to.include(`\`${name}\``)
  })
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
