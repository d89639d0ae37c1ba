/** What the hub says of itself, and what it leaves alone in an application that it is mounted in. */
import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import http from 'node:http'

import { expect } from 'chai'

import { type Reply, send } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

const DOCUMENTS = ['/.well-known/session-hub', '/healthz', '/readyz', '/sdk.js']

describe('the documents of the hub', () => {
  const store = watchedStore()
  let world: World
  let hub: string

  before(async () => {
    world = await startWorld({ sites: ['shop'], hub: { store } })
    hub = world.hub.origin
    // The application that the hub is mounted in: what comes after its router.
    const { app } = world.hub.listener
    app.get('/', (_req, res) => void res.send('home'))
    app.get('/healthz/deep', (_req, res) => void res.send('deep'))
    app.post('/frame', (_req, res) => void res.send('its own'))
    app.get('/backchannels', (_req, res) => void res.send('its own'))
  })
  after(() => world.close())

  const get = (path: string, headers: Record<string, string> = {}) => send(hub + path, { headers })

  describe('/.well-known/session-hub', () => {
    it('does every address in it lead somewhere?', async () => {
      const { json, headers } = await get('/.well-known/session-hub')
      expect(json).to.include({ issuer: hub, protocol_version: 1 })
      expect(headers['cache-control']).to.equal('public, max-age=300')
      const addresses = Object.entries(json).filter(([name]) => /_(uri|endpoint)$/.test(name))
      expect(addresses.map(([name]) => name)).to.include.members(['frame_endpoint', 'sdk_uri'])
      for (const [name, address] of addresses) {
        expect(String(address), name).to.match(new RegExp(`^${hub}/`))
        const isRead = name.endsWith('_uri')
        const path = name === 'backchannel_endpoint' ? '/read' : ''
        const { status } = await send(`${String(address)}${path}`)
        expect(status, name).to.be.oneOf(isRead ? [200] : [400, 405])
      }
    })
  })

  describe('/healthz and /readyz', () => {
    afterEach(() => store.breakDown(false))

    it('does a hub whose store has failed say that it is up and not ready?', async () => {
      expect((await get('/readyz')).json).to.deep.equal({ status: 'ready' })
      store.breakDown(true)
      const ready = await get('/readyz')
      expect(ready.status).to.equal(503)
      expect(ready.json.error).to.equal('unavailable')
      expect(ready.text).to.not.include('ECONNREFUSED')
      expect(await get('/healthz')).to.include({ status: 200 })
      store.breakDown(false)
      expect(await get('/readyz')).to.include({ status: 200 })
    })

    it('may neither be kept by a cache?', async () => {
      for (const path of ['/healthz', '/readyz']) {
        expect((await get(path)).headers['cache-control'], path).to.equal('no-store')
      }
    })
  })

  describe('/sdk.js', () => {
    let versioned: string
    let integrity: string

    before(async () => {
      const { json } = await get('/.well-known/session-hub')
      versioned = new URL(String(json['sdk_versioned_uri'])).pathname
      integrity = String(json['sdk_integrity'])
    })

    it('is it the same script in every encoding that a browser asks for?', async () => {
      const plain = await bytes('/sdk.js')
      expect(plain.body.toString()).to.include('SessionHub')
      const decoders = { br: brotliDecompressSync, gzip: gunzipSync }
      const asked = {
        'br, gzip': 'br',
        'gzip, deflate': 'gzip',
        'br;q=0, gzip': 'gzip',
        'gzip;q=0.5, br;q=0.9': 'br',
      }
      for (const [accept, encoding] of Object.entries(asked) as [string, 'br' | 'gzip'][]) {
        const { headers, body } = await bytes('/sdk.js', { 'accept-encoding': accept })
        expect(headers['content-encoding'], accept).to.equal(encoding)
        expect(headers.vary).to.equal('accept-encoding')
        expect(body.length).to.be.below(plain.body.length)
        expect(decoders[encoding](body).equals(plain.body)).to.be.true
      }
      for (const accept of ['identity', 'deflate', '']) {
        const { headers, body } = await bytes('/sdk.js', { 'accept-encoding': accept })
        expect(headers['content-encoding'], accept).to.equal(undefined)
        expect(body.equals(plain.body)).to.be.true
      }
    })

    it('does the published integrity belong to it?', async () => {
      for (const path of ['/sdk.js', versioned]) {
        const { body } = await bytes(path)
        expect(`sha384-${createHash('sha384').update(body).digest('base64')}`, path).to.equal(integrity)
      }
    })

    it('may only the address that names its bytes be kept for ever?', async () => {
      expect((await get('/sdk.js')).headers['cache-control']).to.equal('public, max-age=3600')
      expect((await get(versioned)).headers['cache-control']).to.equal('public, max-age=31536000, immutable')
      for (const name of ['sdk', 'ladder', 'live']) {
        const { status, headers, text } = await get(`/${name}.000000000000.js`)
        expect(status, 'a page from before an update gets the present one').to.equal(200)
        expect(headers['cache-control']).to.equal('public, max-age=3600')
        expect(text).to.equal((await get(`/${name}.js`)).text)
      }
      expect((await get('/other.000000000000.js')).status).to.equal(404)
    })

    it('is the ladder beside it, under the same version?', async () => {
      const beside = versioned.replace('/sdk.', '/ladder.')
      expect((await get('/ladder.js')).headers['cache-control']).to.equal('public, max-age=3600')
      const { headers, text } = await get(beside)
      expect(headers['cache-control']).to.equal('public, max-age=31536000, immutable')
      expect(headers['content-type']).to.equal('text/javascript; charset=utf-8')
      expect(text).to.include('as create}')
    })

    it('is it sent again to a browser that has it?', async () => {
      const { headers } = await get('/sdk.js')
      const again = await get('/sdk.js', { 'if-none-match': headers.etag! })
      expect({ status: again.status, text: again.text }).to.deep.equal({ status: 304, text: '' })
      expect(again.headers.etag).to.equal(headers.etag)
      expect((await get('/sdk.js', { 'if-none-match': '"another"' })).status).to.equal(200)
    })

    it('may a page of another origin load it, with its integrity?', async () => {
      const { headers } = await get('/sdk.js')
      expect(headers).to.include({
        'content-type': 'text/javascript; charset=utf-8',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'x-content-type-options': 'nosniff',
      })
    })
  })

  describe('with another method', () => {
    for (const path of DOCUMENTS) {
      it(`${path}: is GET answered, HEAD without a body, and the others refused?`, async () => {
        const read = await get(path)
        expect(read.status).to.equal(200)
        const head = await send(hub + path, { method: 'HEAD' })
        expect({ status: head.status, text: head.text }).to.deep.equal({ status: 200, text: '' })
        for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
          const reply = await send(hub + path, { method })
          expect(reply.status, method).to.equal(405)
          expect(reply.json.error).to.equal('method_not_allowed')
        }
      })
    }

    it('does every refusal say what is allowed, as RFC 9110 has it (15.5.6)?', async () => {
      for (const path of DOCUMENTS) {
        expect((await send(hub + path, { method: 'POST' })).headers.allow, path).to.match(/\bGET\b/)
      }
      for (const path of ['/exchange', '/backchannel/read']) {
        expect((await get(path)).headers.allow, path).to.equal('POST')
      }
    })

    it('does one of them set a cookie?', async () => {
      for (const path of DOCUMENTS) expect((await get(path)).headers['set-cookie'], path).to.equal(undefined)
    })
  })

  describe('mounted in an application', () => {
    const isPlain = ({ headers }: Reply) =>
      ['content-security-policy', 'x-frame-options', 'strict-transport-security', 'cache-control'].every(
        (name) => headers[name] === undefined,
      )

    it('do the application’s own pages keep their own headers?', async () => {
      for (const path of ['/', '/backchannels']) {
        const reply = await get(path)
        expect(reply.status, path).to.equal(200)
        expect(isPlain(reply), path).to.be.true
      }
      expect(isPlain(await get('/healthz')), 'the hub’s own page').to.be.false
    })

    it('does a page below one of the hub’s addresses keep them too?', async () => {
      const reply = await get('/healthz/deep')
      expect(reply.text).to.equal('deep')
      expect(isPlain(reply)).to.be.true
    })

    it('does what the hub does not answer reach the application?', async () => {
      expect((await send(`${hub}/frame`, { method: 'POST' })).text).to.equal('its own')
      expect((await get('/nothing')).status).to.equal(404)
    })
  })

  /** The body as it came, not decoded. */
  async function bytes(path: string, headers: Record<string, string> = {}) {
    const { port } = world.hub.listener
    return new Promise<{ headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const req = http.get({ host: '127.0.0.1', port, path, headers }, (res) => {
        res.toArray().then((chunks) => resolve({ headers: res.headers, body: Buffer.concat(chunks) }), reject)
      })
      req.on('error', reject)
    })
  }
})
