/** A site on `Request` and `Response`, where they differ from a Node server. The rest: `npm run test:adapters`. */
import { expect } from 'chai'
import {
  createSite,
  type LogEntry,
  type SessionHubError,
  type Site,
  type SiteVisit,
  type Visited,
} from 'session-hub/site'

import { startWorld, type World } from '../support/world.js'

describe('a site on Request and Response', () => {
  let world: World
  let site: Site
  let origin: string
  let log: LogEntry[]

  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'], registration: () => ({ mayImpersonate: true }) })
    const { keys } = world.siteOf('shop')
    ;({ origin } = world.siteOf('shop'))
    log = []
    site = await createSite({ origin, hub: world.hub.origin, keys, log: (entry) => void log.push(entry) })
  })
  afterEach(async () => {
    site.close()
    await world.close()
  })

  const ask = (path: string, { headers, ...more }: RequestInit = {}) =>
    new Request(origin + path, { ...more, headers: { host: new URL(origin).host, ...(headers as object) } })
  const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body,
      headers: { origin, 'content-type': 'application/json', ...headers },
      duplex: 'half',
    } as RequestInit)
  const whole = ({ response }: Visited) => {
    if (!response) throw new Error('It is no endpoint')
    return response
  }
  const open = (visited: Visited): SiteVisit => {
    if (visited.response) throw new Error('It is an endpoint')
    return visited
  }
  const cookiesOf = ({ headers }: Response) => headers.getSetCookie().map((cookie) => cookie.split('=')[0])

  it('gives the visitor a session, and knows it again by its cookies', async () => {
    const visit = open(await site.visit(ask('/')))
    expect(visit.session.status).to.equal('none')
    await visit.session.update({ cart: ['boots'] })
    const response = visit.respond(Response.json({}))
    expect(cookiesOf(response)).to.deep.equal(['__Host-session', '__Host-session-state'])
    expect(response.headers.get('cache-control')).to.equal('private, no-cache')

    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0]!)
      .join('; ')
    const again = open(await site.visit(ask('/', { headers: { cookie } })))
    expect(again.session.status).to.equal('anonymous')
    expect(await again.session.data()).to.deep.equal({ cart: ['boots'] })
  })

  describe('an application that throws', () => {
    const thrown = new Error('The database is down')
    const cookies = ['__Host-session', '__Host-session-state']
    const signIn = (then: () => Response) =>
      site.fetch(ask('/'), async (visit) => {
        await visit.signIn({ subject: 'ada' })
        return then()
      })

    it('after a sign-in: the visitor is signed in all the same, as by Express', async () => {
      const response = await signIn(() => {
        throw thrown
      })
      expect(response.status).to.equal(500)
      expect(await response.text()).to.equal('')
      expect(cookiesOf(response)).to.deep.equal(cookies)
      expect(log).to.deep.equal([
        { level: 'error', event: 'hook_failed', hook: 'fetch', description: 'The database is down' },
      ])
      expect(cookiesOf(await signIn(() => Response.json({}))), 'one that does not').to.deep.equal(cookies)
    })

    it('one of our errors after a sign-in: the status is that of the error', async () => {
      const response = await site.fetch(ask('/'), async (visit) => {
        await visit.signIn({ subject: 'ada' })
        await visit.session.update({ when: new Date() as never })
        return Response.json({})
      })
      expect(response.status).to.equal(400)
      expect(cookiesOf(response)).to.deep.equal(cookies)
    })

    it('an answer: it is one', async () => {
      const response = await signIn(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- frameworks do
        throw new Response('moved', { status: 303, headers: { location: '/' } })
      })
      expect([response.status, response.headers.get('location')]).to.deep.equal([303, '/'])
      expect(cookiesOf(response)).to.deep.equal(cookies)
      expect(log).to.deep.equal([])
    })

    it('where nothing of the visitor’s has changed: the server gets what it has thrown', async () => {
      const failed = await site
        .fetch(ask('/'), () => {
          throw thrown
        })
        .catch((error: unknown) => error)
      expect(failed).to.equal(thrown)
      expect(log).to.deep.equal([])
    })
  })

  it('lets an administrator act as a user, and come back, each time with a new cookie', async () => {
    const cookieOf = (visit: SiteVisit) =>
      visit
        .respond(new Response())
        .headers.getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; ')
    const signedIn = open(await site.visit(ask('/')))
    await signedIn.signIn({ subject: 'root' })
    const root = cookieOf(signedIn)
    const begun = open(await site.visit(ask('/', { headers: { cookie: root } })))
    await begun.actAs({ subject: 'ada', reason: 'Ticket 4711' })
    const acting = cookieOf(begun)
    const shown = open(await site.visit(ask('/', { headers: { cookie: acting } })))
    expect(shown.session).to.include({ subject: 'ada' })
    expect(shown.session.actor).to.include({ subject: 'root' })
    expect(await shown.stopActing()).to.equal(true)
    const back = cookieOf(shown)
    expect(open(await site.visit(ask('/', { headers: { cookie: back } }))).session).to.include({
      subject: 'root',
      actor: null,
    })
    expect(new Set([root, acting, back]).size).to.equal(3)
  })

  it('leaves an answer as it is where there is nothing to add', async () => {
    const answer = Response.json({}, { headers: { 'cache-control': 'public' } })
    expect(open(await site.visit(ask('/'))).respond(answer)).to.equal(answer)
  })

  it('R41: puts its cookies beside the application’s, into an answer that cannot be changed too', async () => {
    const visit = open(await site.visit(ask('/')))
    await visit.signIn({ subject: 'ada' })
    const response = visit.respond(Response.redirect(`${origin}/account`, 303))
    expect(response.headers.get('location')).to.equal(`${origin}/account`)
    expect(cookiesOf(response)).to.include.members(['__Host-session', '__Host-session-state'])

    const other = open(await site.visit(ask('/')))
    await other.signIn({ subject: 'ada' })
    const headers = new Headers([
      ['set-cookie', 'theme=dark'],
      ['set-cookie', '__Host-session=planted'],
      ['cdn-cache-control', 'public'],
    ])
    const both = other.respond(new Response('', { headers }))
    expect(cookiesOf(both)).to.deep.equal(['theme', '__Host-session', '__Host-session-state'])
    expect(both.headers.getSetCookie().join()).to.not.include('planted')
    expect(both.headers.has('cdn-cache-control')).to.equal(false)
  })

  it('R41: begins and ends nothing once the answer is given', async () => {
    const visit = open(await site.visit(ask('/')))
    visit.respond(Response.json({}))
    const codes = await Promise.all(
      [visit.signIn({ subject: 'ada' }), visit.session.update({ a: 1 }), visit.signOut()].map((act) =>
        act.then(
          () => 'done',
          (error: unknown) => (error as SessionHubError).code,
        ),
      ),
    )
    expect(codes).to.deep.equal(['headers_sent', 'headers_sent', 'headers_sent'])
    expect(await world.hub.hub.sessions.list('ada')).to.deep.equal([])
  })

  it('answers HEAD without a body, and an unchanged file with 304', async () => {
    const [src = ''] = /\/session-hub\/sdk\.[\w-]+\.js/.exec(site.scriptTag()) ?? []
    const got = whole(await site.visit(ask(src)))
    const head = whole(await site.visit(ask(src, { method: 'HEAD' })))
    expect(head.headers.get('content-length')).to.equal(String((await got.arrayBuffer()).byteLength))
    expect(head.body).to.equal(null)
    const etag = got.headers.get('etag')!
    const known = whole(await site.visit(ask(src, { headers: { 'if-none-match': etag } })))
    expect(known.status).to.equal(304)
    const reloaded = await site.visit(
      ask(src, { headers: { 'if-none-match': etag, 'cache-control': 'no-cache' } }),
    )
    expect(whole(reloaded).status).to.equal(200)
  })

  it('sends a file in the encoding that the browser takes', async () => {
    const [src = ''] = /\/session-hub\/sdk\.[\w-]+\.js/.exec(site.scriptTag()) ?? []
    const encodings = {
      'gzip, br': 'br',
      gzip: 'gzip',
      'br;q=0, gzip;q=0.5': 'gzip',
      '*': 'br',
      identity: null,
    }
    for (const [accepted, encoding] of Object.entries(encodings)) {
      const response = whole(await site.visit(ask(src, { headers: { 'accept-encoding': accepted } })))
      expect(response.headers.get('content-encoding'), accepted).to.equal(encoding)
    }
  })

  const refused: Record<string, [request: () => Request | Promise<Request>, error: string]> = {
    'R18: of another host': [() => post('/session-hub/offer', '{}', { host: 'evil.example' }), 'host_denied'],
    'R18: of another origin': [
      () => post('/session-hub/offer', '{}', { origin: 'https://evil.example' }),
      'origin_denied',
    ],
    'R31: with a large body': [
      () => post('/session-hub/offer', JSON.stringify({ nonce: 'n'.repeat(70_000) })),
      'body_too_large',
    ],
    'R31: with a large body of unknown length': [
      () => {
        const chunk = new TextEncoder().encode('x'.repeat(8192))
        let left = 100
        const endless = new ReadableStream<Uint8Array>({
          pull(controller) {
            if ((left -= 1) > 0) controller.enqueue(chunk)
            else controller.close()
          },
        })
        return post('/session-hub/offer', endless)
      },
      'body_too_large',
    ],
    'with a body that is no UTF-8': [
      () => post('/session-hub/offer', new Uint8Array([0x22, 0xff, 0x22])),
      'request_invalid',
    ],
    'with a body that breaks off': [
      () =>
        post(
          '/session-hub/offer',
          new ReadableStream<Uint8Array>({
            pull(controller) {
              controller.error(new Error('gone'))
            },
          }),
        ),
      'request_invalid',
    ],
    'whose body the application has read': [
      async () => {
        const request = post('/session-hub/offer', '{}')
        await request.text()
        return request
      },
      'request_invalid',
    ],
  }
  for (const [what, [request, error]] of Object.entries(refused)) {
    it(`refuses a question ${what}`, async () => {
      const response = whole(await site.visit(await request()))
      expect(await response.json()).to.include({ error })
    })
  }

  it('answers the twin of all these, and a page by one call', async () => {
    const nonce = 'n'.repeat(43)
    const response = whole(await site.visit(post('/session-hub/offer', JSON.stringify({ nonce }))))
    expect(await response.json()).to.deep.equal({ offer: null })
    const page = await site.fetch(ask('/'), ({ session }) => new Response(session.status))
    expect(await page.text()).to.equal('none')
  })

  it('R39: refuses an address that is too long', async () => {
    const response = whole(await site.visit(ask(`/session-hub/redirect?return=${'a'.repeat(6000)}`)))
    expect({ status: response.status, text: await response.text() }).to.deep.equal({ status: 431, text: '' })
  })

  it('lets nobody in by a time that is none: a fresh sign-in is asked for in whole seconds', async () => {
    const visit = open(await site.visit(ask('/')))
    await visit.signIn({ subject: 'ada' })
    const cookie = visit
      .respond(Response.json({}))
      .headers.getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const again = open(await site.visit(ask('/', { headers: { cookie } })))
    again.requireRecent(300)
    for (const wrong of [NaN, undefined, 0, -1, Infinity, '300', 1.5]) {
      expect(() => {
        again.requireRecent(wrong as number)
      }, String(wrong)).to.throw('maxAgeSeconds')
    }
    const stranger = open(await site.visit(ask('/')))
    expect(() => {
      stranger.requireRecent(300)
    }).to.throw('the last sign-in is too old')
  })

  for (const [name, options, says] of [
    ['a misspelt option', { adress: '10.0.0.1' }, 'did you mean "address"'],
    ['a text for a switch', { bearer: 'false' }, '"bearer"'],
    ['a number for a switch', { redirectOnce: 1 }, '"redirectOnce"'],
    ['an address that is none', { address: 7 }, '"address"'],
    ['nothing at all', null, 'visit'],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const refused = await site.visit(ask('/'), options as never).catch((error: unknown) => error)
      expect(refused).to.include({ code: 'options_invalid' })
      expect((refused as SessionHubError).message).to.include(says)
    })
  }
})
