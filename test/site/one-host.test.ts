/** Two applications on one host name, as everybody begins to develop: browsers keep cookies by host, whatever the port. */
import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'
import { createSite, type Site } from 'session-hub/site'

import { listen, type Listener } from '../support/listener.js'
import { siteApp } from '../support/site-app.js'
import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const BANK = { origin: 'https://bank.example', 'sec-fetch-site': 'cross-site' }

describe('two sites on one host', () => {
  let world: World
  let visitor: Visitor
  let open: (() => Promise<void> | void)[]

  beforeEach(async () => {
    world = await startWorld({ sites: [] })
    visitor = new Visitor(world.hub.origin)
    open = []
  })
  afterEach(async () => {
    for (const close of open) await close()
    await world.close()
  })

  async function start(cookieName?: string): Promise<Listener & { readonly site: Site }> {
    const listener = await listen('localhost')
    const { keys, registration } = await generateSite(listener.origin)
    world.register(registration)
    const site = await createSite({
      origin: listener.origin,
      hub: world.hub.origin,
      keys,
      now: () => world.now(),
      ...(cookieName !== undefined && { cookieName }),
    })
    listener.use(siteApp('site', site))
    open.push(
      () => {
        site.close()
      },
      () => listener.close(),
    )
    visitor.jar.set(new URL(listener.origin).host, jar)
    return Object.assign(listener, { site })
  }
  let jar: Map<string, string>
  beforeEach(() => (jar = new Map<string, string>()))

  it('leave each other’s session alone: whoever looks at one is still signed in on the other', async () => {
    const [shop, travel] = [await start(), await start()]
    await visitor.post(shop.origin, '/sign-in', { name: 'ada' })
    const before = new Map(jar)

    const reply = await visitor.ask(`${travel.origin}/whoami`)

    expect(reply.json).to.include({ session: 'none' })
    expect(reply.headers['set-cookie']).to.equal(undefined)
    await visitor.post(travel.origin, '/sign-out', {})
    expect(jar).to.deep.equal(before)
    expect(await visitor.whoami(shop.origin)).to.include({ subject: 'ada' })
  })

  it('leave a sign-in alone that waits for the other one', async () => {
    const [shop, travel] = [await start(), await start()]
    await visitor.post(shop.origin, '/sign-in', { name: 'ada' }, BANK)
    expect([...jar.keys()]).to.deep.equal(['__Host-session-posted'])
    expect(await visitor.whoami(travel.origin)).to.include({ session: 'none' })
    expect([...jar.keys()]).to.deep.equal(['__Host-session-posted'])
    expect(await visitor.whoami(shop.origin)).to.include({ subject: 'ada' })
  })

  it('with cookie names of their own, keep a session each', async () => {
    const [shop, travel] = [await start('__Host-shop'), await start('__Host-travel')]
    await visitor.post(shop.origin, '/sign-in', { name: 'ada' })
    const state = jar.get('__Host-session-state')
    await visitor.whoami(travel.origin)
    expect(jar.get('__Host-session-state')).to.equal(state)
    await visitor.post(travel.origin, '/cart', { item: 'tent' })

    expect(await visitor.whoami(shop.origin)).to.include({ subject: 'ada' })
    expect(await visitor.whoami(travel.origin)).to.deep.include({ data: { cart: ['tent'] } })
    await visitor.post(travel.origin, '/sign-out', {})
    expect(await visitor.whoami(shop.origin)).to.include({ subject: 'ada' })
    expect(await visitor.whoami(travel.origin)).to.include({ session: 'none' })
  })

  it('leave a cookie of the same name alone that another program has set', async () => {
    const shop = await start()
    jar.set('__Host-session', 's%3Aabc.def')

    expect(await visitor.whoami(shop.origin)).to.include({ session: 'none' })
    await visitor.post(shop.origin, '/sign-out', {})
    expect(jar.get('__Host-session')).to.equal('s%3Aabc.def')
  })

  it('take it over when a session begins, and can end that one', async () => {
    const [shop, travel] = [await start(), await start()]
    await visitor.post(shop.origin, '/sign-in', { name: 'ada' })
    await visitor.post(travel.origin, '/sign-in', { name: 'bob' })

    expect(await visitor.whoami(travel.origin)).to.include({ subject: 'bob' })
    await visitor.post(travel.origin, '/sign-out', {})
    expect(jar.size).to.equal(0)
  })

  it('R22: still remove what is left of a session of their own', async () => {
    const shop = await start()
    await visitor.post(shop.origin, '/sign-in', { name: 'ada' })
    const [head, payload] = jar.get('__Host-session')!.split('.')
    jar.set('__Host-session', `${head}.${payload}.${'A'.repeat(43)}`)

    await visitor.whoami(shop.origin)
    expect(jar.size, 'a session cookie with a wrong signature').to.equal(0)
    jar.set('__Host-session-state', 'A'.repeat(22))
    await visitor.whoami(shop.origin)
    expect(jar.size, 'a state without a session').to.equal(0)
  })
})
