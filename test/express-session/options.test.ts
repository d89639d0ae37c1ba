/** The options of `expressSession`, checked at start-up. */
import { expect } from 'chai'
import { expressSession } from 'session-hub/express-session'
import { createSite, type Site } from 'session-hub/site'
import { generateSite } from 'session-hub/hub'

import { expectOptionFault } from '../support/option-fault.js'
import { SECRET } from '../support/passport-app.js'

describe('the options of expressSession', () => {
  let site: Site
  let plain: Site
  before(async () => {
    const { keys } = await generateSite('https://shop.example')
    const options = { origin: 'https://shop.example', hub: 'https://hub.example', keys }
    site = await createSite({ ...options, sessionProperty: 'hub' })
    plain = await createSite(options)
  })
  after(() => {
    site.close()
    plain.close()
  })

  const make = (options: object, of = site) => expressSession(of, { secret: SECRET, ...options })

  it('takes those of the documents', () => {
    for (const options of [
      {},
      { secret: [SECRET, SECRET] },
      { shared: ['cart', 'wish-list', 'a.b'] },
      { userAt: 'userId', toSignIn: () => ({ subject: 'ada' }), toUser: () => 1 },
    ])
      expect(make(options)).to.be.a('function')
  })

  const faults: readonly [options: object, ...words: string[]][] = [
    [{ secret: undefined }, '"secret"', '32'],
    [{ secret: 'keyboard cat' }, '"secret"', '32'],
    [{ secret: [] }, '"secret"'],
    [{ secret: [SECRET, 'short'] }, '"secret"'],
    [{ sharde: ['cart'] }, 'did you mean "shared"?'],
    [{ shared: 'cart' }, '"shared"', '["cart"]'],
    [{ shared: ['__proto__'] }, '"shared"'],
    [{ shared: ['flash~k3Wq81Zp'] }, '"shared"'],
    [{ shared: ['cookie'] }, '"shared": "cookie"'],
    [{ shared: ['passport'] }, '"shared": "passport"'],
    [{ userAt: 'user', shared: ['user'] }, '"shared": "user"'],
    [{ userAt: 7 }, '"userAt"'],
    [{ userAt: 'cookie.user' }, '"userAt"'],
    [{ userAt: '__proto__.user' }, '"userAt"'],
    [{ toUser: 'subject' }, '"toUser"', 'function'],
  ]
  for (const [options, ...words] of faults) {
    it(`refuses ${JSON.stringify(options)}`, () =>
      expectOptionFault(() => Promise.resolve().then(() => make(options)), words))
  }

  const elsewhere: readonly [options: object, ...words: string[]][] = [
    [{ store: {} }, '"store"', 'hub'],
    [{ cookie: { maxAge: 1 } }, '"cookie"', 'cookieSeconds', 'lifetimes'],
    [{ name: 'sid' }, '"name"', 'cookieName'],
    [{ genid: () => '1' }, '"genid"'],
    [{ proxy: true }, '"proxy"'],
    [{ resave: false }, '"resave"'],
    [{ rolling: true }, '"rolling"'],
    [{ saveUninitialized: false }, '"saveUninitialized"'],
    [{ unset: 'destroy' }, '"unset"', 'destroy()'],
  ]
  for (const [options, ...words] of elsewhere) {
    it(`says of express-session’s ${Object.keys(options).join()} where it lives now`, () =>
      expectOptionFault(() => Promise.resolve().then(() => make(options)), words))
  }

  it('refuses a site that wants req.session for itself', () =>
    expectOptionFault(
      () => Promise.resolve().then(() => make({}, plain)),
      ['req.session', 'createSite({ sessionProperty: "hub" })'],
    ))
})
