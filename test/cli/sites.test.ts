import { existsSync, readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'

import { readSite, type SiteRegistration } from '../../hub/sites/site.js'
import type { SiteKeys } from '../../sdk/site/keys.js'
import { resolveSiteOptions } from '../../sdk/site/options.js'
import { generateSite } from '../../hub/keys/generate.js'
import { type Folder, newFolder } from './command.js'
import { refusalOf } from './refusals.js'

const SHOP = 'https://shop.example'

/** What a shell, or a reader of .env files, makes of the line. */
const keysOf = (stdout: string) => JSON.parse(/^SESSION_HUB_KEYS='([^']+)'$/m.exec(stdout)![1]!) as SiteKeys

describe('session-hub sites add', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const read = () => JSON.parse(readFileSync(folder.path('sites.json'), 'utf8')) as SiteRegistration[]

  it('prints keys that the site can use, and a registration that the hub can', async () => {
    const { code, stdout, stderr } = await folder.run('sites', 'add', SHOP)

    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    const site = await resolveSiteOptions({ origin: SHOP, hub: 'https://hub.example', keys: keysOf(stdout) })
    const registration = JSON.parse(stdout.slice(stdout.indexOf('\n{'))) as SiteRegistration
    const registered = readSite(registration, 'test')
    expect(registered?.origin).to.equal(SHOP)
    expect([...registered!.signingPrints().keys()]).to.deep.equal([site.signingKey.kid])
    expect([...site.ticketKeys.keys()]).to.deep.equal([(await registered!.ticketKey()).kid])
  })

  it('gives the hub no private key', async () => {
    const { stdout } = await folder.run('sites', 'add', SHOP, '--json')

    const { keys, registration } = JSON.parse(stdout) as {
      keys: { signing: { d: string } }
      registration: object
    }
    expect(JSON.stringify(registration)).to.not.include(keys.signing.d)
  })

  it('adds the registration to a closed file, and prints the line for the site alone', async () => {
    const { code, stdout } = await folder.run('sites', 'add', SHOP, '--file', 'sites.json')
    await folder.run('sites', 'add', 'https://travel.example.org', '--file', 'sites.json')

    expect(code).to.equal(0)
    expect(stdout).to.match(/^SESSION_HUB_KEYS='\{.+\}'\n$/)
    expect(statSync(folder.path('sites.json')).mode & 0o777).to.equal(0o600)
    expect(read().map(({ origin }) => origin)).to.deep.equal([SHOP, 'https://travel.example.org'])
    expect(read()[0]).to.not.have.property('mayOffer')
  })

  it('warns of two sites on one host, whatever their ports, and of no others', async () => {
    const add = (origin: string) => folder.run('sites', 'add', origin, '--file', 'sites.json')
    const warned = async (origin: string) => (await add(origin)).stderr.includes('share a host name')

    expect(await warned('http://localhost:3001')).to.equal(false)
    expect(await warned('http://localhost:3002')).to.equal(true)
    expect(await warned('http://shop.localhost:3003')).to.equal(false)
    expect(read()).to.have.length(3)
  })

  it('registers a site that only receives', async () => {
    await folder.run('sites', 'add', SHOP, '--file', 'sites.json', '--receive-only')

    expect(read()[0]).to.have.property('mayOffer', false)
  })

  it('registers the sisters of a site, and an endpoint of its own', async () => {
    const sisters = ['https://travel.example.org', 'https://blog.example']
    const more = [...sisters.flatMap((sister) => ['--sister', sister]), '--endpoint', '/own/path']

    const { code } = await folder.run('sites', 'add', SHOP, '--file', 'sites.json', ...more)
    await folder.run('sites', 'add', 'https://blog.example', '--file', 'sites.json')

    expect(code).to.equal(0)
    expect(readSite(read()[0]!, 'test')).to.deep.include({ sisters, endpoint: '/own/path' })
    expect(read()[1]).to.not.have.any.keys('sisters', 'endpoint')
  })

  it('registers the group of a site, names of its own for users, and what is shared with it', async () => {
    const add = (origin: string, ...more: string[]) =>
      folder.run('sites', 'add', origin, '--file', 'sites.json', ...more)
    const lists = ['--share-claims', 'plan', '--share-read', 'cart, wish', '--share-write', '']

    expect((await add(SHOP, '--group', 'red', '--pairwise', ...lists)).code).to.equal(0)
    await add('https://blog.example', '--share-read', 'cart')
    await add('https://news.example')

    const share = { claims: ['plan'], read: ['cart', 'wish'], write: [] }
    expect(read()[0]).to.deep.include({ group: 'red', pairwise: true, share })
    expect(read()[1]?.share).to.deep.equal({ read: ['cart'] })
    expect(read()[2]).to.not.have.any.keys('group', 'pairwise', 'share')
    expect(readSite(read()[1]!, 'test')?.share.write).to.deep.equal(new Set(['cart']))
  })

  it('registers a site where people may act as its users, and lists it so', async () => {
    await folder.run('sites', 'add', SHOP, '--file', 'sites.json', '--may-impersonate')
    await folder.run('sites', 'add', 'https://blog.example', '--file', 'sites.json')

    expect(read()[0]).to.have.property('mayImpersonate', true)
    expect(readSite(read()[0]!, 'test')).to.have.property('mayImpersonate', true)
    expect(read()[1]).to.not.have.property('mayImpersonate')
    expect(readSite(read()[1]!, 'test')).to.have.property('mayImpersonate', false)
    const { stdout } = await folder.run('sites', 'list', '--file', 'sites.json')
    expect(stdout.split('\n').map((line) => line.endsWith('  may impersonate'))).to.deep.equal([
      true,
      false,
      false,
    ])
  })

  const mistakes: readonly [args: readonly string[], says: string][] = [
    [['--group', 'Red'], '"group" has to be a name of a to z, 0 to 9 and "-", at most 32 characters'],
    [['--group', ''], '"group" has to be a name of a to z, 0 to 9 and "-", at most 32 characters'],
    [['--pairwize'], 'did you mean "--pairwise"?'],
    [['--may-impersonat'], 'did you mean "--may-impersonate"?'],
    [['--share-reads', 'cart'], 'did you mean "--share-read"?'],
  ]
  for (const [args, says] of mistakes) {
    it(`says what is wrong with ${args.join(' ')}, and registers nothing`, async () => {
      const file = folder.path('sites.json')
      const refusal = await refusalOf('sites', 'add', SHOP, '--file', file, ...args)

      expect(refusal.code).to.equal(2)
      expect(refusal.says).to.include(says)
      expect(existsSync(folder.path('sites.json'))).to.equal(false)
    })
  }

  describe('with --app', () => {
    const [DE, FR, AT] = ['https://shop.de', 'https://shop.fr', 'https://shop.at']
    const add = (...args: string[]) =>
      folder.run('sites', 'add', ...args, '--app', 'shop', '--file', 'sites.json')

    it('gives several origins one set of keys, and one line for the environment of all', async () => {
      const { code, stdout, stderr } = await add(DE, FR, '--sister', 'https://travel.example', '--pairwise')

      expect(code).to.equal(0)
      expect(stdout).to.match(/^SESSION_HUB_KEYS='\{.+\}'\n$/)
      expect(stderr).to.include(`lists ${DE}, ${FR} now`).and.include('the environment of the app "shop"')
      const [one, other] = read()
      expect(other).to.deep.equal({ ...one, origin: FR })
      expect(one).to.deep.include({ origin: DE, app: 'shop', pairwise: true })
      expect(keysOf(stdout).app).to.equal('shop')
      for (const registration of read())
        expect(readSite(registration, 'test')).to.include({ app: 'shop', party: 'app:shop' })
    })

    it('gives one more the keys that the app has, and changes nothing in its environment', async () => {
      await add(DE)
      const { code, stdout, stderr } = await add(FR, AT)

      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' })
      expect(stderr).to.include('The app keeps the keys that it has')
      const [first, ...others] = read()
      expect(others).to.deep.equal([
        { ...first, origin: FR },
        { ...first, origin: AT },
      ])
    })

    it('gives each its own keys where that is asked for, and then says what it cannot know', async () => {
      await add(DE)
      const own = await add(FR, '--own-keys')
      expect(keysOf(own.stdout).app).to.equal('shop')
      const [one, other] = read()
      expect(other!.ticketKeys).to.not.deep.equal(one!.ticketKeys)

      const { code, stdout, stderr } = await add(AT)
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.include('"--own-keys" makes new ones')
      expect(read()).to.have.length(2)
    })

    it('prints all of it without a file', async () => {
      const { stdout } = await folder.run('sites', 'add', DE, FR, '--app', 'shop', '--json')
      const { keys, registrations } = JSON.parse(stdout) as {
        keys: SiteKeys
        registrations: SiteRegistration[]
      }
      expect(keys).to.have.all.keys('app', 'signing', 'ticket', 'session')
      expect(registrations.map(({ origin }) => origin)).to.deep.equal([DE, FR])
      const text = (await folder.run('sites', 'add', DE, FR, '--app', 'shop')).stdout
      expect(JSON.parse(text.slice(text.indexOf('\n[')))).to.have.length(2)
      expect(text).to.include('# The environment of the app "shop" (secret)')
    })

    it('is listed', async () => {
      await add(DE)
      const { stdout } = await folder.run('sites', 'list', '--file', 'sites.json')
      expect(stdout).to.match(/^https:\/\/shop\.de .+ {2}ticket \S+ {2}app shop\n$/)
    })

    const faults: readonly [args: readonly string[], says: string][] = [
      [[DE, FR], 'name it by "--app <name>"'],
      [[DE, DE, '--app', 'shop'], `"${DE}" occurs twice`],
      [[DE, 'shop.fr', '--app', 'shop'], '"shop.fr" is not an origin'],
      [[DE, '--app', 'Shop'], '"app" has to be a name of a to z'],
      [[DE, '--own-keys'], '"--own-keys" needs "--app <name>"'],
      [[], 'needs <origin>, such as https://shop.example'],
    ]
    for (const [args, says] of faults) {
      it(`says what is wrong with ${args.join(' ') || 'nothing'}, and registers nothing`, async () => {
        const refusal = await refusalOf('sites', 'add', ...args, '--file', folder.path('sites.json'))
        expect(refusal.code).to.equal(2)
        expect(refusal.says).to.include(says)
        expect(existsSync(folder.path('sites.json'))).to.equal(false)
      })
    }
  })

  it('does not register a site twice', async () => {
    await folder.run('sites', 'add', SHOP, '--file', 'sites.json')
    const before = read()

    const { code, stdout, stderr } = await folder.run('sites', 'add', SHOP, '--file', 'sites.json')

    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
    expect(stderr).to.equal(
      `session-hub: sites.json: "${SHOP}" is already registered; remove its entry first to give it new keys\n`,
    )
    expect(read()).to.deep.equal(before)
  })

  it('loses no registration when several are added at once', async () => {
    const origins = Array.from({ length: 5 }, (_, index) => `https://site-${index}.example`)

    const runs = await Promise.all(
      origins.map((origin) => folder.run('sites', 'add', origin, '--file', 'sites.json')),
    )

    const added = origins.filter((_, index) => runs[index]!.code === 0)
    expect(added).to.not.be.empty
    expect(read().map(({ origin }) => origin)).to.have.members(added)
    for (const { code, stderr } of runs) if (code !== 0) expect(stderr).to.include('another session-hub')
    expect(existsSync(folder.path('sites.json.lock'))).to.equal(false)
  })

  it('leaves a list alone that it cannot read', async () => {
    folder.write('sites.json', `[{ "origin": "${SHOP}" },]`)

    const { code, stderr } = await folder.run('sites', 'add', SHOP, '--file', 'sites.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal('session-hub: sites.json: line 1, column 39: a value is expected\n')
  })
})

