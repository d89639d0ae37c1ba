/**
 * One site: a page, a cart, sign-in and sign-out. This file holds everything that a site of your own needs. The user's own pages are in the files
 * beside it.
 */
import express, { type Express, type Request } from 'express'
import { createSite, type Log, type SiteOptions } from 'session-hub/site'

import { files } from './assets.js'
import { cartOf } from './browser/cart.js'
import { withLine, withoutLine } from './cart.js'
import { devices } from './devices.js'
import { answerError } from './errors.js'
import { ownPagesOnly } from './guard.js'
import { pageHeaders } from './headers.js'
import { readItem, readName } from './input.js'
import { sitePage } from './pages/site-page.js'
import { password } from './password.js'
import { type Addresses, profiles, type SiteName } from './sites.js'
import { whoami } from './whoami.js'

export interface SiteAppOptions {
  readonly name: SiteName
  readonly addresses: Addresses
  readonly keys: SiteOptions['keys']
  readonly log: Log | undefined
  readonly now: (() => number) | undefined
}

export async function createSiteApp({ name, addresses, keys, log, now }: SiteAppOptions) {
  const origin = addresses[name]
  const profile = profiles[name]
  // With `live`, an open page learns at once when its session ends on another device.
  const site = await createSite({
    origin,
    hub: addresses.hub,
    keys,
    live: true,
    // The fields that services beside the site may read, such as the one in `python/`.
    fields: ['name'],
    ...(log && { log }),
    ...(now && { now }),
  })

  const app: Express = express()
  app.use(pageHeaders(addresses))
  app.use(files())
  app.use(site.router)
  app.use(site.session())
  app.use(ownPagesOnly(origin))
  app.use(express.json({ limit: '4kb' }))

  app.get('/', async (req, res) => {
    // The SDK and the cookies belong to this name. Under another one, such as 127.0.0.1, only half of it would work.
    if (req.headers.host !== new URL(origin).host) {
      res.redirect(307, `${origin}/`)
      return
    }
    // Without the hub there is no cart to show, but there is still a page.
    const data = await req.session.data().catch(() => null)
    const { subject, status } = req.session
    const visitor = { subject, session: status, cart: data && cartOf(data) }
    res.set('cache-control', 'no-store')
    // If the browser keeps the hub's cookie from this page, links to the sister sites carry the session along.
    const sdk = site.scriptTag(req, { sisterLinks: true })
    res.send(sitePage({ profile, addresses, visitor, sdk }).text)
  })

  app.get('/whoami', async (req, res) => {
    res.set('cache-control', 'no-store').json(await whoami(req.session))
  })

  app.post('/cart', async (req, res) => {
    const item = readItem(req.body)
    await req.session.update((data) => withLine(data, { item, from: name, atMs: Date.now() }))
    res.json(await whoami(req.session))
  })

  app.delete('/cart/:id', async (req, res) => {
    // An update would begin a session for a visitor who has none.
    if (req.session.status !== 'none') await req.session.update((data) => withoutLine(data, req.params.id))
    res.json(await whoami(req.session))
  })

  app.post('/sign-in', async (req, res) => {
    // A site of your own checks a password or a passkey here. The demo believes everybody.
    const name = readName(req.body)
    await site.signIn(req, res, { subject: name, claims: { name } })
    res.json(await whoami(req.session))
  })

  app.post('/sign-out', async (req, res) => {
    await site.signOut(req, res)
    res.json(await whoami(req.session))
  })

  const page = (req: Request) => ({
    profile,
    addresses,
    sdk: site.scriptTag(req, { sisterLinks: true }),
    subject: req.session.subject,
    said: req.query.said,
  })
  app.use(devices(site, page), password(site, page))

  app.use(answerError)
  return {
    app,
    close() {
      site.close()
    },
  }
}
