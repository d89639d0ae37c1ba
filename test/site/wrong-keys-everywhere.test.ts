/** Every endpoint and every call of a site with wrong keys, which visitors meet as `unavailable` or not at all, and the site's owner in the log (R21). */
import { generateKeyPairSync } from 'node:crypto'

import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys, type SiteRegistration } from 'session-hub/hub'
import { createSite, type Site, type SiteKeys } from 'session-hub/site'

import { accountApp } from '../support/account-app.js'
import { listenTo } from '../support/event-source.js'
import { keyPair } from '../support/key-pairs.js'
import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { binding, type Reply, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

/** So that the hub is asked again. */
const FRESH = 300
/** So that nothing is trusted any more. */
const GRACE = 3600

const AUDIENCE = 'https://api.example'

/** A service could forge what it verifies with a secret. */
const sessionPair = keyPair('ES256')

type Call = (visitor: Visitor) => Promise<Reply>

describe('a site with wrong keys, at every endpoint and every call', () => {
  let world: World
  let listener: Listener
  let shop: string
  let travel: string
  let right: { readonly keys: GeneratedSiteKeys; readonly registration: SiteRegistration }
  let other: GeneratedSiteKeys
  let site: Site
  let handlers: ((req: never, res: never, next: (error?: unknown) => void) => unknown)[]
  /** Signed in, with a cart. */
  let ada: Visitor
  /** Signed in at another site, and not here. */
  let bob: Visitor
  /** Acts as a user. */
  let root: Visitor

  beforeEach(async () => {
    world = await startWorld({ sites: ['travel'] })
    travel = world.siteOf('travel').origin
    listener = await listen('shop.localhost')
    shop = listener.origin
    // As an upgrade is looked at: without an answer.
    listener.app.get('/read', async (req, res) => {
      const { session, reason } = await site.read(req)
      res.json({ subject: session?.subject ?? null, reason })
    })
    for (const at of [0, 1])
      listener.app.use((req, res, next) => handlers[at]!(req as never, res as never, next))
    right = await generateSite(shop)
    other = (await generateSite(shop)).keys
    world.register({ ...right.registration, sisters: [travel], mayImpersonate: true })
    world.register({ ...world.siteOf('travel').registration, sisters: [shop] })
    await serve(right.keys)
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/account/sign-in', { subject: 'ada' })
    await ada.post(shop, '/cart', { item: 'boots' })
    bob = new Visitor(world.hub.origin)
    await bob.post(travel, '/sign-in', { name: 'bob' })
    await bob.sync(travel)
    root = new Visitor(world.hub.origin)
    await root.post(shop, '/account/sign-in', { subject: 'root' })
    await root.post(shop, '/account/act-as', { subject: 'ada', reason: 'help' })
  })
  afterEach(async () => {
    site.close()
    await listener.close()
    await world.close()
  })

  async function serve(keys: SiteKeys): Promise<void> {
    site = await createSite({
      origin: shop,
      hub: world.hub.origin,
      keys: { ...keys, session: [sessionPair.jwk] },
      live: true,
      audiences: [AUDIENCE],
      log: (entry) => void world.log.push(entry),
      now: () => world.now(),
    })
    handlers = [accountApp(site), siteApp('shop', site)]
  }

  /** The same process again, as after a deployment with wrong secrets: the key of its own cookies is what it was. */
  async function change(keys: Partial<SiteKeys>): Promise<void> {
    site.close()
    await serve({ ...right.keys, ...keys })
  }

  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const post =
    (path: string, body: () => object = () => ({})): Call =>
    (visitor) =>
      visitor.post(shop, path, body())
  const get =
    (path: string): Call =>
    (visitor) =>
      visitor.ask(shop + path)

  /** What only the hub can answer. */
  const asked: Record<string, Call> = {
    'an offer': post('/session-hub/offer', () => ({ nonce: binding().nonce })),
    'an opt-out': post('/session-hub/forget', () => ({ off: true })),
    'a link': post('/session-hub/link', () => ({ to: travel })),
    'the sisters': post('/session-hub/sisters'),
    'session.data()': get('/account/who'),
    'session.update()': post('/account/data', () => ({ note: 'blue' })),
    'session.update() with a function': post('/cart', () => ({ item: 'map' })),
    'session.updateClaims()': post('/account/claims', () => ({ plan: 'gold' })),
    'site.sessions()': get('/account/sessions'),
    'site.endSession()': post('/account/end', () => ({ ref: 'A'.repeat(22) })),
    'site.endOtherSessions()': post('/account/end-others'),
    'site.actAs()': post('/account/act-as', () => ({ subject: 'bob', reason: 'help' })),
    'site.stopActing()': () => root.copy().post(shop, '/account/stop-acting', {}),
    'a first update': (visitor) => {
      visitor.cookies(shop).clear()
      return visitor.post(shop, '/account/data', { note: 'blue' })
    },
  }

  /** What goes on while the hub's last word is fresh, and no longer (R28). */
  const whileFresh: Record<string, Call> = {
    'a token for a service': post('/session-hub/token', () => ({ audience: AUDIENCE })),
  }

  /** What goes on without it, now or until it can be told. */
  const own: Record<string, Call> = {
    'a page': get('/who'),
    'site.read()': get('/read'),
    'site.stopActing() of nobody': post('/account/stop-acting'),
    'site.signIn()': post('/account/sign-in', () => ({ subject: 'ada' })),
    'site.signOut()': post('/account/sign-out'),
    'a sign-out': post('/session-hub/sign-out'),
    'the script': get('/session-hub/sdk.js'),
    'the keys': get('/session-hub/jwks.json'),
  }

  const bobsTicket = async () => {
    const { ticket, verifier } = await bob.ticket(shop)
    return { ticket, verifier }
  }

  /** What an open page is answered that wants to hear of the end of its session. */
  async function listening(visitor: Visitor): Promise<number> {
    const cookie = [...visitor.cookies(shop)].map((pair) => pair.join('=')).join('; ')
    const { host } = new URL(shop)
    const page = await listenTo(`${shop}/session-hub/live`, { host, cookie, 'sec-fetch-site': 'same-origin' })
    page.close()
    return page.status
  }

  async function expectNobodyBlamed(isFresh: boolean): Promise<void> {
    const { ticket, verifier } = await bobsTicket()
    const redeem = (visitor: Visitor) => {
      visitor.cookies(shop).clear()
      return visitor.post(shop, '/session-hub/redeem', { ticket, verifier })
    }
    const refused = { ...asked, ...(!isFresh && whileFresh), 'a ticket': redeem }
    for (const [what, call] of Object.entries(refused)) {
      const { status, json, headers } = await call(ada.copy())
      expect({ what, status, error: json.error }).to.deep.equal({ what, status: 503, error: 'unavailable' })
      expect(
        headers['set-cookie']?.filter((cookie) => !cookie.startsWith('__Host-session-off')) ?? [],
        what,
      ).to.deep.equal([])
    }
    expect((await own['site.read()']!(ada.copy())).json).to.deep.equal({ subject: 'ada', reason: null })
    expect(await listening(ada.copy()), 'an open page').to.equal(200)
    expect(await listening(root.copy()), 'of whoever acts').to.equal(isFresh ? 200 : 204)
    // Signing out comes late, for it ends the session of every copy.
    for (const [what, call] of Object.entries({ ...(isFresh && whileFresh), ...own })) {
      const { status } = await call(ada.copy())
      expect(status, what).to.equal(200)
    }
  }

  /** Of a window that is led, at the end of the way. */
  async function expectArrivals(): Promise<void> {
    const led = ada.copy()
    led.cookies(shop).clear()
    for (const [host, cookies] of bob.jar) led.jar.set(host, new Map(cookies))
    const replies = await led.navigate(`${shop}/session-hub/redirect?return=/who`, navigation)
    expect(replies.at(-1)?.status).to.equal(200)
    expect(led.arrival(shop)).to.equal('redirect.failed.unavailable.0')

    const linked = bob.copy()
    const { replies: steps, arrival } = await linked.follow(travel, `${shop}/who`)
    expect(steps.at(-1)?.status).to.equal(200)
    expect(arrival).to.be.oneOf(['link.failed.unavailable.0', undefined])
  }

  const refusals = () =>
    world.log
      .filter(({ event }) => event === 'site_refused')
      .map(({ level, site: named, kid, code }) => ({ level, site: named, kid, code }))

  const kinds: Record<
    string,
    { readonly keys: () => Partial<SiteKeys>; readonly code?: string; readonly after?: () => void }
  > = {
    'the signing key of another registration': { keys: () => ({ signing: other.signing }) },
    'another’s secret under its own key’s name': {
      keys: () => ({ signing: { ...other.signing, kid: right.keys.signing.kid } }),
    },
    'a key that is retired at the hub': {
      keys: () => ({}),
      after: () => {
        world.register({ ...right.registration, signingKeys: [publicHalf(other)] })
      },
    },
    'the keys of another site': { keys: () => ({ signing: world.siteOf('travel').keys.signing }) },
    'the keys of a site that is not registered': {
      keys: () => ({}),
      after: () => {
        world.unregister(shop)
      },
    },
  }
  for (const [kind, { keys, after }] of Object.entries(kinds)) {
    for (const [when, seconds] of [
      ['while its cookies are fresh', 0],
      ['when they have to be renewed', FRESH],
    ] as const) {
      // Which key is wrong makes no difference to that.
      if (seconds > 0 && kind !== 'the signing key of another registration') continue
      it(`(${kind}, ${when}) answers visitors 503 or as ever, and says once which key it is`, async () => {
        const given = keys()
        await change(given)
        // What the hub gives is sealed for what is registered: before that is taken away.
        if (after && kind.includes('not registered')) await takeAway()
        else {
          after?.()
          world.advance(seconds)
          await expectNobodyBlamed(seconds === 0)
          await expectArrivals()
        }
        const kid = (given.signing as { kid: string } | undefined)?.kid ?? right.keys.signing.kid
        const said = refusals()
        expect(new Set(said.map((one) => JSON.stringify(one)))).to.have.length(1)
        expect(said[0]).to.deep.equal({ level: 'error', site: shop, kid, code: 'site_token_invalid' })

        async function takeAway(): Promise<void> {
          const { ticket, verifier } = await bobsTicket()
          after?.()
          world.advance(seconds)
          for (const [what, call] of Object.entries({ ...asked, ...(seconds > 0 && whileFresh) })) {
            const { status, json } = await call(ada.copy())
            expect({ what, status, error: json.error }).to.deep.equal({
              what,
              status: 503,
              error: 'unavailable',
            })
          }
          const stranger = new Visitor(world.hub.origin)
          const { status } = await stranger.post(shop, '/session-hub/redeem', { ticket, verifier })
          if (seconds === 0) expect(status).to.equal(503)
          for (const [what, call] of Object.entries(own))
            expect((await call(ada.copy())).status, what).to.equal(200)
        }
      })
    }
  }

  it('answers 503 or as ever after the grace, too, and takes nobody for a stranger', async () => {
    await change({ signing: other.signing })
    world.advance(FRESH + GRACE + 1)
    const secret = await ada.copy().ask(`${shop}/account/secret`)
    expect({ status: secret.status, error: secret.json.error }).to.deep.equal({
      status: 503,
      error: 'unavailable',
    })
    expect((await own['site.read()']!(ada.copy())).json).to.deep.equal({
      subject: null,
      reason: 'unavailable',
    })
    expect(await listening(ada.copy()), 'an open page looks by itself').to.equal(204)
    for (const [what, call] of Object.entries({ ...asked, ...whileFresh, ...own })) {
      const { status, json } = await call(ada.copy())
      expect({ what, status, error: json.error }).to.deep.equal(
        status === 200 ? { what, status, error: undefined } : { what, status: 503, error: 'unavailable' },
      )
    }
    await change({})
    expect((await ada.ask(`${shop}/account/secret`)).json.error, 'who is too late is told so').to.equal(
      'sign_in_required',
    )
    const stranger = await new Visitor(world.hub.origin).ask(`${shop}/account/secret`)
    expect(stranger.json.error, 'the twin').to.equal('sign_in_required')
  })

  for (const [kind, ticketKey] of [
    ['the ticket key of another registration', () => other.ticket],
    [
      'another’s secret under its own ticket key’s name',
      () => ({ ...jwk(other.ticket), kid: jwk(right.keys.ticket).kid }),
    ],
  ] as const) {
    it(`(${kind}) answers whoever brings a ticket 503 or as ever, and says which keys it has`, async () => {
      await change({ ticket: [ticketKey()] })
      const { ticket, verifier } = await bobsTicket()
      const stranger = new Visitor(world.hub.origin)
      const { status, json } = await stranger.post(shop, '/session-hub/redeem', { ticket, verifier })
      expect({ status, error: json.error }).to.deep.equal({ status: 503, error: 'unavailable' })
      await expectArrivals()
      for (const { level, code, kid } of refusals())
        expect({ level, code, kid }).to.deep.equal({
          level: 'error',
          code: 'ticket_key_unknown',
          kid: jwk(ticketKey()).kid,
        })
      expect(refusals()).to.have.length.above(0)
      expect((await ada.post(shop, '/cart', { item: 'map' })).status, 'its own word is good').to.equal(200)
    })
  }

  it('does not start with a key of another algorithm', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const signing = { ...privateKey.export({ format: 'jwk' }), kid: 'wrong' }
    const thrown = await serve({ ...right.keys, signing }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(thrown).to.have.property('code', 'options_invalid')
  })
})

const jwk = (key: unknown) => key as { kid: string }

const publicHalf = ({ signing }: GeneratedSiteKeys): object => {
  const { d: _, ...rest } = signing as unknown as Record<string, unknown>
  return rest
}
