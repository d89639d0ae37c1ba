/** R41: our cookies go out beside whatever the application, or a library of its, writes into the head of the same answer. */
import { expect } from 'chai'
import compression from 'compression'
import type { Express, Request, Response } from 'express'
import type { Site } from 'session-hub/site'

import { Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

const THEME = 'theme=dark; Path=/'

/** As the package `on-headers` does it for express-session, compression and others. */
function onHeaders(res: Response, listener: () => void): void {
  const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => Response
  let isDone = false
  res.writeHead = ((...given: unknown[]) => {
    const headers = given.find((part) => typeof part === 'object' && part !== null)
    for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value as string)
    if (!isDone) listener()
    isDone = true
    return writeHead(given[0])
  }) as Response['writeHead']
}

/** What an application does after it has spoken to us. Each of them means to send its own cookie, or none. */
const ways: Record<string, (res: Response) => void> = {
  'res.cookie': (res) => res.cookie('theme', 'dark').end(),
  setHeader: (res) => res.setHeader('Set-Cookie', THEME).end(),
  'setHeader with a list': (res) => res.setHeader('set-cookie', [THEME, 'other=1']).end(),
  'res.set': (res) => res.set('Set-Cookie', THEME).json({}),
  'res.set of several': (res) => res.set({ 'Set-Cookie': [THEME] }).send(''),
  setHeaders: (res) => res.setHeaders(new Map([['set-cookie', THEME]])).end(),
  'setHeaders with Headers': (res) => res.setHeaders(new Headers([['set-cookie', THEME]])).end(),
  appendHeader: (res) => res.appendHeader('Set-Cookie', THEME).end(),
  'writeHead with an object': (res) => res.writeHead(200, { 'Set-Cookie': THEME }).end(),
  'writeHead with a list in an object': (res) =>
    res.writeHead(200, { 'set-cookie': [THEME, 'other=1'] }).end(),
  'writeHead with a message': (res) => res.writeHead(200, 'Fine', { 'Set-Cookie': THEME }).end(),
  'writeHead with a flat list': (res) =>
    res.writeHead(200, ['X-One', '1', 'Set-Cookie', THEME, 'Set-Cookie', 'other=1']).end(),
  'writeHead with a list of pairs': (res) =>
    res
      .writeHead(200, [
        ['X-One', '1'],
        ['Set-Cookie', THEME],
      ] as never)
      .end(),
  'flushHeaders after setHeader': (res) => {
    res.setHeader('Set-Cookie', THEME).flushHeaders()
    res.end()
  },
  'write after setHeader': (res) => {
    res.setHeader('Set-Cookie', THEME).write('one')
    res.end('two')
  },
  'redirect after setHeader': (res) => {
    res.setHeader('Set-Cookie', THEME)
    res.redirect(303, '/')
  },
  'a listener of on-headers, which was there later': (res) => {
    onHeaders(res, () => res.setHeader('Set-Cookie', THEME))
    res.end()
  },
}

/** The same, of what sends no cookie of its own. Node takes nothing from `Headers` or a `Map` here. */
const silentWays: Record<string, (res: Response) => void> = {
  'nothing at all': (res) => res.end(),
  removeHeader: (res) => {
    res.removeHeader('Set-Cookie')
    res.end()
  },
  'setHeader with an empty list': (res) => res.setHeader('set-cookie', []).end(),
  'writeHead with Headers': (res) => res.writeHead(200, new Headers({ 'set-cookie': THEME }) as never).end(),
  'writeHead with a Map': (res) => res.writeHead(200, new Map([['set-cookie', THEME]]) as never).end(),
  'a listener of on-headers that removes': (res) => {
    onHeaders(res, () => {
      res.removeHeader('set-cookie')
    })
    res.end()
  },
}

const names = (cookies: readonly string[] = []) => cookies.map((cookie) => cookie.replace(/=.*/s, '')).sort()
const pair = ['__Host-session', '__Host-session-state']

