/** The documents say what the code does: their code runs, their tables are the code's, their links lead somewhere. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, hkdfSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { expect } from 'chai'
import { compactDecrypt, compactVerify, importJWK, type JWK } from 'jose'
import { WebSocket } from 'ws'
import { generateApp, generateHubKeys, generateSite, type SiteRegistration } from 'session-hub/hub'
import type { TokenField } from 'session-hub/verify'

import { siteNames } from '../../demo/sites.js'
import { type ConflictPolicy, decide, type Decision, type Side } from '../../hub/flows/decision.js'
import { keyMergeNames, mergeNames } from '../../hub/flows/merge-rules.js'
import { configRows } from '../../hub/cli/config-rows.js'
import { resolveHubOptions } from '../../hub/options.js'
import { hubCookieName } from '../../hub/routes/cookies.js'
import { parseTicketClaims } from '../../sdk/protocol/claims.js'
import { errorCodes, SessionHubError } from '../../sdk/protocol/errors.js'
import {
  backchannelActs,
  type Choice,
  choices,
  cookieNames,
  endReasons,
  hubPaths,
  limits,
  modes,
  outcomes,
  replaceReasons,
  sitePaths,
} from '../../sdk/protocol/wire.js'
import { applyDiff } from '../support/apply-diff.js'
import { keyPair } from '../support/key-pairs.js'
import { openSchema } from '../support/postgres.js'
import { linkVersion, readersProject } from '../support/readers-project.js'
import { openPrefix } from '../support/redis.js'
import { expectGuards, expectToTravel } from '../support/travel.js'
import { type Ask, type Reply, Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'

/** What the documents' readers install beside the package. */
const project = readersProject(['fastify', 'hono', '@hono/node-server', 'ws', 'pg', 'redis', 'supertest'])
const root = fileURLToPath(new URL('../../../', import.meta.url))
const text = (name: string) => readFileSync(join(root, name), 'utf8')
const documents = ['.', 'docs', 'docs/decisions', 'docs/flows', 'docs/frameworks'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

/** What a visitor does at two sites: whatever the document, its sites take carts and sign-ins. */
async function expectCartToTravel({ hub, shop, travel }: Company, path: string, user: string): Promise<void> {
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

describe('the README', () => {
  it('is short enough to read', () => {
    expect(text('README.md').trimEnd().split('\n')).to.have.length.at.most(200)
  })

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
  const options = text('docs/options.md')

  it('has a configuration with which "session-hub serve" runs', async () => {
    const company = await startCompany('docs/tutorial.md', 'site.mjs', undefined, undefined)
    try {
      await expectCartToTravel(company, '/session', 'subject')
    } finally {
      await company.close()
    }
  })

  describe('and its neighbours list every option', () => {
    const client = 'docs/client.md'
    const lists: readonly { document?: string; heading: string; names: readonly string[] }[] = [
      { heading: '## `createHub(options)`', names: membersOf('hub/options.ts', 'HubOptions') },
      { heading: '## `createHub(options)`', names: membersOf('hub/routes/limits.ts', 'RateLimits') },
      { heading: '## `createHub(options)`', names: membersOf('hub/sites/site.ts', 'SiteRegistration') },
      { heading: '## `createHub(options)`', names: membersOf('hub/sites/site.ts', 'SharePolicy') },
      {
        heading: '## `createHub(options)`',
        names: membersOf('hub/stores/sqlite/options.ts', 'SqliteOptions'),
      },
      { heading: '## `createHub(options)`', names: membersOf('hub/app.ts', 'Hub') },
      { heading: '## `createHub(options)`', names: ['tokens', 'authorize', 'isAdmin', 'auditSeconds'] },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/options.ts', 'SiteOptions') },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/options.ts', 'AppOptions') },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/site.ts', 'Site') },
      {
        heading: '## `createSite(options)`',
        names: membersOf('sdk/site/script-tag.ts', 'ScriptTagOptions'),
      },
      { heading: '## `createClient(options)`', names: membersOf('sdk/browser/options.ts', 'ClientOptions') },
      { heading: '## `session-hub serve', names: Object.keys(configRows) },
      { heading: '## `session-hub serve', names: flagsOf('hub/cli/sites.ts') },
      {
        document: 'docs/session.md',
        heading: '# `req.session`',
        names: membersOf('sdk/site/session/held-session.ts', 'SiteSession'),
      },
      { document: client, heading: '# The', names: membersOf('sdk/browser/client.ts', 'Client') },
      { document: client, heading: '# The', names: membersOf('sdk/browser/status.ts', 'Status') },
      { document: client, heading: '# The', names: membersOf('sdk/browser/events.ts', 'ClientEvents') },
      { document: client, heading: '# The', names: [...replaceReasons, ...endReasons, 'unknown'] },
    ]
    for (const { document = 'docs/options.md', heading, names } of lists) {
      it(`of ${document}, ${heading.replace(/^#+ /, '')}: ${names.join(', ')}`, () => {
        expect(names).to.not.be.empty
        const words = codeOf(sectionOf(text(document), heading))
        expect(words).to.include.members(names)
      })
    }

    it('with the defaults of the source', () => {
      for (const [source, heading] of [
        ['hub/options.ts', '## `createHub(options)`'],
        ['hub/sites/site.ts', '## `createHub(options)`'],
        ['sdk/site/options.ts', '## `createSite(options)`'],
        ['sdk/browser/options.ts', '## `createClient(options)`'],
      ] as const) {
        const section = sectionOf(options, heading)
        const defaults = defaultsOf(source)
        expect(defaults).to.have.length.above(2)
        for (const [name, value] of defaults) {
          expect(rowOf(section, name).at(-1), `${source}: ${name}`).to.include(value)
        }
      }
    })
  })
})

