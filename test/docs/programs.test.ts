/** The programs of the documents run. */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect } from 'chai'
import { WebSocket } from 'ws'
import { generateApp, generateHubKeys } from 'session-hub/hub'
import type { TokenField } from 'session-hub/verify'

import { applyDiff } from '../support/apply-diff.js'
import { openSchema } from '../support/postgres.js'
import { openPrefix } from '../support/redis.js'
import { expectGuards, expectToTravel } from '../support/travel.js'
import { Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'
import { text, exampleOf } from '../support/documents.js'
import {
  project,
  type Company,
  startCompany,
  createRunner,
  freePorts,
  expectCartToTravel,
} from '../support/document-company.js'

describe('the README', () => {
  it('has a hub and a site that run: a cart and a sign-in travel from one site to the other', async () => {
    const company = await startCompany('README.md', 'site.mjs', 'public/page.js', 'hub.mjs', {
      hubFrom: 'README.md',
    })
    try {
      await expectCartToTravel(company, '/cart', 'user')
      const visitor = new Visitor(company.hub)
      const page = await visitor.ask(`${company.shop}/`)
      const scripts = [...page.text.matchAll(/ src="([^"]+)"/g)].map(([, path]) => path!)
      expect(scripts).to.have.length(2)
      for (const path of scripts)
        expect(await visitor.ask(company.shop + path), path).to.include({ status: 200 })
    } finally {
      await company.close()
    }
  })
})

describe('docs/options.md', () => {
  it('has a configuration with which "session-hub serve" runs', async () => {
    const company = await startCompany('docs/tutorial.md', 'site.mjs', undefined, undefined)
    try {
      await expectCartToTravel(company, '/session', 'subject')
    } finally {
      await company.close()
    }
  })
})

describe('docs/verify.md', () => {
  const page = text('docs/verify.md')

  it('has a service that says who the visitor is', async () => {
    const [, code = ''] = /^```js\n(import \{ verifySession.*?)^```$/ms.exec(page) ?? []
    const [, list = ''] = /^ {2}fields: (\[.*\]),$/m.exec(code) ?? []
    const fields = JSON.parse(list.replaceAll("'", '"')) as TokenField[]
    expect(page.split(`fields: ${list}`), 'the site and the service say the same').to.have.length(3)
    const { privateKey } = generateKeyPairSync('ed25519')
    const world = await startWorld({
      sites: ['shop'],
      site: { fields },
      sessionKey: () => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    })
    const folder = await project.folder('verify')
    try {
      const { origin, listener } = world.siteOf('shop')
      // The machine's own name for itself: `shop.localhost` is the browsers'.
      const own = code
        .replace('https://shop.example/', `http://127.0.0.1:${listener.port}/`)
        .replace("issuer: 'https://shop.example'", `issuer: '${origin}'`)
      writeFileSync(join(folder, 'service.mjs'), own)
      const { default: service } = (await import(pathToFileURL(join(folder, 'service.mjs')).href)) as {
        default: { fetch(request: Request): Promise<Response> }
      }
      const visitor = new Visitor(world.hub.origin)
      await visitor.post(origin, '/sign-in', {
        name: 'ada',
        claims: { profile: { email: 'ada@shop.example' } },
      })
      const cookie = `__Host-session=${visitor.cookies(origin).get('__Host-session')!}`
      const known = await service.fetch(new Request('https://api.example/', { headers: { cookie } }))
      expect(await known.json()).to.deep.equal({ subject: 'ada', email: 'ada@shop.example' })
      const stranger = await service.fetch(new Request('https://api.example/'))
      expect([stranger.status, await stranger.json()]).to.deep.equal([401, { error: 'token_missing' }])
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await world.close()
    }
  })
})

describe('docs/testing.md', () => {
  const page = text('docs/testing.md')

  it('has tests that pass, and an application that they can find wrong', async () => {
    const folder = await project.folder('testing')
    try {
      const app = exampleOf('app.mjs', 'docs/testing.md')
      writeFileSync(join(folder, 'app.test.mjs'), exampleOf('app.test.mjs', 'docs/testing.md'))
      const [, command = ''] = /^```sh\nnode (.*)\n```$/m.exec(page) ?? []
      const outcome = async (source: string) => {
        writeFileSync(join(folder, 'app.mjs'), source)
        const child = spawn(process.execPath, command.split(' '), { cwd: folder, stdio: 'ignore' })
        const [status] = (await once(child, 'exit')) as [number]
        return status
      }
      expect(command).to.equal('--test app.test.mjs')
      expect(await outcome(app)).to.equal(0)
      expect(await outcome(app.replace('[...cart, body.item]', '[body.item]'))).to.equal(1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('docs/write-a-store.md', () => {
  const page = text('docs/write-a-store.md')

  it('has a store that passes the contract, and one that does not when it is broken', async () => {
    const folder = await project.folder('store')
    try {
      const store = exampleOf('file-store.mjs', 'docs/write-a-store.md')
      writeFileSync(
        join(folder, 'file-store.test.mjs'),
        exampleOf('file-store.test.mjs', 'docs/write-a-store.md'),
      )
      const [, command = ''] = /^```sh\nnode (.*)\n```$/m.exec(page) ?? []
      const outcome = async (source: string) => {
        writeFileSync(join(folder, 'file-store.mjs'), source)
        const child = spawn(process.execPath, command.split(' '), { cwd: folder, stdio: 'ignore' })
        const [status] = (await once(child, 'exit')) as [number]
        return status
      }
      expect(await outcome(store)).to.equal(0)
      const broken = store.replace('if (spend && !spentBefore) put', 'if (spend && result) put')
      expect(broken).to.not.equal(store)
      expect(await outcome(broken)).to.equal(1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }).timeout(120_000)
})

describe('docs/frameworks', () => {
  for (const [page, file] of [
    ['node', 'node.mjs'],
    ['express', 'express.mjs'],
    ['express', 'express4.mjs'],
    ['fastify', 'fastify.mjs'],
    ['hono', 'hono.mjs'],
  ] as const) {
    it(`has a site ${file} in ${page}.md to which a cart and a sign-in travel`, async () => {
      const company = await startCompany(`docs/frameworks/${page}.md`, file, undefined, undefined)
      try {
        await expectToTravel(company)
      } finally {
        await company.close()
      }
    })
  }

  const below = text('docs/frameworks.md')
  const diffs = [...below.matchAll(/^```diff\n(--- (\w+)\.mjs\n.*?)^```$/gms)].map(
    ([, diff, name]) => [name!, (code: string) => applyDiff(code, diff!)] as const,
  )
  for (const [name, document, file, change] of [
    ...diffs.map(([page, apply]) => [page, `docs/frameworks/${page}.md`, `${page}.mjs`, apply] as const),
    ['fastify', 'docs/frameworks.md', 'shop.mjs', undefined] as const,
  ]) {
    it(`puts the site of ${name}.md below a path, where it shares and refuses as before`, async () => {
      expect(diffs.map(([page]) => page)).to.deep.equal(['express', 'hono'])
      const company = await startCompany(document, file, undefined, undefined, {
        ...(change && { change }),
        registration: { endpoint: '/shop/session-hub' },
      })
      try {
        await expectToTravel({ ...company, below: '/shop' })
        await expectGuards({ ...company, below: '/shop' })
      } finally {
        await company.close()
      }
    })
  }
})

describe('docs/web-sockets.md', () => {
  it('has a socket that greets the user, and closes when the user signs out on another site', async () => {
    const company = await startCompany('docs/web-sockets.md', 'sockets.mjs', undefined, undefined)
    const { hub, shop, travel } = company
    try {
      const visitor = new Visitor(hub)
      await visitor.post(shop, '/sign-in', {})
      await visitor.sync(shop)
      await visitor.sync(travel)
      const cookie = [...visitor.cookies(shop)].map((pair) => pair.join('=')).join('; ')
      const dial = (headers: Record<string, string>) =>
        new WebSocket(`ws://127.0.0.1:${new URL(shop).port}`, { headers: { origin: shop, ...headers } })
      const [refused] = (await once(dial({}), 'error')) as [Error]
      expect(refused.message).to.include('401')
      const socket = dial({ cookie })
      const closed = once(socket, 'close')
      expect(String((await once(socket, 'message'))[0])).to.equal('Hello ada')
      await visitor.post(travel, '/session-hub/sign-out', {})
      expect((await closed).map(String)).to.deep.equal(['4401', 'signed-out'])
    } finally {
      await company.close()
    }
  })
})

/** A hub whose program is in this document: a cart travels, and the hub's store has it. */
async function expectStoreToShare(
  document: string,
  environment: Record<string, string>,
  expectStored: () => Promise<void>,
): Promise<void> {
  const company = await startCompany('docs/frameworks/node.md', 'node.mjs', undefined, 'hub.mjs', {
    hubFrom: document,
    environment,
  })
  const { hub, shop, travel } = company
  try {
    const visitor = new Visitor(hub)
    await visitor.post(shop, '/cart', {})
    expect((await visitor.sync(shop)).outcome).to.equal('adopt')
    expect((await visitor.sync(travel)).outcome).to.equal('replace')
    expect((await visitor.ask(`${travel}/session`)).json).to.deep.equal({ subject: null, cart: ['boots'] })
    await expectStored()
  } finally {
    await company.close()
  }
}

describe('docs/stores.md', () => {
  it('has a hub on PostgreSQL, which shares a cart', async () => {
    const { postgres } = await openSchema()
    await expectStoreToShare('docs/stores.md', { DATABASE_URL: postgres.url }, async () => {
      const { rows } = await postgres.query('SELECT data FROM session_hub.session WHERE ended_at_ms IS NULL')
      expect(rows).to.deep.equal([{ data: '{"cart":["boots"]}' }])
    })
  })
})

describe('docs/redis.md', () => {
  it('has a hub on Redis, which shares a cart', async () => {
    const { redis } = await openPrefix()
    await expectStoreToShare('docs/redis.md', { REDIS_URL: redis.url }, async () => {
      expect(await redis.command('ZCARD', '{session_hub}:began')).to.equal(1)
    })
  })
})

describe('docs/forms.md', () => {
  it('has a site whose form takes what its own page has, and nothing else', async () => {
    const company = await startCompany('docs/forms.md', 'forms.mjs', undefined, undefined)
    const { hub, shop } = company
    try {
      const visitor = new Visitor(hub)
      const save = async (csrf: string) => {
        const body = new URLSearchParams({ csrf, name: 'Ada' }).toString()
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        return (await visitor.ask(`${shop}/name`, { method: 'POST', body, headers })).status
      }
      expect(await save('')).to.equal(403)
      await visitor.ask(`${shop}/sign-in`, { method: 'POST' })
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec((await visitor.ask(`${shop}/`)).text) ?? []
      for (const wrong of ['', csrf.slice(1), 'A'.repeat(43)]) expect(await save(wrong)).to.equal(403)
      expect(await save(csrf)).to.equal(303)
    } finally {
      await company.close()
    }
  })
})

describe('docs/domains.md', () => {
  const page = 'docs/domains.md'

  it('has an application whose domains come and go, to all of which a cart and a sign-in travel', async () => {
    const runner = await createRunner()
    try {
      const [hub, de] = (await freePorts(['hub', 'de'])) as [string, string]
      const [fr, www] = ['fr', 'www.fr'].map((name) => de.replace('//de.', `//${name}.`)) as [string, string]
      const { keys, registrations } = await generateApp('shop', [de])
      const know = (...origins: string[]) => {
        const records = Object.fromEntries(origins.map((origin) => [new URL(origin).host, origin]))
        runner.write('domains.json', JSON.stringify(records))
      }
      know(de)
      runner.write('hub-keys.json', JSON.stringify(generateHubKeys()))
      runner.write('sites.json', JSON.stringify(registrations))
      for (const name of ['hub.mjs', 'domains.mjs']) runner.write(name, exampleOf(name, page))
      await runner.run([await project.cli(), 'serve', '--config', 'hub.mjs'], { ORIGIN: hub })
      const { port } = new URL(de)
      await runner.run(['domains.mjs'], { HUB: hub, PORT: port, SESSION_HUB_KEYS: JSON.stringify(keys) })

      // Known before anybody has asked, so that no answer of before has to grow old.
      know(de, fr)
      const visitor = new Visitor(hub)
      expect((await visitor.ask(`${de}/`)).text).to.include(`data-hub="${hub}"`)
      expect((await visitor.post(de, '/cart', {})).json).to.deep.equal({ cart: ['boots'] })
      expect((await visitor.sync(de)).outcome).to.equal('adopt')
      expect((await visitor.sync(fr)).outcome).to.equal('replace')
      await visitor.post(fr, '/sign-in', {})
      expect((await visitor.sync(fr)).outcome).to.equal('adopt')
      expect((await visitor.sync(de)).outcome).to.equal('replace')
      const { json } = await visitor.ask(`${de}/session`)
      expect(json).to.deep.equal({ subject: 'ada', cart: ['boots'] })

      const led = await visitor.ask(`${www}//stranger.example`)
      expect([led.status, led.headers.location]).to.deep.equal([308, `${fr}//stranger.example`])
      expect((await visitor.ask(de.replace('//de.', '//it.'))).status).to.equal(404)
    } finally {
      await runner.close()
    }
  })

  it('has an application with keys of its own for each domain', async () => {
    const runner = await createRunner()
    try {
      const [hub, de] = (await freePorts(['hub', 'de'])) as [string, string]
      const fr = de.replace('//de.', '//fr.')
      const made = await Promise.all([de, fr].map((origin) => generateApp('shop', [origin])))
      for (const [at, name] of ['de', 'fr'].entries())
        runner.write(`keys/${name}.localhost.json`, JSON.stringify(made[at]!.keys))
      runner.write('hub-keys.json', JSON.stringify(generateHubKeys()))
      runner.write('sites.json', JSON.stringify(made.flatMap(({ registrations }) => registrations)))
      runner.write(
        'hub.json',
        JSON.stringify({ origin: hub, keys: 'hub-keys.json', sites: 'sites.json', store: 'memory' }),
      )
      runner.write('own-keys.mjs', exampleOf('own-keys.mjs', page))
      await runner.run([await project.cli(), 'serve', '--config', 'hub.json'], {})
      await runner.run(['own-keys.mjs'], { HUB: hub, PORT: new URL(de).port, ORIGINS: `${de} ${fr}` })

      const visitor = new Visitor(hub)
      await visitor.post(de, '/sign-in', {})
      expect((await visitor.sync(de)).outcome).to.equal('adopt')
      expect((await visitor.sync(fr)).outcome).to.equal('replace')
      expect((await visitor.ask(`${fr}/`)).json).to.deep.equal({ subject: 'ada' })
      expect((await visitor.ask(de.replace('//de.', '//it.'))).status).to.equal(404)
    } finally {
      await runner.close()
    }
  })
})

describe('docs/ladder.md', () => {
  let company: Company
  let visitor: Visitor
  before(async () => {
    company = await startCompany('docs/ladder.md', 'ladder.mjs', undefined, 'hub.mjs')
  })
  after(() => company.close())
  beforeEach(() => {
    visitor = new Visitor(company.hub)
    for (const site of [company.shop, company.travel]) visitor.cookies(site).set('consent', 'yes')
  })

  const lineOn = async (site: string) => (await visitor.ask(`${site}/`)).text

  it('has a site whose pages allow what the rungs need', async () => {
    const { headers } = await visitor.ask(`${company.shop}/`)
    const policy = String(headers['content-security-policy']).split(';')
    expect(policy).to.include(`frame-src ${company.hub}`)
    expect(policy).to.include(`form-action 'self' ${company.hub} ${company.travel}`)
    expect(policy).to.not.include('upgrade-insecure-requests')
    expect(headers['cross-origin-opener-policy']).to.equal('same-origin-allow-popups')
  })

  it('has a site whose links carry the cart', async () => {
    await visitor.post(company.shop, '/cart', { item: 'boots' })
    expect(await lineOn(company.travel)).to.include('In the cart: 0')
    await visitor.follow(company.shop, `${company.travel}/`)
    expect(await lineOn(company.travel)).to.include('In the cart: 1')
  })

  it('has a site whose first page comes by the hub, and a link that leads there', async () => {
    await visitor.post(company.shop, '/cart', { item: 'boots' })
    expect((await visitor.redirect(company.shop, '/')).replies.at(-1)?.text).to.include('In the cart: 1')
    const replies = await visitor.navigate(`${company.travel}/`)
    expect(replies.map(({ status }) => status)).to.deep.equal([303, 303, 303, 200])
    expect(replies.at(-1)?.text).to.include('In the cart: 1')
    expect(await visitor.navigate(`${company.travel}/`)).to.have.length(1)
  })

  it('has a site that shares nothing of a visitor who has not agreed', async () => {
    await visitor.post(company.shop, '/cart', { item: 'boots' })
    visitor.cookies(company.shop).delete('consent')
    expect(await visitor.linkTicket(company.shop, company.travel)).to.equal(null)
    expect((await visitor.redirect(company.shop, '/')).arrival).to.equal('redirect.failed.consent_required.0')
    expect(await visitor.navigate(`${company.shop}/`)).to.have.length(1)
    visitor.cookies(company.shop).set('consent', 'yes')
    expect(await visitor.linkTicket(company.shop, company.travel)).to.be.a('string')
  })
})
