/** The service in Python beside a real site: whom it greets by the site's own cookie, and whom it does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { createSite, type Site, type SiteKeys, type SiteOptions } from 'session-hub/site'

import { readJws, signEs256, signHs256 } from '../support/forge.js'
import { keyPair } from '../support/key-pairs.js'
import { listen, type Listener } from '../support/listener.js'
import { needPython, type PythonService, startPythonService } from '../support/python.js'
import { siteApp } from '../support/site-app.js'
import { until } from '../support/until.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const SESSION = '__Host-session'

describe('the service in Python', () => {
  let python: string
  let world: World
  let shop: string
  let ada: Visitor
  const services: PythonService[] = []
  const pair = keyPair('ES256', 'shop-1')

  before(function () {
    python = needPython(this)
  })
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()))
    await world.close()
  })

  async function start(sessionKey?: SiteKeys['session'], site: Partial<SiteOptions> = {}): Promise<void> {
    world = await startWorld({
      sites: ['shop', 'travel'],
      site,
      ...(sessionKey !== undefined && { sessionKey: () => sessionKey }),
    })
    shop = world.siteOf('shop').origin
    ada = new Visitor(world.hub.origin)
  }
  const signIn = (origin = shop) => ada.post(origin, '/sign-in', { name: 'ada', claims: { name: 'Ada' } })
  const token = (origin = shop) => ada.cookies(origin).get(SESSION)!

  async function service(options: Record<string, string> = {}, key?: object): Promise<PythonService> {
    const started = await startPythonService(python, { site: shop, ...options }, key)
    services.push(started)
    return started
  }
  async function greeting({ origin }: PythonService, cookie = `${SESSION}=${token()}`): Promise<unknown> {
    const { status, text, json } = await send(origin, { headers: { cookie } })
    return status === 200 ? text.trim() : [status, json.error]
  }
  const refused = [401, 'token_invalid']

  /** By what a site signs, and what a service is given of it. */
  const ways = {
    'a key pair': {
      begin: (site?: Partial<SiteOptions>) => start(pair.jwk, site),
      key: (): object | undefined => undefined,
      again: (change: object, claims: object) => {
        const { header, claims: said } = readJws(token())
        return signEs256(
          { header: { ...header, ...change }, payload: { ...said, ...claims } },
          pair.jwk as never,
        )
      },
    },
    'a secret': {
      begin: (site?: Partial<SiteOptions>) => start(undefined, site),
      key: (): object | undefined => world.siteOf('shop').keys.session,
      again: (change: object, claims: object) => {
        const { header, claims: said } = readJws(token())
        const secret = Buffer.from(world.siteOf('shop').keys.session.k, 'base64url')
        return signHs256({ header: { ...header, ...change }, payload: { ...said, ...claims } }, secret)
      },
    },
  }
  for (const [what, { begin, key, again }] of Object.entries(ways)) {
    describe(`of a site that signs with ${what}`, () => {
      const fieldLists = {
        'all claims': undefined,
        'a field': ['name'],
        'a short name': [['name', 'n', 'name']],
      } as const
      for (const [kind, fields] of Object.entries(fieldLists))
        it(`does it greet the visitor by name, where the token has ${kind}?`, async () => {
          await begin(fields && { fields })
          await signIn()
          const greeter = await service(fields && { fields: JSON.stringify(fields) }, key())
          expect(await greeting(greeter)).to.equal('Hello, Ada!')
        })

      it('does it greet a stranger too?', async () => {
        await begin()
        await ada.post(shop, '/cart', { item: 'boots' })
        expect(await greeting(await service({}, key()))).to.equal('Hello, whoever you are!')
      })

      it('is a token for another audience refused?', async () => {
        await begin()
        await signIn()
        const elsewhere = 'https://api.example'
        const [own, other] = [await service({}, key()), await service({ audience: elsewhere }, key())]
        expect(await greeting(other)).to.deep.equal(refused)
        expect(await greeting(own)).to.equal('Hello, Ada!')
        const forOther = `${SESSION}=${again({}, { aud: elsewhere })}`
        expect(await greeting(own, forOther)).to.deep.equal(refused)
        expect(await greeting(other, forOther)).to.equal('Hello, Ada!')
      })

      it('is a token of another site refused?', async () => {
        await begin()
        await signIn()
        await signIn(world.siteOf('travel').origin)
        const greeter = await service({}, key())
        expect(await greeting(greeter, `${SESSION}=${token(world.siteOf('travel').origin)}`)).to.deep.equal(
          refused,
        )
        expect(await greeting(greeter)).to.equal('Hello, Ada!')
      })

      it('is a token of another type refused?', async () => {
        await begin()
        await signIn()
        const greeter = await service({}, key())
        for (const typ of ['ticket+jwt', 'offer+jwt', 'JWT', 'Session+JWT'])
          expect(await greeting(greeter, `${SESSION}=${again({ typ }, {})}`), typ).to.deep.equal(refused)
        expect(await greeting(greeter, `${SESSION}=${again({}, {})}`)).to.equal('Hello, Ada!')
        await ada.sync(shop)
        const { ticket } = await ada.ticket(world.siteOf('travel').origin)
        expect(await greeting(greeter, `${SESSION}=${ticket}`)).to.deep.equal(refused)
      })

      it('is a token refused when its life is over?', async () => {
        await begin()
        const greeter = await service({}, key())
        // The service has the machine's clock; the site's is set back.
        world.advance(-290)
        await signIn()
        expect(await greeting(greeter), 'ten seconds left').to.equal('Hello, Ada!')
        world.advance(-20)
        await signIn()
        expect(await greeting(greeter)).to.deep.equal([401, 'token_expired'])
      })

      it('does a cookie that is there twice count as none?', async () => {
        await begin()
        await signIn()
        const greeter = await service({}, key())
        const own = `${SESSION}=${token()}`
        expect(await greeting(greeter, `${own}; ${own}`)).to.deep.equal([401, 'token_missing'])
        expect(await greeting(greeter, `${SESSION}=planted; ${own}`)).to.deep.equal([401, 'token_missing'])
        expect(await greeting(greeter, `other=1; ${own}; x${own}`)).to.equal('Hello, Ada!')
        expect(await greeting(greeter, 'other=1')).to.deep.equal([401, 'token_missing'])
      })
    })
  }

  it('is a token refused when its key has retired, and the next key’s taken?', async () => {
    await start(pair.jwk)
    const next = keyPair('EdDSA', 'shop-2')
    const listener: Listener = await listen('shop.localhost')
    let current: Site | undefined
    try {
      let answer = siteApp('shop', world.siteOf('shop').site)
      listener.use((req, res, proceed) => void answer(req, res, proceed))
      const jwks = `${listener.origin}/session-hub/jwks.json`
      const [eager, patient] = [await service({ jwks, 'keys-max-age': '0' }), await service({ jwks })]
      await signIn()
      expect(await greeting(eager)).to.equal('Hello, Ada!')
      expect(await greeting(patient)).to.equal('Hello, Ada!')

      const { keys } = world.siteOf('shop')
      current = await createSite({
        origin: shop,
        hub: world.hub.origin,
        keys: { ...keys, session: next.jwk },
      })
      answer = siteApp('shop', current)
      expect(await greeting(eager)).to.deep.equal(refused)
      expect(await greeting(patient), 'still known').to.equal('Hello, Ada!')
      const reply = await send(`${listener.origin}/sign-in`, {
        method: 'POST',
        body: { name: 'ada', claims: { name: 'Ada' } },
        headers: { 'content-type': 'application/json' },
      })
      const [newer = ''] = /__Host-session=[^;]+/.exec(String(reply.headers['set-cookie'])) ?? []
      expect(readJws(newer.slice(SESSION.length + 1)).header).to.include({ alg: 'EdDSA', kid: 'shop-2' })
      expect(await greeting(eager, newer)).to.equal('Hello, Ada!')
    } finally {
      current?.close()
      await listener.close()
    }
  })

  it('does it ask the site for its keys once, and live on what it knows?', async () => {
    await start(pair.jwk)
    await signIn()
    const { listener } = world.siteOf('shop')
    const asked = () => listener.seen.filter(({ url }) => url.endsWith('/jwks.json')).length
    const greeter = await service()
    expect(await greeting(greeter)).to.equal('Hello, Ada!')
    for (const kid of ['one', 'two', 'three']) {
      const stranger = signEs256(
        { header: { alg: 'ES256', typ: 'session+jwt', kid }, payload: {} },
        pair.jwk as never,
      )
      expect(await greeting(greeter, `${SESSION}=${stranger}`)).to.deep.equal(refused)
    }
    expect(asked()).to.equal(1)
    await listener.stop()
    expect(await greeting(greeter)).to.equal('Hello, Ada!')
    expect(await greeting(await service()), 'one that has begun now').to.deep.equal([503, 'unavailable'])
  })

  it('is a visitor greeted by a known key while another’s request waits for the list of keys?', async () => {
    await start(pair.jwk)
    await signIn()
    const { listener } = world.siteOf('shop')
    const asked = () => listener.seen.filter(({ url }) => url.endsWith('/jwks.json')).length
    const greeter = await service({ 'keys-max-age': '0' })
    expect(await greeting(greeter)).to.equal('Hello, Ada!')
    listener.hang(1)
    let isWaiting = true
    const waiting = greeting(greeter).finally(() => (isWaiting = false))
    await until(() => asked() === 2)
    expect(await greeting(greeter)).to.equal('Hello, Ada!')
    expect(isWaiting).to.equal(true)
    expect(await waiting).to.equal('Hello, Ada!')
    expect(asked()).to.equal(2)
  })

  it('are keys from a file as good as those of the site, and another’s no good?', async () => {
    await start()
    await signIn()
    const folder = mkdtempSync(join(tmpdir(), 'session-hub-python-'))
    const file = (name: string, content: unknown) => {
      writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 })
      return join(folder, name)
    }
    try {
      const [own, other] = [world.siteOf('shop').keys.session, world.siteOf('travel').keys.session]
      expect(await greeting(await service({ 'key-file': file('own', [other, own]) }))).to.equal('Hello, Ada!')
      expect(await greeting(await service({ 'key-file': file('other', other) }))).to.deep.equal(refused)
      const renamed = { ...other, kid: own.kid }
      expect(await greeting(await service({ 'key-file': file('renamed', renamed) }))).to.deep.equal(refused)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is nobody taken at their word while the keys cannot be had?', async () => {
    await start()
    await signIn()
    const greeter = await service()
    expect(await greeting(greeter), 'a secret is not published').to.deep.equal([503, 'unavailable'])
    expect(await greeting(await service({}, world.siteOf('shop').keys.session))).to.equal('Hello, Ada!')
  })
})