describe('docs/demo.md', () => {
  it('has the addresses of the demo', () => {
    const port = Number(/^const DEFAULT_PORT_BASE = (\d+)$/m.exec(text('demo/start.ts'))?.[1])
    const names = ['hub', ...siteNames]
    const addresses = names.map((name, index) => `http://${name}.localhost:${port + index}`)
    const listed = [...text('docs/demo.md').matchAll(/<(http:[^>]+)>/g)].map(([, address]) => address)
    expect(listed).to.have.members(addresses)
  })
})

describe('docs/performance.md', () => {
  it('has the size limits of the build', () => {
    const limited = JSON.parse(text('.size-limit.json')) as { name: string; limit: string }[]
    const page = text('docs/performance.md')
    const section = page.slice(page.indexOf('| file | bytes |'))
    expect(limited).to.not.be.empty
    expect(tableOf(section)).to.have.length(limited.length)
    for (const { name, limit } of limited) {
      const [, bytes = ''] = tableOf(section).find(([file = '']) => file.includes(`\`${name}\``)) ?? []
      expect(`${Number(bytes.replace(',', ''))} B`, name).to.equal(limit)
    }
  })
})

describe('docs/README.md', () => {
  it('leads to every page', () => {
    const linked = [...text('docs/README.md').matchAll(/\]\(([\w/.-]+\.md)\)/g)].map(([, path]) =>
      join('docs', path!),
    )
    expect(linked).to.include.members(
      documents.filter((name) => /^docs\/(?!(decisions\/0|README))/.test(name)),
    )
  })
})

