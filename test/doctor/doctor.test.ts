/** Set-ups that are broken in one thing each: the doctor names that thing, and finds nothing where all is well. */
import { createGzip } from 'node:zlib'

import { expect } from 'chai'
import express from 'express'
import { generateSite } from 'session-hub/hub'

import { startDemo } from '../../demo/world.js'
import { examine, type Patients } from '../../hub/doctor/examine.js'
import type { Finding, Line } from '../../hub/doctor/findings.js'
import { type EyesOptions, openEyes } from '../../hub/doctor/sight.js'
import { type Break, createBreakingProxy, type Head } from '../support/breaking-proxy.js'
import { listen } from '../support/listener.js'
import { selfSigned } from '../support/self-signed.js'
import { startWorld, type World } from '../support/world.js'

const atHub = createBreakingProxy()
const atSites = createBreakingProxy()

async function linesOf(patients: Patients, eyes: Partial<EyesOptions> = {}): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of examine(openEyes({ timeoutMs: 5000, ...eyes }), patients, Date.now()))
    lines.push(line)
  return lines
}

const findingsIn = (lines: readonly Line[]): Finding[] => lines.flatMap(({ findings }) => findings)
const codesIn = (lines: readonly Line[]) => [...new Set(findingsIn(lines).map(({ code }) => code))]

/** As a proxy does that buffers: nothing goes out before the end. */
function collect(res: express.Response): void {
  const parts: string[] = []
  const end = res.end.bind(res) as (body: string) => express.Response
  res.flushHeaders = () => undefined
  res.write = (part: string) => parts.push(part) > 0
  res.end = (last = '') => end([...parts, last].join(''))
}

/** As a proxy does that compresses whatever it is: words wait in there until there are enough of them. */
function compress(res: express.Response): void {
  const gzip = createGzip()
  const write = res.write.bind(res) as (part: Buffer) => boolean
  const end = res.end.bind(res) as () => express.Response
  gzip.on('data', write).on('end', end)
  res.write = (part: string) => gzip.write(part)
  res.end = (last = '') => {
    gzip.end(last)
    return res
  }
}

