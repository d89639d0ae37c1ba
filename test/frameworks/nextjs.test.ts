/** The application of docs/frameworks/nextjs.md, as npm installs and Next.js builds it. `npm run test:adapters nextjs` */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import type { SiteRegistration } from 'session-hub/hub'

import { listenTo } from '../support/event-source.js'
import { type InstalledProject, installProject } from '../support/installed-project.js'
import { filesOf } from '../support/page-of-code.js'
import { expectGuards, expectToTravel, expectToTravelInChromium, type TwoSites } from '../support/travel.js'
import { startTwoSites } from '../support/two-sites.js'
import { until } from '../support/until.js'
import { binding, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('docs/frameworks/nextjs.md', function () {
  this.timeout(900_000)
  let project: InstalledProject
  let world: World
  let sites: TwoSites
  const files = filesOf('docs/frameworks/nextjs.md')
  const page = readFileSync('docs/frameworks/nextjs.md', 'utf8')

  before(async () => {
    project = await installProject(
      [
        'next@16',
        'react@19',
        'react-dom@19',
        'typescript@5',
        '@types/node@22',
        '@types/react@19',
        '@types/react-dom@19',
      ],
      {},
    )
    await project.write({
      ...files,
      // So that it can be seen whether the proxy file lets an answer go on.
      'lib/site.ts': files['lib/site.ts']!.replace('keys:', 'live: true, keys:'),
      'next.config.ts': files['next.config.ts']!.replace(
        'serverExternalPackages',
        `headers: async () => ${JSON.stringify([
          { source: apartOf(page), headers: [{ key: 'Cache-Control', value: 'public, max-age=60' }] },
        ])}, serverExternalPackages`,
      ),
      'tsconfig.json': { compilerOptions: { strict: true } },
    })
    world = await startWorld({ sites: [] })
    await start({})
  })
  after(async () => {
    await project.remove()
    await world.close()
  })

  /** Builds it as it is now, and starts it as two sites. */
  async function start(registration: Partial<SiteRegistration>): Promise<void> {
    await project.run('next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' })
    const { api: _none, ...started } = await startTwoSites(
      world,
      (environment) =>
        project.start(
          project.program('next'),
          ['start', '--hostname', '127.0.0.1', '--port', environment.PORT],
          { ...environment, NEXT_TELEMETRY_DISABLED: '1' },
          /Ready/,
        ),
      registration,
    )
    sites = { ...started, api: '/api' }
  }

  it('has a site to which a cart and a sign-in travel', () => expectToTravel(sites))
  it('does so in Chromium', () => expectToTravelInChromium(sites))
  it('R18, R31, R39: refuses what the core refuses', () => expectGuards(sites))

  it('has pages that know the visitor, and hear of an end at once; one stream for all of a process', async () => {
    const { hub, shop } = sites
    const visitor = new Visitor(hub)
    await visitor.post(shop, '/api/cart', {})
    await visitor.post(shop, '/api/sign-in', {})
    const { text } = await visitor.ask(`${shop}/`)
    expect(text.replaceAll('<!-- -->', '')).to.include('Hello ada! In your cart: 1')
    const { host } = new URL(shop)
    const cookie = [...visitor.cookies(shop)].map((pair) => pair.join('=')).join('; ')
    const page = await listenTo(`${shop}/session-hub/live`, { host, cookie, 'sec-fetch-site': 'same-origin' })
    expect(page.status).to.equal(200)
    await world.hub.hub.sessions.endAll('ada')
    await page.heard('ended')
    page.close()
    const again = await visitor.ask(`${shop}/`)
    expect(again.text.replaceAll('<!-- -->', '')).to.include('Hello stranger! In your cart: 0')
    const streams = world.hub.listener.seen.filter(({ url }) => url === '/backchannel/events')
    expect(new Set(streams.map(({ headers }) => headers.authorization)).size).to.be.most(2)
    expect(streams).to.have.length.most(2)
  })

  it('has every cache keep its pages, and none an answer with a session, with `headers()` as the page says', async () => {
    const { hub, shop } = sites
    const visitor = new Visitor(hub)
    const { headers: nobodys } = await visitor.ask(`${shop}/`)
    expect(nobodys).to.include({ 'cache-control': 'public, max-age=60' }).and.not.have.property('set-cookie')
    const signedIn = await visitor.post(shop, '/api/sign-in', {})
    expect(signedIn.headers).to.include({ 'cache-control': 'private, no-cache' })
    const offered = await visitor.post(shop, '/session-hub/offer', { nonce: binding().nonce })
    expect(offered.headers).to.include({ 'cache-control': 'no-store' })
    await world.hub.hub.sessions.endAll('ada')
    await until(async () => {
      const { headers } = await visitor.copy().ask(`${shop}/`)
      const isCleared = headers['set-cookie'] !== undefined
      if (isCleared) expect(headers).to.include({ 'cache-control': 'private, no-cache' })
      return isCleared
    })
  })

  it('has all of it below a path too, as docs/frameworks.md says', async () => {
    const insert = (file: string, before: string, more: string) =>
      project.write({ [file]: files[file]!.replace(before, more + before) })
    await insert('next.config.ts', 'serverExternalPackages', "basePath: '/shop', ")
    await insert('lib/site.ts', 'keys:', "endpoint: '/shop/session-hub', ")
    await start({ endpoint: '/shop/session-hub' })
    const below = { ...sites, below: '/shop' }
    await expectToTravel(below)
    await expectGuards(below)
  })
})

/** The pattern of all pages that the page gives for `headers()`. */
const apartOf = (page: string) => /`source: '([^']+)'`/.exec(page)?.[1] ?? ''
