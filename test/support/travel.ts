/** What the applications of docs/frameworks have to do, on whichever framework: over the wire, and in a real Chromium. */
import { expect } from 'chai'

import { startBrowser } from './browser.js'
import { type Ask, binding, Visitor } from './visitor.js'

export interface TwoSites {
  readonly hub: string
  readonly shop: string
  readonly travel: string
  /** Where the application has its own routes. @default '' */
  readonly api?: string
  /** The path below which both sites are, their own routes too. @default '' */
  readonly below?: string
}

/** A visitor who finds the endpoints of both. */
function visitorOf({ hub, shop, travel, below = '' }: TwoSites): Visitor {
  const visitor = new Visitor(hub)
  for (const site of [shop, travel]) visitor.endpoints.set(site, `${below}/session-hub`)
  return visitor
}

/** A cart and a sign-in travel, there and back. */
export async function expectToTravel(sites: TwoSites): Promise<void> {
  const { hub, shop, travel, below = '' } = sites
  const api = below + (sites.api ?? '')
  const visitor = visitorOf(sites)
  expect((await visitor.ask(shop + (below || '/'))).text).to.include(`data-hub="${hub}"`)
  const added = await visitor.post(shop, `${api}/cart`, {})
  expect(added.json).to.deep.equal({ cart: ['boots'] })
  expect((await visitor.sync(shop)).outcome).to.equal('adopt')
  expect((await visitor.sync(travel)).outcome).to.equal('replace')
  await visitor.post(travel, `${api}/sign-in`, {})
  expect((await visitor.sync(travel)).outcome).to.equal('adopt')
  expect((await visitor.sync(shop)).outcome).to.equal('replace')
  const { json } = await visitor.ask(`${shop}${api}/session`)
  expect(json).to.deep.equal({ subject: 'ada', cart: ['boots'] })
  const { replies } = await visitor.redirect(shop, `${api}/session`)
  expect(replies.at(-1)?.json).to.deep.equal(json)
}

/** R18, R31, R39: what the core refuses is refused here too, and its twin is taken. */
export async function expectGuards(sites: TwoSites): Promise<void> {
  const { shop, travel, below = '' } = sites
  const api = below + (sites.api ?? '')
  const endpoint = `${below}/session-hub`
  const visitor = visitorOf(sites)
  await visitor.post(shop, `${api}/cart`, { item: 'boots' })
  await visitor.sync(shop)
  const { ticket, verifier } = await visitor.ticket(travel)
  const redeem = (headers: Ask['headers'] = {}, body: object = { ticket, verifier }) =>
    visitor.post(travel, `${endpoint}/redeem`, body, headers)
  const refused = {
    origin_denied: await redeem({ origin: shop }),
    host_denied: await redeem({ host: 'stranger.localhost' }),
    media_type_invalid: await redeem({ 'content-type': 'text/plain' }),
    body_too_large: await redeem({}, { ticket: 'x'.repeat(70_000), verifier }),
    request_invalid: await redeem({}, { ticket: { ticket }, verifier }),
    verifier_invalid: await redeem({}, { ticket, verifier: binding().verifier }),
    method_not_allowed: await visitor.ask(`${travel}${endpoint}/redeem`),
  }
  for (const [error, { json, headers }] of Object.entries(refused)) {
    expect(json.error).to.equal(error)
    expect(headers, error).to.not.have.property('set-cookie')
  }
  const long = await visitor.ask(`${travel}${endpoint}/redirect?return=/${'a'.repeat(6000)}`)
  expect([long.status, long.text]).to.deep.equal([431, ''])
  expect((await redeem()).status, 'the twin').to.equal(200)
  expect((await redeem()).json, 'once more').to.include({ error: 'ticket_spent' })

  const page = (await visitor.ask(shop + (below || '/'))).text
  const [, src = ''] = / src="([^"]*\/session-hub\/sdk\.[\w-]+\.js)"/.exec(page) ?? []
  const { headers, text } = await visitor.ask(shop + src)
  expect(text).to.not.equal('')
  const head = await visitor.ask(shop + src, { method: 'HEAD' })
  expect([head.status, head.text]).to.deep.equal([200, ''])
  const known = await visitor.ask(shop + src, { headers: { 'if-none-match': headers.etag } })
  expect(known.status).to.equal(304)
}

/** The same in a real browser, without a reload. */
export async function expectToTravelInChromium({ shop, travel, api = '' }: TwoSites): Promise<void> {
  const browser = await startBrowser('allowed')
  try {
    const page = await browser.newPage()
    expect((await page.visit(shop)).detail).to.include({ outcome: 'none' })
    await page.fetch(`${api}/cart`, {})
    expect(await page.sync()).to.include({ outcome: 'adopt', rung: 'frame' })
    expect((await page.visit(travel)).detail).to.include({ outcome: 'replace' })
    expect(await page.fetch(`${api}/session`)).to.deep.equal({ subject: null, cart: ['boots'] })
    await page.fetch(`${api}/sign-in`, {})
    expect(await page.sync()).to.include({ outcome: 'adopt' })
    await page.visit(shop)
    await page.sync()
    expect(await page.fetch(`${api}/session`)).to.deep.equal({ subject: 'ada', cart: ['boots'] })
    await page.page.evaluate(() => SessionHub.signOut())
    expect(await page.fetch(`${api}/session`)).to.deep.equal({ subject: null, cart: [] })
    expect(page.scriptErrors).to.deep.equal([])
  } finally {
    await browser.close()
  }
}