describe('R41: our cookies beside the application’s own', () => {
  let world: World
  let origin: string
  let site: Site
  /** What a route does at the end. */
  let finish: (res: Response) => void
  /** What the application has before us. */
  let first: (req: Request, res: Response) => void

  before(async () => {
    world = await startWorld({ sites: ['travel'] })
    const build = (app: Express, made: Site) => {
      site = made
      app.use((req, res, next) => {
        first(req, res)
        next()
      })
      app.use(compression({ threshold: 0 }), made.router, made.session({ bearer: true }))
      const acts: Record<string, (req: Request, res: Response) => Promise<unknown>> = {
        'sign-in': (req, res) => site.signIn(req, res, { subject: 'ada' }),
        update: (req) => req.session.update({ cart: ['boots'] }),
        'sign-out': (req, res) => site.signOut(req, res),
        look: () => Promise.resolve(),
      }
      for (const [path, act] of Object.entries(acts))
        app.post(`/${path}`, async (req, res) => {
          await act(req, res)
          finish(res)
        })
      app.get('/who', ({ session }, res) => {
        res.json({ subject: session.subject })
      })
    }
    ;({ origin } = await world.addSite('shop', build))
  })
  beforeEach(() => {
    first = () => undefined
    finish = (res) => res.end()
  })
  after(() => world.close())

  const visitor = () => new Visitor(world.hub.origin)

  async function expectBoth(act: string, who: Visitor, own: readonly string[], what: string): Promise<void> {
    const { headers } = await who.post(origin, act, {})
    const sent = names(headers['set-cookie']).filter((name) => name !== 'other')
    expect(sent, what).to.deep.equal([...pair, ...own].sort())
    expect(headers['cache-control'], what).to.equal('private, no-cache')
  }

  for (const [kind, table, own] of [
    ['with a cookie of its own', ways, ['theme']],
    ['without one', silentWays, []],
  ] as const)
    it(`are sent ${kind}, however the head is written`, async () => {
      for (const [what, way] of Object.entries(table)) {
        const ada = visitor()
        finish = way
        await expectBoth('/update', ada, own, `update, ${what}`)
        await expectBoth('/sign-in', ada, own, `sign-in, ${what}`)
        expect((await ada.ask(`${origin}/who`)).json, what).to.deep.equal({ subject: 'ada' })
        world.advance(200)
        await expectBoth('/look', ada, own, `renewal, ${what}`)
        await expectBoth('/sign-out', ada, own, `sign-out, ${what}`)
        expect(ada.cookies(origin).has('__Host-session'), what).to.equal(false)
      }
    })

  it('are sent beside a library that was there before us', async () => {
    for (const listener of [
      (res: Response) => res.setHeader('set-cookie', THEME),
      (res: Response) => res.appendHeader('set-cookie', THEME),
      (res: Response) => {
        res.removeHeader('set-cookie')
        res.setHeader('set-cookie', THEME)
        res.setHeader('cache-control', 'public, max-age=60')
      },
    ]) {
      first = (_req, res) => {
        onHeaders(res, () => listener(res))
      }
      const ada = visitor()
      await expectBoth('/sign-in', ada, ['theme'], String(listener))
      await expectBoth('/sign-out', ada, ['theme'], String(listener))
    }
  })

  it('come with our own endpoints too, of every kind', async () => {
    first = (_req, res) => {
      onHeaders(res, () => res.setHeader('set-cookie', THEME))
    }
    const ada = visitor()
    const cookiesOf = async (path: string, ask = () => ada.navigateOnce(origin + path)) => {
      const [{ headers }] = await ask()
      return names(headers['set-cookie'])
    }
    expect(await cookiesOf('/session-hub/redirect?return=/who')).to.deep.equal([
      '__Host-session-start',
      'theme',
    ])
    expect(await cookiesOf('/session-hub/callback?outcome=none')).to.deep.equal([
      '__Host-session-arrival',
      '__Host-session-start',
      'theme',
    ])
    const off = await cookiesOf('', async () => [
      await ada.post(origin, '/session-hub/forget', { off: true }),
    ])
    expect(off).to.deep.equal(['__Host-session-off', 'theme'])
  })

  it('replace a cookie of the same name, and no other', async () => {
    finish = (res) =>
      res
        .setHeader('set-cookie', ['__Host-session=planted; Path=/; Secure', '__Host-session2=x', THEME])
        .end()
    const { headers } = await visitor().post(origin, '/sign-in', {})
    expect(names(headers['set-cookie'])).to.deep.equal([...pair, '__Host-session2', 'theme'].sort())
    expect(headers['set-cookie']?.join()).to.not.include('planted')
  })

  it('and a Bearer token’s successor stays in its header', async () => {
    const ada = visitor()
    await ada.post(origin, '/update', {})
    const authorization = `Bearer ${ada.cookies(origin).get('__Host-session')}`
    for (const [what, way] of Object.entries({
      ...ways,
      'writeHead with this header': (res: Response) => res.writeHead(200, { 'session-token': 'x' }).end(),
      'setHeader of this header': (res: Response) => res.setHeader('Session-Token', 'x').end(),
    })) {
      world.advance(200)
      finish = way
      const { headers } = await visitor().post(origin, '/look', {}, { authorization })
      expect(headers['session-token'], what).to.match(/^\w+\.\w+\.[\w-]+$/)
      expect(names(headers['set-cookie']), what).to.not.include('__Host-session')
      world.advance(-200)
    }
  })

  it('leave the head of every other answer as it is', async () => {
    finish = (res) =>
      res
        .writeHead(200, [
          ['Set-Cookie', THEME],
          ['Cache-Control', 'public'],
          ['CDN-Cache-Control', 'public'],
        ] as never)
        .end()
    const { headers } = await visitor().post(origin, '/look', {})
    expect(headers['set-cookie']).to.deep.equal([THEME])
    expect(headers).to.include({ 'cache-control': 'public', 'cdn-cache-control': 'public' })
  })

  describe('and no shared cache keeps them', () => {
    const cases: [said: Record<string, string>, sent: Record<string, string | undefined>][] = [
      [{ 'Cache-Control': 'public, max-age=60' }, { 'cache-control': 'private, no-cache' }],
      [{ 'Cache-Control': 'private, s-maxage=60' }, { 'cache-control': 'private, no-cache' }],
      [{ 'Cache-Control': 'max-age=60, private="set-cookie"' }, { 'cache-control': 'private, no-cache' }],
      [{ 'Cache-Control': 'Private, max-age=60' }, { 'cache-control': 'Private, max-age=60' }],
      [{ 'Cache-Control': 'no-store' }, { 'cache-control': 'no-store' }],
      [{ 'CDN-Cache-Control': 'public' }, { 'cdn-cache-control': undefined }],
      [{ 'CDN-Cache-Control': 'no-store' }, { 'cdn-cache-control': 'no-store' }],
      [{ 'Cloudflare-CDN-Cache-Control': 'max-age=60' }, { 'cloudflare-cdn-cache-control': undefined }],
      [{ 'Surrogate-Control': 'max-age=60' }, { 'surrogate-control': undefined }],
      [{ 'Edge-Control': 'cache-maxage=60' }, { 'edge-control': undefined }],
      [{ 'X-Accel-Expires': '60' }, { 'x-accel-expires': undefined }],
    ]
    for (const [said, sent] of cases)
      it(`${JSON.stringify(said)} becomes ${JSON.stringify(sent)}`, async () => {
        for (const way of [
          (res: Response) => res.set(said).end(),
          (res: Response) => res.writeHead(200, said).end(),
          (res: Response) => res.writeHead(200, Object.entries(said).flat()).end(),
        ]) {
          finish = way
          const { headers } = await visitor().post(origin, '/update', {})
          for (const [name, value] of Object.entries(sent)) expect(headers[name], name).to.equal(value)
          expect(headers['cache-control']).to.match(/private|no-store/i)
        }
      })

    it('nor an answer of ours, where the application says so of everything', async () => {
      first = (_req, res) => res.setHeader('CDN-Cache-Control', 'public, max-age=60')
      for (const path of ['/session-hub/redirect?return=/who', '/session-hub/callback']) {
        const [{ headers }] = await visitor().navigateOnce(origin + path)
        expect(headers['cache-control']).to.equal('no-store')
        expect(headers['cdn-cache-control']).to.equal(undefined)
      }
    })
  })
})

