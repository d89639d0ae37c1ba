/** What takes the visitor's window elsewhere, or only prepares for it, in real browsers: speculation, routers, and a browser that says nothing of its requests. */
import { createRequire } from 'node:module'

import { expect } from 'chai'
import type { RequestHandler } from 'express'

import { byLink } from '../support/rungs.js'
import { inBrowser, type Stage } from '../support/stage.js'
import { until } from '../support/until.js'

const TURBO = createRequire(import.meta.url)
  .resolve('@hotwired/turbo')
  .replace('.es2017-umd.js', '.es2017-esm.js')
const REDIRECT = '/session-hub/redirect?return=/'

const rules = (kind: 'prefetch' | 'prerender') =>
  `<script type=speculationrules>{"${kind}":[{"urls":["${REDIRECT}"],"eagerness":"immediate"}]}</script>`

/** What stands in the head of the page with the link, and by which header its request says what it is. */
const AHEAD: Record<string, readonly [head: string, header: string | undefined]> = {
  nothing: ['', undefined],
  '`<link rel=prefetch>`': [`<link rel=prefetch href="${REDIRECT}">`, 'sec-purpose'],
  'speculation rules that prefetch': [rules('prefetch'), 'sec-purpose'],
  'speculation rules that prerender': [rules('prerender'), 'sec-purpose'],
  // It fetches what the pointer is on, and again at the click.
  Turbo: ['<script type=module src="/turbo.js"></script>', 'x-sec-purpose'],
}

/** The hub has a cart of shop's, and travel's page leads to it by a link. */
async function openLink({ tab, shop, travel, world }: Stage, head: string): Promise<void> {
  const { listener, site } = world.siteOf('travel')
  listener.app.get('/turbo.js', (_req, res) => {
    res.sendFile(TURBO)
  })
  listener.app.get('/page', (req, res) => {
    const body = `${site.scriptTag(req)}<a id=go href="${REDIRECT}">my cart</a>`
    res.type('html').send(`<!doctype html><title>page</title>${head}${body}`)
  })
  await tab.open(`${shop}/plain`)
  await tab.fetch('/cart', { item: 'boots' })
  await tab.open(`${shop}/session-hub/redirect?return=/plain`)
  await tab.visit(`${travel}/page`)
}

for (const kind of ['blocked', 'firefox'] as const)
  describe(`in ${kind === 'blocked' ? 'Chromium' : 'Firefox @all'}, a link to the redirect`, () => {
    // Firefox has no speculation rules.
    const names = Object.keys(AHEAD).filter((name) => kind === 'blocked' || !name.startsWith('speculation'))
    inBrowser(
      kind,
      (stage) => {
        for (const name of names)
          it(`brings the cart, on a page with ${name}${/nothing|prerender/.test(name) ? '' : ' @all'}`, async () => {
            const [head, header] = AHEAD[name]!
            await openLink(stage, head)
            const { tab, travel, world } = stage
            if (name === 'Turbo') {
              await tab.until(() => 'Turbo' in window)
              await tab.page.hover('#go')
            }
            const { seen } = world.siteOf('travel').listener
            // Firefox fetches such a link when it likes: 140 did not within seconds.
            if (header !== undefined && (kind === 'blocked' || name === 'Turbo'))
              await until(() =>
                seen.some(({ url, headers }) => url.startsWith('/session-hub/redirect') && header in headers),
              )
            await tab.click('#go')
            await tab.until(
              (there) => location.href === there && SessionHub.status.rung === 'redirect',
              `${travel}/`,
            )
            expect(await tab.run(() => ({ ...SessionHub.status }))).to.include({ outcome: 'replace' })
            expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
          })
      },
      { sites: ['shop', 'travel'] },
    )
  })

/** As if the browser knew nothing of Fetch Metadata, like Safari before 16.4. */
const withoutMetadata: RequestHandler = (req, _res, next) => {
  req.headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => !name.startsWith('sec-')))
  next()
}

for (const isSilent of [true, false])
  describe(`in Chromium, the ladder ${isSilent ? 'without' : 'with'} Fetch Metadata`, () => {
    inBrowser(
      'blocked',
      (stage) => {
        it('brings the cart by a link and by the redirect, and its page is blocked', async () => {
          const { tab, hub, shop, travel, world } = stage
          const magazine = world.siteOf('magazine').origin
          await tab.open(`${shop}/plain`)
          await tab.fetch('/cart', { item: 'boots' })
          expect((await tab.visit(shop)).detail).to.include({ outcome: 'blocked', isBlocked: true })
          await byLink.approach({ page: tab, hub, site: shop }, `${travel}/`)
          await byLink.take({ page: tab, hub, site: travel })
          expect(await tab.run(() => ({ ...SessionHub.status }))).to.include({
            outcome: 'replace',
            rung: 'link',
          })
          expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })

          await tab.open(`${travel}/session-hub/redirect?return=/plain`)
          await tab.open(`${magazine}/session-hub/redirect?return=/`)
          await tab.until(() => SessionHub.status.rung === 'redirect')
          expect(await tab.fetch('/whoami')).to.deep.include({ data: { cart: ['boots'] } })
        })
      },
      {
        sisters: true,
        ...(isSilent && { inFrontOfHub: withoutMetadata, inFrontOfSites: withoutMetadata }),
      },
    )
  })