describe('the doctor', () => {
  let world: World
  let patients: Patients

  before(async () => {
    world = await startWorld({
      sites: ['shop', 'travel'],
      site: { live: true },
      inFrontOfHub: atHub.handler,
      inFrontOfSites: atSites.handler,
    })
    patients = {
      hub: world.hub.origin,
      sites: [world.siteOf('shop').origin],
      page: '/',
      endpoint: '/session-hub',
    }
  })
  afterEach(() => {
    atHub.mend()
    atSites.mend()
    for (const { registration } of Object.values(world.sites)) world.register(registration)
  })
  after(() => world.close())

  const codes = async (more: Partial<Patients> = {}) => codesIn(await linesOf({ ...patients, ...more }))

  it('finds nothing where all is well, and looks at everything', async () => {
    const sites = ['shop', 'travel'].map((name) => world.siteOf(name).origin)
    const lines = await linesOf({ ...patients, sites })

    expect(findingsIn(lines)).to.deep.equal([])
    expect(lines.filter(({ skipped }) => skipped !== undefined)).to.deep.equal([])
    expect(new Set(lines.map(({ about }) => about))).to.deep.equal(new Set([world.hub.origin, ...sites]))
  })

  it('finds nothing in the demo', async () => {
    const demo = await startDemo({ portBase: 0 })
    try {
      const { hub, ...sites } = demo.addresses
      const lines = await linesOf({ ...patients, hub, sites: Object.values(sites) })
      expect(findingsIn(lines)).to.deep.equal([])
    } finally {
      await demo.close()
    }
  })

  it('leaves no session behind, and tells no one a cookie or a token', async () => {
    const before = world.hub.listener.seen.length
    await linesOf(patients)

    expect(await world.hub.store.search({ nowMs: world.now(), limit: 10 })).to.be.empty
    const seen = world.hub.listener.seen.slice(before).filter(({ url }) => !url.startsWith('/backchannel/'))
    expect(seen).to.not.be.empty
    for (const { headers } of seen) {
      expect(headers).to.not.have.property('cookie')
      expect(headers).to.not.have.property('authorization')
    }
  })

  const on = (path: string, then: Break['head']): Break => ({
    head(head, req) {
      if (req.url?.startsWith(path)) then?.(head, req)
    },
  })
  const without = (...names: string[]): Break => ({
    request(req) {
      for (const name of names) Reflect.deleteProperty(req.headers, name)
    },
  })
  const answering = (path: string, instead: express.RequestHandler): Break => ({
    instead(req, res, next) {
      if (req.url.startsWith(path)) void instead(req, res, next)
      else next()
    },
  })
  const set = (name: string, value: string) => (head: Head) => {
    head.set(name, value)
  }
  const more = (name: string, value: string) => (head: Head) => {
    head.set(name, `${head.get(name)}, ${value}`)
  }
  const cookies = (edit: (line: string) => string) => (head: Head) => {
    head.cookies(edit)
  }

  let kept = ''
  const limited: express.RequestHandler = (req, res, next) => {
    if (req.method === 'POST')
      res.status(429).json({ error: 'rate_limited', error_description: 'Too many requests' })
    else next()
  }
  it('says that it has asked too often, and that is no fault of the set-up', async () => {
    atHub.breaks(answering('/unlock', limited))
    atSites.breaks({ instead: limited })
    const lines = await linesOf(patients)
    expect(findingsIn(lines)).to.deep.equal([])
    expect(lines.filter(({ skipped }) => skipped?.startsWith('too many requests'))).to.have.length(2)
  })

  const brokenHubs: readonly [what: string, code: string, how: Break][] = [
    [
      'takes the beginning of its paths off',
      'hub_not_there',
      { request: (req) => (req.url = `/hub${req.url}`) },
    ],
    [
      'shows a page of its own at its address',
      'hub_not_there',
      answering('/.well-known/session-hub', (_req, res) => res.type('html').send('<h1>Hello</h1>')),
    ],
    [
      'leads to another origin',
      'redirects_elsewhere',
      answering('/', (_req, res) => res.redirect(301, 'http://www.hub.localhost/')),
    ],
    [
      'cannot reach its store',
      'hub_not_ready',
      answering('/readyz', (_req, res) => res.status(503).json({ error: 'unavailable' })),
    ],
    ['does not get the Referer', 'referer_removed', without('referer')],
    [
      'does not get what the browser says of storage access',
      'fetch_metadata_removed',
      without('sec-fetch-storage-access'),
    ],
    [
      'has a second policy of ancestors',
      'frame_ancestors_wrong',
      on('/frame', more('content-security-policy', "frame-ancestors 'self'")),
    ],
    [
      'has lost its policy',
      'frame_ancestors_wrong',
      on('/frame', (head) => {
        head.remove('content-security-policy')
      }),
    ],
    [
      'gets X-Frame-Options by a proxy',
      'frame_options_added',
      on('/frame', set('x-frame-options', 'SAMEORIGIN')),
    ],
    [
      'has its frame minified',
      'frame_script_blocked',
      { body: (text) => text.replace('<script>', '<script> ') },
    ],
    [
      'has its frame rewritten so that its scripts come later',
      'frame_script_blocked',
      {
        body: (text) =>
          text.replace('<script type=application/json id=data>', '<script data-later id="data">'),
      },
    ],
    [
      'has a second policy of scripts',
      'frame_script_blocked',
      on('/frame', more('content-security-policy', "script-src 'self'")),
    ],
    [
      'has lost the headers of an isolated frame',
      'frame_isolation',
      on('/frame', (head) => {
        head.remove('cross-origin-embedder-policy')
      }),
    ],
    ...['same-origin', 'noopener-allow-popups'].map((said): (typeof brokenHubs)[number] => [
      `has one opener policy on all pages: ${said}`,
      'popup_opener',
      on('/unlock', set('cross-origin-opener-policy', said)),
    ]),
    ['does not get the Origin', 'request_origin_lost', without('origin')],
    [
      'is behind a firewall that takes no POST',
      'post_blocked',
      {
        instead: (req, res, next) =>
          req.method === 'POST' && req.url === '/unlock' ? res.status(403).send('Forbidden') : next(),
      },
    ],
    ['loses its cookies', 'cookie_missing', { head: cookies(() => '') }],
    ['loses Secure', 'cookie_changed', { head: cookies((line) => line.replace('Secure; ', '')) }],
    ['loses HttpOnly', 'cookie_changed', { head: cookies((line) => line.replace('HttpOnly; ', '')) }],
    [
      'has its cookies made Lax',
      'cookie_changed',
      { head: cookies((line) => line.replace('SameSite=None', 'SameSite=Lax')) },
    ],
    ['has its cookies partitioned', 'cookie_changed', { head: cookies((line) => `${line}; Partitioned`) }],
    [
      'has its cookies made those of a domain',
      'cookie_changed',
      { head: cookies((line) => `${line}; Domain=localhost`) },
    ],
    [
      'speaks another version of the protocol',
      'protocol_differs',
      { body: (text) => text.replace('"protocol_version":1', '"protocol_version":2') },
    ],
    [
      'is behind a firewall that knows no frames',
      'frame_refused',
      answering('/frame', (_req, res) => res.status(403).type('html').send('<h1>Blocked</h1>')),
    ],
    [
      'has its cookies sealed by a proxy, and too long by that',
      'cookie_changed',
      { head: cookies((line) => line.replace('=', `=${'x'.repeat(5000)}`)) },
    ],
    [
      'loses the prefix of its cookies',
      'cookie_changed',
      { head: cookies((line) => line.replace('__Host-', '')) },
    ],
    [
      'has its frame kept by a cache',
      'frame_cached',
      {
        body(text, req) {
          if (!req.url?.startsWith('/frame')) return text
          kept ||= text
          return kept
        },
      },
    ],
  ]
  for (const [what, code, how] of brokenHubs) {
    it(`names the cause where the hub ${what}`, async () => {
      atHub.breaks(how)
      if (code === 'frame_cached') await codes()
      expect(await codes()).to.deep.equal([code])
    })
  }

  const policy = (text: string) =>
    on('/', (head, req) => {
      if (req.url === '/') head.set('content-security-policy', text)
    })
  const rest = "script-src 'self'; connect-src 'self'"
  const brokenSites: readonly [what: string, code: string, how: () => Break, more?: Partial<Patients>][] = [
    [
      'gets another Host',
      'host_rewritten',
      () => ({ request: (req) => (req.headers.host = 'backend:3000') }),
    ],
    [
      'does not get the Origin, and no Fetch Metadata',
      'request_origin_lost',
      () => without('origin', 'sec-fetch-site'),
    ],
    [
      'reads bodies before the router, and keeps nothing of them',
      'body_lost',
      () => ({ instead: (req, _res, next) => req.resume().on('end', next) }),
    ],
    [
      'has a CSRF guard before the router',
      'post_blocked',
      () => ({
        instead: (req, res, next) =>
          req.method === 'POST' ? res.status(403).send('invalid csrf token') : next(),
      }),
    ],
    [
      'has lost the prefix of its endpoints',
      'endpoint_not_there',
      () => ({ request: (req) => (req.url = req.url?.replace('/session-hub/jwks.json', '/jwks.json')) }),
    ],
    [
      'lets its cookies be changed',
      'cookie_changed',
      () => ({ head: cookies((line) => line.replace('Path=/', 'Path=/session-hub')) }),
    ],
    [
      'has a clock that is a minute ahead',
      'clocks_differ',
      () => ({ head: set('date', new Date(Date.now() + 60_000).toUTCString()) }),
    ],
    [
      'leads to its www',
      'redirects_elsewhere',
      () => answering('/', (_req, res) => res.redirect(302, 'http://www.shop.localhost/')),
    ],
    [
      'asks for a password',
      'page_unreadable',
      () => ({ instead: (req, res, next) => (req.url === '/' ? res.status(401).send('Password?') : next()) }),
    ],
    ['has a page without the tag', 'tag_missing', () => ({}), { page: '/plain' }],
    [
      'has a page for another hub',
      'tag_names_other_hub',
      () => ({ body: (text) => text.replace(/data-hub="[^"]*"/, 'data-hub="https://other.example"') }),
    ],
    [
      'does not serve the SDK',
      'sdk_not_served',
      () => ({
        instead: (req, res, next) =>
          req.url.endsWith('.js') ? res.type('html').send('<h1>App</h1>') : next(),
      }),
    ],
    [
      'serves the SDK so that nobody keeps it',
      'sdk_cache',
      () => on('/session-hub/sdk.', set('cache-control', 'no-store')),
    ],
    [
      'has the hash of another SDK in its tag',
      'sdk_integrity_wrong',
      () => ({ body: (text) => text.replace(' data-hub', ` integrity="sha384-${'A'.repeat(64)}" data-hub`) }),
    ],
    ['forbids frames', 'csp_frame_src', () => policy(`default-src 'self'; ${rest}`)],
    [
      'forbids scripts without a nonce',
      'csp_script_src',
      () => policy("script-src 'nonce-abc' 'strict-dynamic' 'self'"),
    ],
    ['forbids requests', 'csp_connect_src', () => policy('connect-src https://api.example')],
    ['is in a sandbox', 'page_sandboxed', () => policy('sandbox allow-scripts')],
    [
      'allows no storage access',
      'permissions_storage_access',
      () => on('/', set('permissions-policy', 'camera=(), storage-access=(self)')),
    ],
    ['hides its visitors', 'referrer_policy_hides', () => on('/', set('referrer-policy', 'no-referrer'))],
    [
      'has its keys kept by a CDN for a day',
      'jwks_cache',
      () =>
        on('/session-hub/jwks.json', (head) => {
          head.set('cache-control', 'public, max-age=86400')
        }),
    ],
    [
      'has its keys kept by a CDN that says for how long already',
      'jwks_cache',
      () => on('/session-hub/jwks.json', set('age', '4000')),
    ],
    [
      'lets nobody keep its keys',
      'jwks_cache',
      () => on('/session-hub/jwks.json', set('cache-control', 'no-store')),
    ],
    [
      'lets every cache keep the answers to its pages',
      'answer_cacheable',
      () => on('/session-hub/sisters', set('cache-control', 'public, max-age=60')),
    ],
    [
      'lets a CDN keep them',
      'answer_cacheable',
      () => on('/session-hub/sisters', set('cdn-cache-control', 'max-age=600')),
    ],
    ['has no openers', 'page_opener_policy', () => on('/', set('cross-origin-opener-policy', 'same-origin'))],
  ]
  for (const [what, code, how, patientsToo = {}] of brokenSites) {
    it(`names the cause where the site ${what}`, async () => {
      atSites.breaks(how())
      expect(await codes(patientsToo)).to.deep.equal([code])
    })
  }

  it('names the cause where a proxy collects an event stream before it passes it on', async () => {
    atSites.breaks({
      instead(req, res, next) {
        if (req.url.startsWith('/session-hub/live')) collect(res)
        next()
      },
    })
    expect(await codes()).to.deep.equal(['stream_held_back'])
  })

  it('names the cause where a proxy compresses an event stream', async () => {
    atSites.breaks({
      head: (head) => {
        if (/event-stream/.test(head.get('content-type'))) head.set('content-encoding', 'gzip')
      },
      instead(req, res, next) {
        if (req.url.startsWith('/session-hub/live')) compress(res)
        next()
      },
    })
    expect(await codes()).to.deep.equal(['stream_held_back'])
  })

  it('names the cause where a proxy cuts an event stream off, and nothing where it stays', async () => {
    atSites.breaks({
      instead(req, res, next) {
        if (req.url.startsWith('/session-hub/live')) res.end = () => res.destroy()
        next()
      },
    })
    const [finding, ...others] = findingsIn(await linesOf({ ...patients, listenSeconds: 2 }))
    expect(others).to.deep.equal([])
    expect(finding?.code).to.equal('stream_cut')
    expect(finding?.what).to.match(/^the stream is cut off after (2|1\.9)/)
    atSites.mend()
    expect(await codes({ listenSeconds: 1 })).to.deep.equal([])
  })

  const visitorAt = '203.0.113.7'
  /** What the proxies before a server make of the header that has come. */
  const proxies = (...added: readonly ((came: string | undefined) => string)[]): Break => ({
    request(req) {
      let forwarded = req.headers['x-forwarded-for'] as string | undefined
      for (const add of added) forwarded = add(forwarded)
      if (forwarded !== undefined) req.headers['x-forwarded-for'] = forwarded
    },
  })
  const adds = (address: string) => (came: string | undefined) =>
    came === undefined ? address : `${came}, ${address}`
  const forwarding: readonly [what: string, how: Break, hops: number | boolean, code?: string][] = [
    ['no proxy is there, and none is trusted', proxies(), 0],
    ['no proxy is there, and one is trusted', proxies(), 1, 'trust_proxy_too_wide'],
    ['a proxy adds to the list, and one is trusted', proxies(adds(visitorAt)), 1],
    ['a proxy adds to the list, and none is trusted', proxies(adds(visitorAt)), 0, 'trust_proxy_missing'],
    ['a proxy adds to the list, and two are trusted', proxies(adds(visitorAt)), 2, 'trust_proxy_too_wide'],
    ['a proxy adds to the list, and all are trusted', proxies(adds(visitorAt)), true, 'trust_proxy_too_wide'],
    ['a proxy replaces the list, and one is trusted', proxies(() => visitorAt), 1],
    ['a proxy replaces the list, and none is trusted', proxies(() => visitorAt), 0, 'trust_proxy_missing'],
    ['two proxies add to the list, and two are trusted', proxies(adds(visitorAt), adds('198.51.100.2')), 2],
    [
      'two proxies add to the list, and one is trusted',
      proxies(adds(visitorAt), adds('198.51.100.2')),
      1,
      'trust_proxy_missing',
    ],
  ]
  for (const [what, how, hops, code] of forwarding)
    it(`says whose address counts where ${what}`, async () => {
      const [shop] = patients.sites
      const apps = [world.hub.listener, world.siteOf('shop').listener].map(({ app }) => app)
      for (const app of apps) app.set('trust proxy', hops)
      atHub.breaks(how)
      atSites.breaks(how)
      try {
        const found = (await linesOf(patients)).flatMap(({ about, findings }) =>
          findings.map((finding) => [about, finding.code]),
        )
        expect(found).to.deep.equal(
          code === undefined ? [] : [world.hub.origin, shop].map((at) => [at, code]),
        )
      } finally {
        for (const app of apps) app.set('trust proxy', false)
      }
    })

  it('names the cause where the page makes an address of a made-up X-Forwarded-Host or -Proto', async () => {
    atSites.breaks({
      body: (text, req) =>
        text.replace('<h1>', `<a href="//${String(req.headers['x-forwarded-host'])}/">Home</a><h1>`),
    })
    expect(await codes()).to.deep.equal(['forwarded_host_believed'])
    atSites.breaks({
      instead(req, res, next) {
        const host = req.headers['x-forwarded-host']
        if (req.url === '/' && host !== undefined) res.redirect(`http://${String(host)}/login`)
        else next()
      },
    })
    expect(await codes()).to.deep.equal(['forwarded_host_believed'])
  })

  it('finds nothing where a firewall refuses a made-up address, and where an older version does not say which one counts', async () => {
    atSites.breaks({
      instead(req, res, next) {
        if (req.headers['x-forwarded-for'] === undefined) next()
        else res.status(403).send('Forbidden')
      },
    })
    const skippedBy = (lines: readonly Line[]) =>
      lines.filter(({ looked }) => looked.startsWith('counts each visitor')).map(({ skipped }) => skipped)
    const lines = await linesOf(patients)
    expect(codesIn(lines)).to.deep.equal([])
    expect(skippedBy(lines)).to.deep.equal([undefined, 'it does not say by which one'])
  })

  it('finds nothing where a proxy puts a script of its own beside that of the frame, which does not run', async () => {
    const own = '<script>analytics()</script>'
    atHub.breaks({
      body: (text, req) =>
        req.url?.startsWith('/frame') ? text.replace('<!doctype html>', `$&${own}`) + own : text,
    })
    expect(await codes()).to.deep.equal([])
  })

  it('names the code where a visitor does not arrive', async () => {
    atSites.breaks(answering('/session-hub/callback', (_req, res) => res.status(403).send('Blocked')))
    expect(await codes()).to.deep.equal(['handover_failed'])
    // The cookie of the redirect is gone, and with it the visitor's way back.
    atSites.breaks({ ...without('cookie') })
    const [finding, ...more] = findingsIn(await linesOf(patients))
    expect(more).to.be.empty
    expect(finding).to.deep.equal({
      code: 'cookie_missing',
      what: 'the cookie "__Host-session-start" does not come back',
    })
  })

  it('names a policy in a meta element too', async () => {
    atSites.breaks({
      body: (text) =>
        text.replace('<h1>', `<meta http-equiv="Content-Security-Policy" content="frame-src 'none'"><h1>`),
    })
    expect(await codes()).to.deep.equal(['csp_frame_src'])
  })

  it('looks at no server that nobody has named: not by a redirect, not by a tag', async () => {
    const stranger = await listen('stranger.localhost')
    try {
      atSites.breaks(answering('/', (_req, res) => res.redirect(`${stranger.origin}/`)))
      expect(await codes()).to.deep.equal(['redirects_elsewhere'])
      atSites.breaks({ body: (text) => text.replace(/src="[^"]*"/, `src="${stranger.origin}/sdk.js"`) })
      expect(await codes()).to.deep.equal(['csp_script_src'])
      atSites.breaks({ body: (text) => text.replace(/src="[^"]*"/, 'src="ftp://stranger.example/sdk.js"') })
      expect(await codes()).to.deep.equal(['csp_script_src'])
      expect(stranger.seen).to.be.empty
    } finally {
      await stranger.close()
    }
  })

  for (const [what, endpoint] of [
    ['another host', '.stranger.localhost'],
    ['another host, with the site as a name', '@stranger.localhost'],
    ['another port', ':1'],
    ['nothing that an address can be', ':99999'],
  ])
    it(`looks at no server that a page makes of the site’s own origin: ${what}`, async () => {
      const asked = new Set<string>()
      atSites.breaks({
        body: (text) => text.replace('<script', `<script data-endpoint="${endpoint}"`),
      })
      const lookup = (hostname: string) => {
        asked.add(hostname)
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      }
      const lines = await linesOf(patients, { lookup })
      expect(findingsIn(lines)).to.deep.equal([
        { code: 'endpoint_not_there', what: `"${endpoint}" is no path` },
      ])
      expect([...asked].sort()).to.deep.equal(['hub.localhost', 'shop.localhost'])
    })

  it('says that a server has changed the protocol, and waits for nothing more', async () => {
    atSites.breaks(
      answering('/', (_req, res) => {
        res.socket?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
      }),
    )
    const lines = await linesOf(patients)
    expect(codesIn(lines)).to.deep.equal(['connect_failed'])
  })

  it('R31: reads no more than the beginning of a page that never ends', async () => {
    let bytes = 0
    atSites.breaks({
      instead(req, res, next) {
        if (req.url !== '/') {
          next()
          return
        }
        const part = '<p>more</p>'.repeat(10_000)
        const write = () => {
          do bytes += part.length
          while (res.write(part))
        }
        res.type('html').on('drain', write)
        write()
      },
    })
    expect(await codes()).to.deep.equal(['tag_missing'])
    expect(bytes).to.be.above(1024 * 1024)
  })

  it('follows a redirect within the site, and looks at the page there', async () => {
    atSites.breaks({
      instead(req, res, next) {
        if (req.url !== '/') {
          if (req.url === '/en/') req.url = '/plain'
          next()
        } else res.redirect('/en/')
      },
    })
    expect(await codes()).to.deep.equal(['tag_missing'])
  })

  it('says that a site is not registered, and which one is in its place', async () => {
    const { origin, registration } = world.siteOf('shop')
    const twin = origin.replace('//', '//www.')
    world.unregister(origin)
    world.register({ ...registration, origin: twin })
    try {
      const [finding, ...others] = findingsIn(await linesOf(patients))
      expect(others).to.be.empty
      expect(finding?.code).to.equal('site_unregistered')
      expect(finding?.what).to.include(twin)
    } finally {
      world.unregister(twin)
    }
  })

  it('says that a site has the keys of another registration', async () => {
    const { origin } = world.siteOf('shop')
    world.register((await generateSite(origin)).registration)
    // The site believes for five minutes what the hub has told it.
    world.advance(301)
    expect(await codes()).to.deep.equal(['keys_do_not_match'])
  })

  it('names the cause where something reads the body and keeps it: the router waits for it in vain', async () => {
    atSites.breaks({
      instead(req, _res, next) {
        if (req.method === 'POST') req.on('end', next).resume()
        else next()
      },
    })
    const { listener } = world.siteOf('shop')
    const before = listener.seen.length
    const lines = await linesOf(patients, { timeoutMs: 1500 })
    expect(codesIn(lines)).to.deep.equal(['body_lost'])
    expect(listener.seen.slice(before).filter(({ method }) => method === 'POST')).to.have.length(1)
  })

  it('says that a site has another ticket key than the hub seals for, though it signs with the right one', async () => {
    const { origin, registration } = world.siteOf('shop')
    const { ticketKeys } = (await generateSite(origin)).registration
    world.register({ ...registration, ticketKeys })
    // What the hub has said of the keys is believed for a while.
    world.advance(301)
    expect(await codes()).to.deep.equal(['keys_do_not_match'])
    world.register(registration)
    world.advance(301)
    expect(await codes()).to.deep.equal([])
  })

  it('says that a preview host is not registered where a wildcard does not cover it, and nothing where one does', async () => {
    const { origin, registration } = world.siteOf('shop')
    const wildcard = origin.replace('//shop.', '//*.preview.')
    const below = (name: string) => origin.replace('//shop.', `//${name}.preview.`)
    await world.hub.hub.setSites([{ ...registration, origin: wildcard }])
    try {
      const [finding] = findingsIn(await linesOf({ ...patients, sites: [below('a.pr-1')] })).filter(
        ({ code }) => code === 'site_unregistered',
      )
      expect(finding?.what).to.include(`it knows ${below('pr-1')}`)
      expect(await codes({ sites: [below('pr-1')] })).to.not.include('site_unregistered')
    } finally {
      await world.hub.hub.setSites([])
    }
  })

  it('says that an isolated page cannot load the SDK from a hub whose proxy takes a header off, and nothing without that', async () => {
    const isolated: Break = {
      body: (text) => text.replace(/src="[^"]*\/sdk\.[^"]*"/, `src="${world.hub.origin}/sdk.js"`),
      head(head) {
        head.set('cross-origin-embedder-policy', 'require-corp')
        head.remove('content-security-policy')
      },
    }
    atSites.breaks(isolated)
    expect(await codes()).to.deep.equal([])
    atHub.breaks(
      on('/sdk', (head) => {
        head.remove('cross-origin-resource-policy')
      }),
    )
    expect(await codes()).to.deep.equal(['sdk_isolated'])
    atSites.breaks({ ...isolated, head: (head) => head.remove('content-security-policy') })
    expect(await codes(), 'on a page that is not isolated').to.deep.equal([])
  })

  it('finds nothing where a page keeps its popups, whoever has opened it', async () => {
    atSites.breaks(on('/', set('cross-origin-opener-policy', 'noopener-allow-popups')))
    expect(await codes()).to.deep.equal([])
  })

  const places: Record<
    string,
    [hub: string, at: string, site: string, at: string, code: string, twin: [string, string]]
  > = {
    'a hub in a private network below a public site': [
      ...(['hub.shop.example', '10.0.0.1', 'shop.example', '203.0.113.7'] as const),
      'hub_on_private_address',
      ['203.0.113.8', '203.0.113.7'],
    ],
    'a hub in another network than its site': [
      ...(['hub.shop.example', '198.51.100.1', 'shop.example', '203.0.113.7'] as const),
      'seven_days',
      ['203.0.113.8', '203.0.113.7'],
    ],
    'a hub on a domain that no site has': [
      ...(['hub.example', '203.0.113.8', 'shop.example', '203.0.113.7'] as const),
      'bounce_tracking',
      ['', ''],
    ],
  }
  for (const [what, [hub, hubAt, site, siteAt, code, [hubThen, siteThen]]] of Object.entries(places))
    it(`names ${what}, by what the names lead to`, async () => {
      const port = new URL(world.hub.origin).port
      const sitePort = new URL(patients.sites[0]!).port
      /** Each name is looked at once, and then connected to: it is here. */
      const found = (at: Record<string, string>) => {
        const looked = new Set<string>()
        const lookup = async (hostname: string) => {
          const address = looked.has(hostname) ? '127.0.0.1' : (at[hostname] ?? '127.0.0.1')
          looked.add(hostname)
          return [{ address, family: 4 }]
        }
        const asked = { ...patients, hub: `http://${hub}:${port}`, sites: [`http://${site}:${sitePort}`] }
        return linesOf(asked, { lookup }).then(codesIn)
      }
      expect(await found({ [hub]: hubAt, [site]: siteAt })).to.include(code)
      if (hubThen !== '') expect(await found({ [hub]: hubThen, [site]: siteThen })).to.not.include(code)
      else expect(await found({ [hub]: hubAt, [site]: siteAt })).to.not.include('seven_days')
    })

  it('names the clock where the hub refuses the site for its time', async () => {
    const { origin } = await world.addSite('early', undefined, {
      now: () => world.now() + 600_000,
    })
    const ahead = () => new Date(Date.now() + 600_000).toUTCString()
    atSites.breaks({ head: (head) => head.set('date', ahead()) })
    const [first] = await codes({ sites: [origin] })
    expect(first).to.equal('clocks_differ')
  })

  it('believes no date of a page that a cache has kept', async () => {
    atSites.breaks({
      head: (head, req) => {
        if (req.url === '/') head.set('date', new Date(Date.now() - 3_600_000).toUTCString())
      },
    })
    expect(await codes()).to.deep.equal([])
  })

  it('says that the registration has another endpoint', async () => {
    world.register({ ...world.siteOf('shop').registration, endpoint: '/shop/session-hub' })
    expect(await codes()).to.deep.equal(['endpoint_unregistered'])
  })

  it('says, where links carry the session, which sister is missing and that no form may go there', async () => {
    const sites = ['shop', 'travel'].map((name) => world.siteOf(name).origin)
    atSites.breaks({
      body: (text) => text.replace(' data-hub', ' data-sister-links data-hub'),
      head: (head) => {
        if (head.get('content-security-policy')) head.set('content-security-policy', "form-action 'self'")
      },
    })
    expect(await codes({ sites })).to.have.members(['sister_missing', 'csp_form_action'])
    atSites.breaks({ body: (text) => text.replace(' data-hub', ' data-sister-links data-hub') })
    for (const { origin, registration } of Object.values(world.sites))
      world.register({ ...registration, sisters: sites.filter((site) => site !== origin) })
    world.advance(301)
    expect(await codes({ sites })).to.deep.equal([])
  })

  it('says that the hub calls itself otherwise', async () => {
    const hub = world.hub.origin.replace('hub.', 'accounts.')
    expect(await codes({ hub })).to.include('hub_origin_differs')
  })

  it('says that the certificate is not to be trusted', async () => {
    const hub = await listen('hub.localhost', selfSigned(['hub.localhost'], 90))
    try {
      expect(await codes({ hub: hub.origin })).to.include('tls_untrusted')
      expect(await codes({ hub: world.hub.origin.replace('http:', 'https:') })).to.include('tls_untrusted')
    } finally {
      await hub.close()
    }
  })

  it('says that a name leads nowhere', async () => {
    const nowhere = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    const lines = await linesOf(patients, { lookup: () => Promise.reject(nowhere) })
    expect(codesIn(lines)).to.deep.equal(['dns_failed'])
  })

  it('says that the site does not reach the hub, though the doctor does', async () => {
    atHub.breaks(answering('/backchannel', (_req, res) => res.status(502).send('Bad Gateway')))
    world.advance(301)
    expect(await codes()).to.deep.equal(['hub_unreachable_from_site'])
  })

  it('says that nobody answers, and that an answer does not come in time', async () => {
    const { listener } = world.siteOf('shop')
    await listener.stop()
    expect(await codes()).to.deep.equal(['connect_failed'])
    await listener.start()
    listener.hang(1)
    expect(codesIn(await linesOf(patients, { timeoutMs: 1000 }))).to.deep.equal(['connect_failed'])
  })
})
