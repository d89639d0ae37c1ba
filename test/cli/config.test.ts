import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'

import { readConfig } from '../../hub/cli/config.js'
import { openPrefix } from '../support/redis.js'
import { type Folder, newFolder } from './command.js'
import { refusalOf, refusalOfConfig } from './refusals.js'

describe('the configuration of session-hub serve', () => {
  let folder: Folder
  beforeEach(async () => {
    folder = newFolder()
    folder.write('hub-keys.json', generateHubKeys())
    folder.write('file', '')
  })
  afterEach(() => folder.close())

  const good = {
    origin: 'https://hub.example',
    keys: 'hub-keys.json',
    port: 0,
    proxyHops: 1,
    store: 'memory',
  }

  /** One line of a process, whatever is wrong. */
  async function lineOf(config: unknown, name = 'hub.json'): Promise<string> {
    folder.write(name, config)
    const { code, stderr } = await folder.run('serve', '--config', name)
    expect(code).to.equal(1)
    expect(stderr).to.match(/^session-hub: [^\n]+\n$/)
    return stderr.slice('session-hub: '.length, -1)
  }
  const refusal = (config: unknown, name?: string) => refusalOfConfig(folder, config, name)
  const warningsOf = async (config: object) => {
    folder.write('hub.json', { ...good, ...config })
    return (await readConfig(folder.path('hub.json'), {})).warnings.join('\n')
  }

  const wrongKeys: readonly { config: object; says: string }[] = [
    { config: { orign: 'https://hub.example' }, says: 'unknown option "orign"; did you mean "origin"?' },
    { config: { proxyHop: 1 }, says: 'unknown option "proxyHop"; did you mean "proxyHops"?' },
    { config: { now: 1 }, says: 'unknown option "now"' },
    { config: { origin: undefined }, says: '"origin": An origin is a string' },
    {
      config: { origin: 'https://hub.example/' },
      says: '"origin": "https://hub.example/" is not an origin; did you',
    },
    { config: { origin: 'http://hub.example' }, says: '"origin": "http://hub.example" has to be https' },
    { config: { port: '80' }, says: '"port" has to be a whole number from 0 to 65535, not "80"' },
    { config: { host: 80 }, says: '"host" has to be an address' },
    {
      config: { proxyHops: true },
      says: '"proxyHops" has to be a whole number from 0 to 32, not true',
    },
    { config: { ticketSeconds: 4 }, says: '"ticketSeconds" has to be a whole number from 5 to 300, not 4' },
    { config: { conflict: 'both' }, says: '"conflict" has to be one of "keep-both", "hub", "site"' },
    {
      config: { limits: { perAdress: 1 } },
      says: 'limits: unknown option "perAdress"; did you mean "perAddress"?',
    },
    { config: { findSite: 'x' }, says: '"findSite" is code; write the configuration as .mjs' },
    { config: { keys: undefined }, says: '"keys" is missing: name the file that "session-hub keys --out' },
    {
      config: { keys: 'keys.json' },
      says: '"keys": "keys.json" does not exist: "session-hub keys --out keys.json"',
    },
    { config: { keys: {} }, says: 'keys: "secret" has to be 43 base64url characters' },
    { config: { sites: 'sites.json' }, says: '"sites": "sites.json" does not exist: "session-hub sites add' },
    { config: { sites: [{}] }, says: 'sites[0]: "origin": An origin is a string' },
    { config: { sites: {} }, says: 'a list of sites is expected' },
    {
      config: { sites: [{ sister: [] }] },
      says: 'sites[0]: unknown option "sister"; did you mean "sisters"?',
    },
    { config: { sites: [{ endPoint: '/x' }] }, says: 'unknown option "endPoint"; did you mean "endpoint"?' },
    { config: { store: 7 }, says: '"store" has to be the path of an SQLite file, a postgres:// or redis://' },
    {
      config: { store: 'postgres://hub@127.0.0.1:9/none' },
      says: '"store": The session store lets nobody in (connect ECONNREFUSED 127.0.0.1:9)',
    },
    // Redis gets a second: on a busy machine it is over before an attempt is.
    { config: { store: 'redis://127.0.0.1:9' }, says: '"store": The session store ' },
    {
      config: { store: 'file/hub.sqlite' },
      says: 'hub.sqlite" is in no folder that exists: create the folder',
    },
    {
      config: { store: 'hub-keys.json' },
      says: 'is not a session database: move it away, or set another path',
    },
  ]
  for (const { config, says } of wrongKeys) {
    it(`is refused in one line: hub.json: ${says}`, async () => {
      const line = await refusal({ ...good, ...config })

      expect(line).to.match(/^hub\.json: /)
      expect(line).to.include(says)
    })
  }

  for (const [fault, says] of [
    [{ orign: 'https://hub.example' }, 'hub.json: unknown option "orign"; did you mean "origin"?'],
    [{ host: '192.0.2.1' }, 'hub.json: "host": "192.0.2.1" is not an address of this machine'],
    [{ store: 'file/hub.sqlite' }, 'hub.sqlite" is in no folder that exists: create the folder'],
  ] as const) {
    it(`ends the command with exit code 1 and one line: ${says}`, async () => {
      expect(await lineOf({ ...good, ...fault })).to.include(says)
    })
  }

  for (const store of [
    'POSTGRES://hub:secret@db.example/hub',
    'mysql://hub:secret@db.example/hub',
    'postgresql+asyncpg://hub:secret@db.example/hub',
    ' postgres://hub:secret@db.example/hub',
    '"postgres://hub:secret@db.example/hub"',
  ])
    it(`is refused without a word of its password: an address that would be a path, ${JSON.stringify(store)}`, async () => {
      const line = await refusal({ ...good, store })
      expect(line).to.include('it has to begin with "postgres://" or "redis://"')
      expect(line).to.not.include('secret')
      for (const args of [
        ['reopen', '--store', store],
        ['copy', '--to', 'sqlite:other.sqlite', '--from', store],
      ]) {
        const { code, says } = await refusalOf('store', ...args)
        expect(code).to.equal(1)
        expect(says).to.include('it has to be sqlite:<file>, or an address').and.not.include('secret')
      }
    })

  for (const store of [
    'postgres://hub:secret@db.example:99999/hub',
    'postgres://hub:sec/ret@db.example/hub',
    'redis://:secret@db.example:99999',
    'rediss://:sec#ret@db.example',
  ])
    it(`is refused without a word of its password: an address that cannot be used, ${store}`, async () => {
      const line = await refusal({ ...good, store })
      expect(line).to.match(/^hub\.json: "store": .*"url" is no address of a server/)
      const asked = [
        await refusalOf('store', 'reopen', '--store', store),
        await refusalOf('store', 'copy', '--to', 'sqlite:other.sqlite', '--from', store),
      ]
      for (const { code, says } of asked) {
        expect(code).to.equal(1)
        expect(says).to.include('"url" is no address of a server')
      }
      expect([line, ...asked.map(({ says }) => says)].join()).to.not.match(/sec(\/|#)?ret/)
    })

  it('ends the command in one line where a port is none', async () => {
    const store = 'postgres://hub:secret@db.example:99999/hub'
    const line = await lineOf({ ...good, store })
    expect(line).to.include('A port is at most 65535').and.not.include('secret')
    const migrate = await folder.runWith({ SESSION_HUB_STORE: store }, 'store', 'migrate')
    expect(migrate.code).to.equal(1)
    expect(migrate.stderr).to.match(/^session-hub: SESSION_HUB_STORE: [^\n]*A port is at most 65535[^\n]*\n$/)
  })

  const wrongTexts: readonly { text: string; says: string }[] = [
    { text: '{\n  "port": 1,\n}', says: 'hub.json: line 3, column 1: a key in double quotes is expected' },
    { text: '{ "port": 1', says: 'hub.json: line 1, column 12: "," or "}" is expected' },
    { text: "{ 'port': 1 }", says: 'hub.json: line 1, column 3: a key in double quotes or "}" is expected' },
    { text: '{ "port": 1 } x', says: 'hub.json: line 1, column 15: the end of the text is expected' },
    { text: '{ "port": 1, "port": 2 }', says: 'hub.json: The key "port" occurs twice' },
    { text: '', says: 'hub.json: line 1, column 1: a value is expected' },
    { text: '[]', says: 'hub.json: an object is expected, such as { "origin": "https://hub.example" }' },
  ]
  for (const { text, says } of wrongTexts) {
    it(`is refused as ${JSON.stringify(text)}, with the place`, async () => {
      expect(await refusal(text)).to.equal(says)
    })
  }

  const wrongCode: readonly { code: string; says: string }[] = [
    { code: 'export default { origin: }', says: '"node --check hub.mjs" shows the place' },
    { code: 'throw new Error("no database")', says: 'hub.mjs: cannot be loaded: Error: no database' },
    { code: 'export const origin = 1', says: 'hub.mjs: an object is expected, such as export default' },
    { code: 'export default { orign: 1 }', says: 'hub.mjs: unknown option "orign"; did you mean "origin"?' },
    {
      code: `export default { ...${JSON.stringify(good)}, merge: 1 }`,
      says: 'hub.mjs: "merge" has to be one of "fill", "winner", "loser"',
    },
  ]
  for (const { code, says } of wrongCode) {
    it(`is refused as code: ${code}`, async () => {
      expect(await refusal(code, 'hub.mjs')).to.include(says)
    })
  }

  it('is refused when it is not there', async () => {
    const { code, stderr } = await folder.run('serve', '--config', 'none.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal('session-hub: none.json: does not exist: correct the path after "--config"\n')
  })

  it('is refused with a wrong secret, naming it and not showing it', async () => {
    folder.write('hub-keys.json', { secret: 'hunter2' })

    const line = await lineOf(good)

    expect(line).to.match(/^hub-keys\.json: keys: "secret" has to be 43 base64url characters/)
    expect(line).to.not.include('hunter2')
  })

  it('is refused when the port is taken, and leaves nothing running', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo

    const line = await lineOf({ ...good, port })

    other.close()
    expect(line).to.equal(
      `hub.json: "port": ${port} is taken on 127.0.0.1: stop what listens there, or set another port`,
    )
  })

  it('makes no session file when anything else is wrong', async () => {
    await lineOf({ ...good, store: 'hub.sqlite', ticketSeconds: 1 })

    expect(existsSync(folder.path('hub.sqlite'))).to.equal(false)
  })

  it('finds its files beside itself, wherever the command runs', async () => {
    folder.write('sites.json', [(await generateSite('https://shop.example')).registration])
    folder.write('hub.json', { ...good, sites: 'sites.json', store: 'hub.sqlite' })

    const hub = await folder.start(folder.path('hub.json'))

    expect((await hub.get('/readyz')).status).to.equal(200)
    expect(existsSync(folder.path('hub.sqlite'))).to.equal(true)
  })

  it('opens a Redis store by its address, and says in the log what that promises', async () => {
    const { redis } = await openPrefix()
    folder.write('hub.json', { ...good, store: redis.url })

    const hub = await folder.start('hub.json')

    expect((await hub.get('/readyz')).status).to.equal(200)
    const opened = hub.seen.find(({ event }) => event === 'store_opened')
    expect(opened?.['description']).to.include('A crash of the server')
  })

  const wrongMembers: readonly { member: object; says: string }[] = [
    { member: { endpoint: 'own' }, says: 'sites[0]: "endpoint" has to be a path such as "/session-hub"' },
    {
      member: { sisters: 'https://travel.example' },
      says: 'sites[0]: "sisters" has to be a list of at most 64 origins',
    },
    {
      member: { sisters: ['https://travel.example/'] },
      says: 'sites[0]: "sisters": "https://travel.example/" is not an origin; did you mean "https://travel.example"?',
    },
  ]
  for (const { member, says } of wrongMembers) {
    it(`is refused when the list beside it has a wrong registration: ${says}`, async () => {
      const { registration } = await generateSite('https://shop.example')
      folder.write('sites.json', [{ ...registration, ...member }])

      expect(await refusal({ ...good, sites: 'sites.json' })).to.equal(`sites.json: ${says}`)
    })
  }

  it('takes sisters and an endpoint of a site, from the file and from the list itself', async () => {
    const added = await folder.run(
      ...['sites', 'add', 'https://shop.example', '--file', 'sites.json', '--endpoint', '/own/path'],
      ...['--sister', 'https://travel.example'],
    )
    expect(added.code).to.equal(0)
    const list = JSON.parse(readFileSync(folder.path('sites.json'), 'utf8')) as object[]
    expect(list[0]).to.include({ endpoint: '/own/path' })
    for (const sites of [list, 'sites.json']) {
      folder.write('hub.json', { ...good, sites })
      expect((await readConfig(folder.path('hub.json'), {})).hub.sites).to.deep.equal(list)
    }
    expect((await (await folder.start('hub.json')).get('/readyz')).status).to.equal(200)
  })

  const doubts: readonly { config: object; says: string }[] = [
    { config: {}, says: 'every session ends when the hub stops' },
    { config: {}, says: 'no site is registered' },
    { config: { proxyHops: undefined }, says: 'set "proxyHops" to the number of proxies' },
  ]
  for (const { config, says } of doubts) {
    it(`is accepted with a warning: ${says}`, async () => {
      expect(await warningsOf(config)).to.include(says)
    })
  }

  it('is accepted with its warnings in the log, one an entry', async () => {
    const expected = await warningsOf({})

    const { seen } = await folder.start('hub.json')

    const warned = seen.filter(({ level, event }) => level === 'warn' && event === 'config_doubtful')
    expect(warned).to.have.length.above(1)
    const shown = warned.map(({ description }) => String(description)).join('\n')
    expect(shown).to.equal(expected.replaceAll(`${folder.path('')}/`, ''))
  })

  it('is accepted with a warning where no site is on the hub’s domain: browsers take such a hub for a tracker', async () => {
    const made = ['https://shop.example', 'https://www.travel.co.uk'].map((origin) => generateSite(origin))
    const sites = (await Promise.all(made)).map(({ registration }) => registration)
    const warned = async (origin: string) => {
      const said: string[] = []
      const hub = await createHub({
        ...{ origin, sites, keys: generateHubKeys(), store: memoryStore() },
        log: ({ event, description }) => {
          if (event === 'config_doubtful') said.push(String(description))
        },
      })
      await hub.close()
      return said.join()
    }
    const doubt = /no site is on "(.+)", the domain of the hub.+docs\/bounce-tracking\.md/
    const alone = { 'https://hub.example': 'hub.example', 'https://id.other.co.uk': 'other.co.uk' }
    for (const [origin, domain] of Object.entries(alone))
      expect(doubt.exec(await warned(origin))?.[1]).to.equal(domain)
    for (const origin of ['https://hub.shop.example', 'https://shop.example:8443', 'https://id.travel.co.uk'])
      expect(await warned(origin)).to.not.match(doubt)
  })

  it('is accepted with a warning when everyone can read the keys', async () => {
    chmodSync(folder.path('hub-keys.json'), 0o644)

    expect(await warningsOf({})).to.include('chmod 600')
  })

  it('is accepted without a warning when nothing is doubtful', async () => {
    folder.write('sites.json', [(await generateSite('https://shop.example')).registration])
    const origin = 'https://hub.shop.example'
    folder.write('hub.json', { ...good, origin, sites: 'sites.json', store: 'hub.sqlite' })

    const { seen } = await folder.start('hub.json')

    expect(seen.map(({ event }) => event)).to.deep.equal(['listening'])
  })
})