describe('session-hub sites list', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  const registered = async (origin: string) => (await generateSite(origin)).registration

  it('shows what is registered, and no key', async () => {
    const [shop, blog] = [await registered(SHOP), await registered('https://blog.example')]
    folder.write('sites.json', [shop, { ...blog, mayOffer: false }])
    const keys = [shop, blog] as unknown as { ticketKeys: { k: string }[] }[]

    const { code, stdout } = await folder.run('sites', 'list', '--file', 'sites.json')

    expect(code).to.equal(0)
    expect(stdout).to.match(/^https:\/\/shop\.example {2,}offers and receives /m)
    expect(stdout).to.match(/^https:\/\/blog\.example {2,}receives only /m)
    for (const { ticketKeys } of keys) expect(stdout).to.not.include(ticketKeys[0]!.k)
  })

  it('shows sisters and an endpoint where the registration has them', async () => {
    folder.write('sites.json', [
      { ...(await registered(SHOP)), sisters: ['https://blog.example', 'https://news.example'] },
      { ...(await registered('https://blog.example')), endpoint: '/own/path' },
      { ...(await registered('https://alone.example')), sisters: [] },
    ])

    const { stdout } = await folder.run('sites', 'list', '--file', 'sites.json')

    const [shop, blog, alone] = stdout.split('\n')
    expect(shop).to.match(/ {2}ticket \S+ {2}sisters https:\/\/blog\.example, https:\/\/news\.example$/)
    expect(blog).to.match(/ {2}ticket \S+ {2}endpoint \/own\/path$/)
    expect(alone).to.match(/ {2}sisters none$/)
  })

  it('shows group, pairwise and what is shared where the registration has them', async () => {
    const share = { read: ['cart', 'wish'], write: [] }
    folder.write('sites.json', [
      { ...(await registered(SHOP)), group: 'red', pairwise: true, share },
      await registered('https://blog.example'),
    ])

    const { stdout } = await folder.run('sites', 'list', '--file', 'sites.json')

    const [shop, blog] = stdout.split('\n')
    expect(shop).to.match(/ {2}ticket \S+ {2}group red {2}pairwise {2}read cart, wish {2}write none$/)
    expect(blog).to.match(/ {2}ticket \S+$/)
  })

  const faults: readonly [member: object, says: string][] = [
    [{ grup: 'red' }, 'sites[0]: unknown option "grup"; did you mean "group"?'],
    [{ pairwise: 'yes' }, 'sites[0]: "pairwise" has to be true or false, not "yes"'],
    [{ mayImpersonate: 1 }, 'sites[0]: "mayImpersonate" has to be true or false, not 1'],
    [{ mayImpersonat: true }, 'sites[0]: unknown option "mayImpersonat"; did you mean "mayImpersonate"?'],
    [{ share: ['cart'] }, 'sites[0]: "share" has to be an object with lists "claims", "read", "write"'],
    [{ share: { reed: ['cart'] } }, 'sites[0].share: unknown option "reed"; did you mean "read"?'],
    [{ share: { read: 'cart' } }, 'sites[0].share: "read" has to be a list of names'],
    [{ share: { claims: [1] } }, 'sites[0].share: "claims" has to be a list of names'],
  ]
  for (const [member, says] of faults) {
    it(`says what is wrong with ${JSON.stringify(member)}`, async () => {
      const { registration } = await generateSite(SHOP)
      folder.write('sites.json', [{ ...registration, ...member }])
      const file = folder.path('sites.json')

      expect(await refusalOf('sites', 'list', '--file', file)).to.deep.equal({
        code: 1,
        says: `${file}: ${says}`,
      })
    })
  }

  it('names the registration and the key that are wrong', async () => {
    folder.write('sites.json', [{ origin: SHOP, signingKeys: [], tiketKeys: [] }])

    const { code, stderr } = await folder.run('sites', 'list', '--file', 'sites.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal(
      'session-hub: sites.json: sites[0]: unknown option "tiketKeys"; did you mean "ticketKeys"?\n',
    )
  })

  it('says how to make a list that is missing', async () => {
    const { code, stderr } = await folder.run('sites', 'list', '--file', 'sites.json')

    expect(code).to.equal(1)
    expect(stderr).to.equal(
      'session-hub: sites.json: does not exist: "session-hub sites add <origin> --file sites.json" makes it\n',
    )
  })
})