describe('docs/protocol.md', () => {
  const protocol = text('docs/protocol.md')

  it('has the decision table of the code', () => {
    const none: Side = { kind: 'none' }
    const anonymous = (id: string, isEmpty: boolean): Side => ({ kind: 'anonymous', id, isEmpty })
    const user = (id: string, subject: string): Side => ({ kind: 'user', id, subject })
    /** By the words of the document: the site's side, and what each word for the hub's side means beside it. */
    const sides: Record<string, [site: Side, hub: Record<string, Side[]>]> = {}
    const strangers = {
      none: [none],
      anonymous: [anonymous('hub', true), anonymous('hub', false)],
    }
    const anyone = { ...strangers, user: [user('hub', 'ada')] }
    sides.none = [none, anyone]
    const empty = anonymous('site', true)
    sides['anonymous, empty'] = [empty, { ...anyone, 'the same session': [empty] }]
    const cart = anonymous('site', false)
    sides['anonymous, with data'] = [cart, { ...anyone, 'the same session': [cart] }]
    const ada = user('site', 'ada')
    sides.user = [
      ada,
      {
        ...strangers,
        'the same user, another session': [user('hub', 'ada')],
        'another user': [user('hub', 'bob')],
        'the same session': [ada],
      },
    ]

    const expected = Object.entries(sides).flatMap(([site, [siteSide, hubs]]) =>
      Object.entries(hubs).flatMap(([hub, hubSides]) =>
        hubSides.map((hubSide) => {
          const cell = (conflict: ConflictPolicy, siteYields: boolean, choice?: Choice) =>
            inWords(decide(siteSide, hubSide, { conflict, siteYields, choice }))
          const chosen = choices.map((choice) => cell('keep-both', false, choice))
          const cells = [cell('keep-both', false), ...chosen, cell('hub', false), cell('site', false)]
          const news = decide(siteSide, hubSide, { conflict: 'site', siteYields: false, isNews: true })
          return [site, hub, ...cells, inWords(news), cell('keep-both', true)]
        }),
      ),
    )
    // An empty and a full session of the hub are one row.
    const rows = [...new Set(expected.map((row) => row.join(' | ')))]
    const table = tableOf(sectionOf(protocol, '## The decision'))
    expect(table.map((row) => row.join(' | '))).to.deep.equal(rows)
  })

  it('has the limits of the code', () => {
    const rows = tableOf(sectionOf(protocol, '## Limits'))
    const limitOf = (what: string) => {
      const [, limit = ''] = rows.find(([first]) => first === what) ?? []
      return limit.replaceAll(',', '')
    }
    const expected: readonly [what: string, limit: string][] = [
      ['a token', `${limits.tokenLength} characters`],
      ['a request body', `${limits.bodyBytes} bytes`],
      ["the body's arrival", `${limits.bodyTimeoutMs / 1000} seconds`],
      ['one patch of the data as JSON, at the site', `${limits.patchBytes} bytes`],
      ['what a site puts into its session token', `${limits.tokenContentBytes} bytes as JSON`],
      ["a session's data as JSON", `${limits.dataBytes} bytes`],
      ["a session's claims as JSON", `${limits.claimsBytes} bytes`],
      ['data and claims', `${limits.jsonDepth} levels each`],
      ['a subject', `1 to ${limits.subjectBytes} bytes`],
      ["a browser's description of itself", `${limits.agentLength} characters`],
      ['sessions in a list', String(limits.listedSessions)],
      ['an origin', `${limits.originLength} characters`],
      ['clocks', `${limits.skewSeconds} seconds apart`],
      ['where a link or a redirect leads', `${limits.targetLength} characters`],
      ['sisters of one site', `${limits.sisters} origins`],
      ['a redirect, at the site and at the hub', `${limits.redirectSeconds} seconds`],
      ['a posted link ticket, at the site', `${limits.redirectSeconds} seconds`],
      ['event streams of one site at once', numberIn('hub/routes/events.ts', 'MOST_PER_PARTY')],
      ['one event, at the site', numberIn('sdk/site/hub/event-stream.ts', 'MAX_EVENT_CHARS')],
      ["endings that a site's process remembers", numberIn('sdk/site/session/endings.ts', 'MOST')],
      [
        "requests of a site's process that wait for the hub at once",
        numberIn('sdk/site/hub/line.ts', 'MOST_UNDER_WAY'),
      ],
      ['pages that listen to one process of a site', numberIn('sdk/site/endpoints/live.ts', 'MOST')],
    ]
    for (const [what, limit] of expected) {
      expect(limitOf(what), what).to.match(new RegExp(`^${limit}(?!\\w)`))
    }
  })

  it('has every event of the stream, with its members', () => {
    const source = text('sdk/protocol/events.ts')
    const [, union = ''] = /^export type StreamEvent = (.*)$/m.exec(source) ?? []
    const membersOfEvent = (fields: string) => {
      const [, body = ''] = new RegExp(`^const ${fields} = \\{(.*)\\}$`, 'm').exec(source) ?? []
      return [...body.matchAll(/(\w+):/g)].map(([, name]) => name!)
    }
    const expected = { hello: [], reset: [], ended: membersOfEvent('endedFields') }
    const all = { ...expected, 'subject-ended': membersOfEvent('subjectEndedFields') }
    expect(union.match(/[\w-]+/g)).to.deep.equal(Object.keys(all))
    expect(all['subject-ended']).to.have.length.above(2)
    const section = sectionOf(protocol, '## The event stream')
    const table = section.slice(section.indexOf('| event |'))
    expect(tableOf(table).map(([name = '']) => name.replaceAll('`', ''))).to.deep.equal(Object.keys(all))
    for (const [name, members] of Object.entries(all)) {
      const [, data = ''] = rowOf(table, name)
      expect(
        [...data.matchAll(/"(\w+)":/g)].map(([, member]) => member!),
        name,
      ).to.deep.equal(members)
    }
  })

  it('has every cookie, with the attributes that it is set with', async () => {
    const listed = tableOf(sectionOf(protocol, '## Cookies')).map(
      ([name = '', , , attributes = '']) =>
        [name, attributes].map((cell) => cell.replaceAll('`', '')) as Pair,
    )
    const ofGroup = hubCookieName({ group: '<group>' })
    expect(listed.map(([name]) => name)).to.have.members([...Object.values(cookieNames), ofGroup])

    const { set } = await visitorOfEveryRung()
    expect([...set.keys()]).to.have.length.above(7)
    const { set: inGroup } = await visitorOfEveryRung({ group: 'red' })
    expect(inGroup.has(cookieNames.hub), 'the cookie of no group').to.equal(false)
    set.set(ofGroup, inGroup.get(hubCookieName({ group: 'red' }))!)
    for (const [name, attributes] of listed)
      if (set.has(name)) expect(set.get(name), name).to.equal(attributes)
  })

  it('has every endpoint of a site, by its method', async () => {
    const table = tableOf(sectionOf(protocol, "## The site's endpoints"))
    const listed = table.flatMap(([paths = '']) => [...paths.matchAll(/`(GET|POST) (\/[\w./-]+)`/g)])
    expect(new Set(listed.map(([, , path]) => path))).to.deep.equal(new Set(Object.values(sitePaths)))

    const world = await startWorld({
      sites: ['shop'],
      site: { live: true, audiences: ['https://api.example'] },
      sessionKey: () => keyPair('EdDSA').jwk,
    })
    try {
      const { origin } = world.siteOf('shop')
      for (const [what, method, path] of listed) {
        const reply = await new Visitor(world.hub.origin).ask(`${origin}/session-hub${path}`, {
          method: method!,
        })
        expect(reply.status, what).to.be.oneOf([200, 303, 403, 415])
      }
    } finally {
      await world.close()
    }
  })

  it('has every path of the hub', () => {
    const named = [...protocol.matchAll(/`(?:(?:GET|POST) )?(\/[\w./-]*\w)/g)].map(([, path]) => path)
    expect(named).to.include.members(Object.values(hubPaths))
  })

  it('has every act of the back-channel, every outcome of a message and every mode of a ticket', () => {
    for (const act of backchannelActs) expect(anchorsOf(protocol), act).to.include(act)
    const [, outcomeList] = rowOf(sectionOf(protocol, '## Messages'), 'outcome')
    expect(codeOf(outcomeList!)).to.have.members([...outcomes])
    const [, choiceList] = rowOf(sectionOf(protocol, '## Messages'), 'choice')
    expect(codeOf(choiceList!)).to.include.members([...choices])
    const [, modeList] = rowOf(sectionOf(protocol, '### Ticket'), 'mode')
    expect(codeOf(modeList!)).to.have.members([...modes])
  })

  it('has an example that another library opens, verifies and finds to be as shown', async () => {
    const section = sectionOf(protocol, '## A worked example')
    const block = (name: string) => {
      const found = new RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(section)?.[1]
      if (found === undefined) throw new Error(`There is no block "${name}"`)
      return found
    }
    const key = async (name: string, alg: string) => importJWK(JSON.parse(block(name)) as JWK, alg)
    const word = (name: string) => block(name).replace(/\s/g, '')
    const claims = parseTicketClaims(JSON.parse(block('claims')))

    const sealed = await compactDecrypt(word('ticket'), await key('ticket-key', 'A256GCM'))
    expect(sealed.protectedHeader).to.deep.equal({
      alg: 'dir',
      enc: 'A256GCM',
      cty: 'JWT',
      kid: 'example-ticket',
    })
    const { k } = JSON.parse(block('ticket-key')) as { k: string }
    const signing = hkdfSync('sha256', Buffer.from(k, 'base64url'), '', 'session-hub ticket+jwt', 32)
    const signed = await compactVerify(sealed.plaintext, new Uint8Array(signing))
    expect(signed.protectedHeader).to.deep.equal({ alg: 'HS256', typ: 'ticket+jwt', kid: 'example-ticket' })
    expect(JSON.parse(new TextDecoder().decode(signed.payload))).to.deep.equal(claims)
    expect(hash(word('verifier')))
      .to.equal(word('nonce'))
      .and.to.equal(claims.nonce)
    expect(hash(word('handle'))).to.equal(word('handle-hash'))
  })
})

describe('docs/verify.md', () => {
  const page = text('docs/verify.md')

  it('lists every option, with its default, and every member of the result', () => {
    const service = sectionOf(page, '## The service')
    for (const name of [
      ...membersOf('sdk/verify/verify.ts', 'VerifyOptions'),
      ...membersOf('sdk/verify/verify.ts', 'VerifiedSession').filter((name) => !name.endsWith('At')),
    ])
      rowOf(service, name)
    expect(codeOf(service)).to.include.members(membersOf('sdk/verify/verify.ts', 'VerifiedSession'))
    const defaults = defaultsOf('sdk/verify/verify.ts')
    expect(defaults).to.have.length.above(2)
    for (const [name, value] of defaults.filter(([, value]) => value !== 'the'))
      expect(rowOf(service, name).at(-1), name).to.include(value)
    expect(codeOf(sectionOf(page, '## The site'))).to.include.members(
      membersOf('sdk/site/token-session.ts', 'TokenSession'),
    )
  })

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

  it('lists every option, with its default, and every member of a test hub', () => {
    const section = sectionOf(page, '## The hub')
    for (const name of membersOf('sdk/testing/options.ts', 'TestHubOptions')) rowOf(section, name)
    for (const [name, value] of defaultsOf('sdk/testing/options.ts'))
      expect(rowOf(section, name).at(-1), name).to.include(value.replaceAll('`', ''))
    expect(codeOf(section)).to.include.members([
      ...membersOf('sdk/testing/test-hub.ts', 'TestHub'),
      ...membersOf('sdk/testing/test-hub.ts', 'SignedInAs'),
      ...membersOf('sdk/testing/visitor.ts', 'TestVisitor'),
      ...membersOf('sdk/site/account/sign-in.ts', 'SignIn'),
    ])
    const [, own = ''] = /^const OWN = \[([^\]]*)\] as const$/m.exec(text('sdk/testing/options.ts')) ?? []
    const kept = own.match(/\w+/g)
    expect(kept).to.have.length.above(4)
    const [, said = ''] = rowOf(section, 'hub')
    expect(codeOf(said.slice(said.indexOf('; not ')))).to.have.members(kept!)
    expect(codeOf(page)).to.include.members(membersOf('sdk/testing/clock.ts', 'Clock'))
  })

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

  it('lists every option of the contract, and every member of its world', () => {
    const section = sectionOf(page, '## Test it')
    expect(codeOf(section)).to.include.members([
      ...membersOf('sdk/testing/store-contract/suite.ts', 'StoreContractOptions'),
      ...['address', 'dump', 'remove'],
    ])
  })

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

  it('has a page for each framework, with the versions that are tested', () => {
    const rows = tableOf(text('docs/frameworks.md'))
    const listed = rows.flatMap(([, , , page = '']) => [...page.matchAll(/\(frameworks\/([\w-]+\.md)\)/g)])
    expect(listed.map(([, name]) => name)).to.have.members(readdirSync(join(root, 'docs/frameworks')))
    const { devDependencies } = JSON.parse(text('package.json')) as {
      devDependencies: Record<string, string>
    }
    const versions = Object.fromEntries(rows.map(([name = '', version]) => [name.split(/\W/)[0]!, version]))
    for (const name of ['fastify', 'hono']) {
      const [major] = /\d+/.exec(devDependencies[name]!)!
      expect(versions[name[0]!.toUpperCase() + name.slice(1)]).to.equal(major)
    }
    const heavy = readdirSync(join(root, 'test/frameworks')).map((file) => text(`test/frameworks/${file}`))
    for (const [name, version] of [
      ['next', versions.Next],
      ['@nestjs/core', versions.NestJS],
    ])
      expect(heavy.join('')).to.include(`'${name}@${version}'`)
  })

  it('lists the options of the plugin for Fastify', () => {
    const page = text('docs/frameworks/fastify.md')
    for (const name of membersOf('sdk/site/fastify.ts', 'FastifySiteOptions')) rowOf(page, name)
    for (const [name, value] of defaultsOf('sdk/site/fastify.ts'))
      expect(rowOf(page, name).at(-1), name).to.include(value)
  })
})

describe('.github/workflows/test.yml', () => {
  it('runs every part of "npm run test:adapters"', () => {
    const listed = (source: string, name: string) =>
      new RegExp(`${name}.*?\\[(.*?)\\]`, 's').exec(text(source))?.[1]?.match(/\w+/g) ?? []
    const parts = ['adapters', 'frameworks'].flatMap((name) => listed('test/adapters.mjs', `const ${name} =`))
    expect(parts).to.have.length.above(6)
    expect(listed('.github/workflows/test.yml', 'part:')).to.have.members([...parts, 'guards'])
  })
})

describe('docs/migrating.md', () => {
  const page = text('docs/migrating.md')
  const rows = page.split('\n').filter((line) => /^ *\|(?! (there|on there) |---)/.test(line))

  it('names, as ours, only what the other documents have', () => {
    const known = new Set(
      documents.filter((name) => name !== 'docs/migrating.md').flatMap((name) => codeOf(text(name))),
    )
    const named = rows.flatMap((row) => codeOf(cellsOf(row.trim())[1] ?? ''))
    expect(named).to.have.length.above(60)
    expect(named.filter((word) => !known.has(word))).to.deep.equal(['both', 'short', 'long'])
  })

  it('leads from their options to ours, with what ours are given', () => {
    const pairs: Record<string, readonly string[]> = {
      SHARED_SESSION_SITES: ['sites'],
      SHARED_SESSION_ALWAYS_REPLACE: ['alwaysReplace'],
      SHARED_SESSION_TIMEOUT: ['ticketSeconds'],
      session_replaced: ['onReplaced', ...membersOf('sdk/site/hook.ts', 'ReplacedEvent'), ...modes],
      CROSSDOMAIN_PRIMARY_SERVERNAME: ['hub'],
      CROSSDOMAIN_PATH: ['endpoint'],
      domain_loader: ['findSite', 'findOrigin'],
      may_set_cookie_loader: ['mayStore', 'consent_required'],
      last_session_check: ['interval'],
      FIELDS: ['fields'],
      CALLABLE: ['tokenClaims', ...membersOf('sdk/site/token-session.ts', 'TokenSession')],
      KEY: ['keys'],
      SESSION_FIELD: ['sessionField'],
      EXPIRES: ['freshForSeconds'],
      SINGLE_USER_SESSION: ['singleSession', ...membersOf('hub/flows/context.ts', 'SignedIn')],
      LOGOUT_ALL_SESSIONS: ['endAllOnSignOut'],
    }
    for (const [theirs, [option, ...members]] of Object.entries(pairs)) {
      // A row of the tables of packages, not of what all moves have in common.
      const [, ours = '', differs = ''] =
        rows.map((row) => cellsOf(row.trim())).find(([there]) => codeOf(there!).includes(theirs)) ?? []
      expect(codeOf(ours)[0], theirs).to.equal(option)
      expect(codeOf(ours + differs), theirs).to.include.members(members)
    }
  })

  it('has the defaults of the code', () => {
    const ours = new Map([
      ...defaultsOf('sdk/site/options.ts'),
      ...defaultsOf('hub/options.ts'),
      ...defaultsOf('sdk/browser/options.ts'),
    ])
    const said = rows.flatMap((row) => [
      ...(cellsOf(row.trim())[1] ?? '').matchAll(/`(\w+)` of the \w+, by default `?([\w/-]+)`?/g),
    ])
    expect(said).to.have.length.above(4)
    for (const [, name = '', value = ''] of said)
      expect(ours.get(name)?.replace(/[`',.]/g, ''), name).to.equal(value)
  })
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

describe('docs/stores.md', () => {
  it('has a hub on PostgreSQL, which shares a cart', async () => {
    const { postgres } = await openSchema()
    const company = await startCompany('docs/frameworks/node.md', 'node.mjs', undefined, 'hub.mjs', {
      hubFrom: 'docs/stores.md',
      environment: { DATABASE_URL: postgres.url },
    })
    const { hub, shop, travel } = company
    try {
      const visitor = new Visitor(hub)
      await visitor.post(shop, '/cart', {})
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).outcome).to.equal('replace')
      expect((await visitor.ask(`${travel}/session`)).json).to.deep.equal({ subject: null, cart: ['boots'] })
      const { rows } = await postgres.query('SELECT data FROM session_hub.session WHERE ended_at_ms IS NULL')
      expect(rows).to.deep.equal([{ data: '{"cart":["boots"]}' }])
    } finally {
      await company.close()
    }
  })
})

describe('docs/redis.md', () => {
  it('has a hub on Redis, which shares a cart', async () => {
    const { redis } = await openPrefix()
    const company = await startCompany('docs/frameworks/node.md', 'node.mjs', undefined, 'hub.mjs', {
      hubFrom: 'docs/redis.md',
      environment: { REDIS_URL: redis.url },
    })
    const { hub, shop, travel } = company
    try {
      const visitor = new Visitor(hub)
      await visitor.post(shop, '/cart', {})
      expect((await visitor.sync(shop)).outcome).to.equal('adopt')
      expect((await visitor.sync(travel)).outcome).to.equal('replace')
      expect((await visitor.ask(`${travel}/session`)).json).to.deep.equal({ subject: null, cart: ['boots'] })
      expect(await redis.command('ZCARD', '{session_hub}:began')).to.equal(1)
    } finally {
      await company.close()
    }
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

describe('docs/flows', () => {
  const page = (name: string) => text(`docs/flows/${name}.md`)

  it('has a page for each flow, with a diagram, and an index of them', () => {
    const listed = [...text('docs/session-life.md').matchAll(/\(flows\/([\w-]+\.md)\)/g)].map(
      ([, name]) => name,
    )
    expect(listed).to.have.members(readdirSync(join(root, 'docs/flows')))
    for (const name of listed)
      expect(text(`docs/flows/${name}`), name).to.include('```mermaid\nsequenceDiagram\n')
  })

  it('has the lifetimes of the code', () => {
    const { lifetimes } = resolveHubOptions({
      origin: 'https://hub.example',
      keys: { secret: 'A'.repeat(43) },
    }).rules
    const rows = tableOf(sectionOf(page('lifetimes'), '## How long it lives')).map(
      ([name = '', idle = '', absolute = '']) => [
        name.replaceAll('`', ''),
        parseInt(idle),
        parseInt(absolute),
      ],
    )
    expect(rows).to.deep.equal(
      Object.entries(lifetimes).map(([name, { idleSeconds, absoluteSeconds }]) => [
        `lifetimes.${name}`,
        idleSeconds,
        absoluteSeconds,
      ]),
    )
  })

  const lists: readonly [name: string, names: readonly string[]][] = [
    ['merge', [...mergeNames, ...keyMergeNames]],
    ['conflict', membersOf('hub/flows/context.ts', 'ConflictQuestion')],
    ['devices', membersOf('sdk/site/account/devices.ts', 'UserSession')],
  ]
  for (const [name, names] of lists) {
    it(`names ${names.join(', ')} in ${name}.md`, () => {
      expect(names).to.not.be.empty
      expect(page(name).match(/[\w-]+/g)).to.include.members([...names])
    })
  }

  it('has every act of hub.sessions, and what its list shows', () => {
    const words = sectionOf(page('sign-out'), "## Ended by the hub's application").match(/\w+/g)
    const names = ['HubSessions', 'SessionSummary'].flatMap((name) => membersOf('hub/sessions.ts', name))
    expect(words).to.include.members(names.filter((name) => name !== 'subject'))
  })
})

describe('docs/errors.md', () => {
  const errors = text('docs/errors.md')

  it('has every error code, in order, with its status', () => {
    const table = tableOf(sectionOf(errors, '## Error codes'))
    const listed = table.map(([code = '', status]) => [code.replaceAll('`', ''), Number(status)])
    expect(listed).to.deep.equal(errorCodes.map((code) => [code, new SessionHubError(code, '').status]))
  })
})

describe('docs/log-events.md', () => {
  const rows = new Map(
    [...text('docs/log-events.md').matchAll(/^\| `(\w+)` \| ([\w ]+?) \|/gm)].map(
      ([, event = '', level = '']) => [event, level],
    ),
  )

  it('has every log event', () => {
    const known = ['sdk/settings/log.ts', 'hub/cli/serve-log.ts'].flatMap((source) =>
      [...text(source).matchAll(/^ +\| '(\w+)'$/gm)].map(([, name]) => name),
    )
    expect(known).to.have.length.above(10)
    expect([...rows.keys()]).to.have.members(known)
  })

  it('has each with the level that the source writes it with', () => {
    const written = ['sdk', 'hub']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(folder, name),
        ),
      )
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...text(name).matchAll(/\blevel: '(\w+)',\s+event: '(\w+)'/g)])
      .map(([, level = '', event = '']) => ({ event, level }))
    expect(written).to.have.length.above(15)
    for (const { event, level } of written) expect(rows.get(event), event).to.equal(level)
  })
})