describe('R41: the hub’s cookies beside those of what stands in front of it', () => {
  let world: World
  let first: (res: Response) => void

  beforeEach(async () => {
    world = await startWorld({
      sites: ['shop'],
      inFrontOfHub(_req, res, next) {
        first(res)
        next()
      },
    })
  })
  afterEach(() => world.close())

  it('are sent, and leave the others where they are', async () => {
    const shop = world.siteOf('shop').origin
    for (const way of [
      (res: Response) => res.setHeader('set-cookie', 'lb=1'),
      (res: Response) => {
        onHeaders(res, () => res.setHeader('set-cookie', 'lb=1'))
      },
    ]) {
      first = way
      const ada = new Visitor(world.hub.origin)
      await ada.post(shop, '/cart', { item: 'boots' })
      await ada.sync(shop)
      expect([...ada.cookies(world.hub.origin).keys()].sort()).to.deep.equal([
        '__Host-session-hub',
        '__Host-session-hub-turn',
        'lb',
      ])
    }
    const { headers } = await new Visitor(world.hub.origin).frame(shop, 'A'.repeat(43))
    expect(headers['set-cookie'], 'a frame that sets none').to.deep.equal(['lb=1'])
  })

  it('stay out of shared caches, as everything that is for one visitor', async () => {
    first = (res) => res.setHeader('CDN-Cache-Control', 'public, max-age=60')
    const { headers } = await new Visitor(world.hub.origin).frame(world.siteOf('shop').origin, 'A'.repeat(43))
    expect(headers['cache-control']).to.equal('no-store')
    expect(headers['cdn-cache-control']).to.equal(undefined)
  })
})
