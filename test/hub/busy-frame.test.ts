/** What a frame is told by a hub that has too much to do: when to ask again, and nothing of the visitor. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import { busyFrameRoute } from '../../hub/routes/frame.js'
import { overloadedReply } from '../../hub/routes/overload.js'
import type { HubRequest } from '../../hub/routes/request.js'
import { createRegistry } from '../../hub/sites/registry.js'
import { random256 } from '../../sdk/tokens/random.js'

describe('the frame of a hub that has too much to do', () => {
  const SHOP = 'https://shop.example'
  const nonce = random256()
  let server: http.Server
  let asked: string[]

  before(async () => {
    asked = []
    const { registration } = await generateSite(SHOP)
    const off = await generateSite('https://off.example')
    const sites = await createRegistry({
      sites: [registration, { ...off.registration, enabled: false }],
      findSite: (origin) => void asked.push(origin),
      cacheSeconds: 0,
      log: () => undefined,
    })
    const script = { source: 'say()', cspHash: "'sha256-abc'" }
    const route = busyFrameRoute(sites, script, overloadedReply)
    server = http.createServer((req, res) => void route(req as HubRequest, res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => server.close())

  async function frame(site: string, headers: Record<string, string> = {}, bound = nonce) {
    const { port } = server.address() as AddressInfo
    const query = new URLSearchParams({ site, nonce: bound })
    return new Promise<{ status: number | undefined; headers: http.IncomingHttpHeaders; text: string }>(
      (resolve, reject) => {
        const options = { port, path: `/frame?${query}`, headers: { 'sec-fetch-dest': 'iframe', ...headers } }
        const req = http.get(options, (res) => {
          let text = ''
          res.on('data', (chunk: Buffer) => (text += chunk.toString()))
          res.on('end', () => {
            const { date: _, ...rest } = res.headers
            resolve({ status: res.statusCode, headers: rest, text })
          })
        })
        req.on('error', reject)
      },
    )
  }

  it('says when to ask again, by a header and to the page of its own site', async () => {
    // Each page gets its own nonce back, also of a site whose document was made before.
    const other = random256()
    expect((await frame(SHOP, {}, other)).text).to.include(`"nonce":"${other}"`)
    const { status, headers, text } = await frame(SHOP)
    expect(status).to.equal(503)
    expect(Number(headers['content-length'])).to.equal(Buffer.byteLength(text))
    expect(headers['retry-after']).to.equal('1')
    expect(headers['content-security-policy']).to.include(`frame-ancestors ${SHOP}`)
    const data = JSON.parse(/id=data>(.*?)<\/script>/.exec(text)![1]!) as object
    expect(data).to.deep.equal({
      site: SHOP,
      proof: '',
      message: { sessionHub: 1, nonce, outcome: 'failed', reason: 'unavailable', retryAfter: 1 },
    })
  })

  it('R14: is the same for every visitor, and for a stranger’s page', async () => {
    const plain = await frame(SHOP)
    const cookie = `__Host-session-hub=${random256()}`
    for (const headers of [
      { cookie, referer: `${SHOP}/`, 'sec-fetch-storage-access': 'active' },
      { cookie, referer: 'https://stranger.example/' },
    ])
      expect(await frame(SHOP, headers)).to.deep.equal(plain)
  })

  const refused: readonly (readonly [string, () => ReturnType<typeof frame>])[] = [
    ['a site that is not registered', () => frame('https://stranger.example')],
    ['a site that is turned off', () => frame('https://off.example')],
    ['a nonce of another form', () => frame(SHOP, {}, 'short')],
    ['a window', () => frame(SHOP, { 'sec-fetch-dest': 'document' })],
  ]
  for (const [what, ask] of refused)
    it(`R14, R16: is no document for ${what}`, async () => {
      const { status, headers, text } = await ask()
      expect(status).to.equal(503)
      expect(headers).to.include({ 'retry-after': '1' }).and.not.to.have.property('content-security-policy')
      expect(JSON.parse(text)).to.include({ error: 'unavailable' })
    })

  it('R38: looks up no name that a stranger has thought of', () => {
    expect(asked).to.deep.equal([])
  })
})