describe('SECURITY.md', () => {
  it('has every rule that the code cites', () => {
    const listed = [...text('SECURITY.md').matchAll(/^- \*\*(R\d+)\*\*/gm)].map(([, rule]) => rule)
    const cited = ['sdk', 'hub', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => text(join(folder, name)).match(/\bR\d+\b/g) ?? []),
    )
    expect(listed).to.include.members([...new Set(cited)])
  })
})

describe('every document', () => {
  for (const name of documents) {
    it(`${name} has links that lead somewhere`, () => {
      const targets = [...withoutCode(text(name)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
      for (const target of targets.filter((found) => !/^https?:/.test(found))) {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? name : join(dirname(name), path)
        expect(existsSync(join(root, file)), `${target}: the file`).to.be.true
        if (anchor !== undefined) expect(anchorsOf(text(file)), target).to.include(anchor)
      }
    })

    it(`${name} has tables of whole rows`, () => {
      const widths = (table: string) =>
        new Set(
          table
            .trim()
            .split('\n')
            .map((row) => cellsOf(row).length),
        )
      for (const [table] of text(name).matchAll(/(?:^\|.*\n)+/gm))
        expect(widths(table).size, table).to.equal(1)
    })
  }
})

// The company of a document

interface Company {
  readonly hub: string
  readonly shop: string
  readonly travel: string
  close(): Promise<void>
}

/**
 * Runs the files of a document as a reader would, in a folder of their own: one for both sites, and perhaps one for their pages.
 *
 * @param hubFile the tutorial's; without it the hub runs by the command
 */
interface HubOfDocument {
  /** The document that has the hub's file. */
  readonly hubFrom?: string
  readonly environment?: Record<string, string>
  /** What a reader changes in the site's file. */
  readonly change?: (code: string) => string
  /** What is registered of both sites, beside their keys. */
  readonly registration?: Partial<SiteRegistration>
}

async function startCompany(
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

interface Runner {
  readonly folder: string
  write(name: string, content: string): void
  /** Starts a program of Node's, and waits until it listens. */
  run(args: readonly string[], environment: Record<string, string>): Promise<void>
  close(): Promise<void>
}

async function createRunner(): Promise<Runner> {
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

/** The code block of a document that begins with this file's name. */
function exampleOf(name: string, document: string): string {
  const blocks = [...text(document).matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!)
  const found = blocks.find((code) => code.startsWith(`// ${name}\n`))
  if (found === undefined) throw new Error(`${document} has no "${name}"`)
  return found
}

/** Origins on ports that nobody has; all are held until the last is known, so that no two are the same. */
async function freePorts(names: readonly string[]): Promise<string[]> {
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

// Cookies

type Pair = [name: string, attributes: string]

/** Keeps what every cookie was set with, apart from its value. */
class CookieWatcher extends Visitor {
  readonly set = new Map<string, string>()

  override async ask(url: string, options?: Ask): Promise<Reply> {
    const reply = await super.ask(url, options)
    for (const cookie of reply.headers['set-cookie'] ?? []) {
      const [, name = '', value, attributes = ''] = /^([^=]+)=([^;]*); (.*)$/.exec(cookie) ?? []
      if (value !== '') this.set.set(name, attributes)
    }
    return reply
  }
}

/** A visitor who has come by every way there is. */
async function visitorOfEveryRung(registration: Partial<SiteRegistration> = {}): Promise<CookieWatcher> {
  const sites = ['shop', 'travel']
  const world = await startWorld({ sites, sisters: true, once: true, registration: () => registration })
  try {
    const visitor = new CookieWatcher(world.hub.origin)
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.navigate(`${shop}/`)
    await visitor.follow(shop, `${travel}/plain`)
    return visitor
  } finally {
    await world.close()
  }
}

// Reading Markdown

/** From a heading that begins like this to the next of its rank or higher. */
function sectionOf(markdown: string, heading: string): string {
  const lines = withoutComments(markdown).split('\n')
  const start = lines.findIndex((line) => line.startsWith(heading))
  if (start < 0) throw new Error(`There is no "${heading}"`)
  const rank = heading.indexOf(' ')
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= rank)
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The cells of the first table, without its head. */
function tableOf(markdown: string): string[][] {
  const [table = ''] = /(?:^\|.*(?:\n|$))+/m.exec(markdown) ?? []
  return table.trim().split('\n').slice(2).map(cellsOf)
}

const cellsOf = (row: string) =>
  row
    .slice(1, row.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim())

function rowOf(markdown: string, name: string): string[] {
  const row = new RegExp(`^\\| \`${name}\` \\|.*$`, 'm').exec(markdown)?.[0]
  if (row === undefined) throw new Error(`There is no row "${name}"`)
  return cellsOf(row)
}

/** Every word that stands in code: a name that is only mentioned in prose does not count. */
const codeOf = (markdown: string) =>
  [...markdown.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.match(/[\w-]+/g) ?? [])

const withoutComments = (markdown: string) => markdown.replace(/<!--.*?-->\n/gs, '')
const withoutCode = (markdown: string) => markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '')

/** Headings as GitHub names them. */
const anchorsOf = (markdown: string) =>
  [...markdown.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

// Reading the source

/** A number of the source's own, as it is written there. */
function numberIn(source: string, name: string): string {
  const value = new RegExp(`^const ${name} = ([\\d_]+)$`, 'm').exec(text(source))?.[1]
  if (value === undefined) throw new Error(`${source} has no number "${name}"`)
  return value.replaceAll('_', '')
}

/** The members of an interface. */
function membersOf(source: string, name: string): string[] {
  const body = new RegExp(
    `^export interface ${name}(?:<.+?>)?(?: extends [\\w<>, ]+)? \\{\\n(.*?)^\\}`,
    'ms',
  ).exec(text(source))?.[1]
  if (body === undefined) throw new Error(`${source} has no interface "${name}"`)
  const members = [...body.matchAll(/^ {2}(?:readonly )?(?:'([\w-]+)'|(\w+))[?:(<]/gm)]
  return [...new Set(members.map(([, quoted, plain]) => quoted ?? plain!))]
}

/** Options with their `@default`, where that is one value. */
function defaultsOf(source: string): [name: string, value: string][] {
  const documented = text(source).matchAll(/@default ([^\s*]+)(?: \(.*?\))?\s*\*\/\n {2}readonly (\w+)\?/g)
  return [...documented].map(([, value, name]) => [name!, value!])
}

/** The command line's own, as `--name`. */
function flagsOf(source: string): string[] {
  return [...text(source).matchAll(/^ {6}'?([\w-]+)'?: \{ type: '/gm)].map(([, name]) => `--${name}`)
}

function inWords(decision: Decision): string {
  switch (decision.outcome) {
    case 'replace':
      return `replace: ${decision.reason}`
    case 'adopt':
      return decision.merge ? 'adopt, merge' : 'adopt'
    default:
      return decision.outcome
  }
}

const hash = (word: string) => createHash('sha256').update(word).digest('base64url')
