/** `GET /access`: the frame with a button. A site chooses its words and colours, and nothing else (R14, R16, R17). */
import { createHash } from 'node:crypto'

import { expect } from 'chai'

import { askFor } from '../support/hub-pages.js'
import { type Ask, binding, type Reply, Visitor } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'
import { startWorld, type World } from '../support/world.js'

type Headers = NonNullable<Ask['headers']>

const active = { 'sec-fetch-storage-access': 'active' }

describe('GET /access', () => {
  let world: World
  let store: ReturnType<typeof watchedStore>
  let visitor: Visitor
  let ada: Visitor
  let shop: string
  let travel: string

  beforeEach(async () => {
    store = watchedStore()
    world = await startWorld({ sites: ['shop', 'travel'], hub: { store } })
    shop = world.siteOf('shop').origin
    travel = world.siteOf('travel').origin
    visitor = new Visitor(world.hub.origin)
    ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    await ada.sync(shop)
  })
  afterEach(() => world.close())

  const visible = (query: Record<string, string> = {}, headers: Headers = {}, who = visitor) =>
    askFor(who, '/access', { site: travel, nonce: binding().nonce, ...query }, headers)
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const styleOf = ({ text }: Reply) => /<style>(.*)<\/style>/s.exec(text)?.[1] ?? ''

  const expectRefused = (reply: Reply, status: number, code: string, why: string) => {
    expect({ status: reply.status, text: reply.text }, why).to.deep.equal({
      status,
      text: `<!doctype html><title>${code}</title>`,
    })
    expect(reply.headers['content-security-policy']).to.equal(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
  }

  it('R14: answers with these headers and no others, and allows exactly its own script and style', async () => {
    for (const theme of [{}, { label: 'Weiter', color: 'fff', background: '00796b', radius: '4' }]) {
      const reply = await visible(theme)
      const script = /<script>(.*)<\/script>$/s.exec(reply.text)?.[1] ?? ''
      const { date: _date, ...headers } = reply.headers
      expect(headers).to.deep.equal({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; script-src ${hash(script)}; style-src ${hash(styleOf(reply))}; connect-src 'self'; frame-ancestors ${travel}`,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'cross-origin',
        'content-length': String(Buffer.byteLength(reply.text)),
        connection: 'keep-alive',
        'keep-alive': 'timeout=5',
      })
    }
  })

  it('R14: a stranger’s page learns nothing, and an unknown site gets the same bytes for everybody', async () => {
    const foreign = { referer: 'https://stranger.example/' }
    for (const who of [visitor, ada])
      expect((await visible({}, { ...foreign, ...active }, who)).data.message).to.include({
        outcome: 'blocked',
        reason: 'referrer_missing',
      })
    for (const who of [visitor, ada])
      expectRefused(
        await visible({ site: 'https://stranger.example' }, active, who),
        404,
        'site_unknown',
        'unknown',
      )
    expect((await visible({}, active, ada)).data.message).to.include({ outcome: 'replace' })
  })

  it('R14: has one length for every outcome', async () => {
    const lengths = new Map<string, number>()
    const note = async (headers: Headers, who: Visitor) => {
      const state = who.cookies(travel).get('__Host-session-state')
      const { data, text } = await visible(state === undefined ? {} : { state }, headers, who)
      lengths.set(data.message.outcome, text.length)
    }
    await note({}, visitor)
    await note(active, visitor)
    await note(active, ada)
    await ada.sync(travel)
    await note(active, ada)
    await ada.post(travel, '/sign-in', { name: 'bob' })
    await note(active, ada)
    store.breakDown(true)
    await note(active, ada)
    expect([...lengths.keys()].sort()).to.deep.equal([
      'blocked',
      'failed',
      'keep',
      'none',
      'offer',
      'replace',
    ])
    expect(new Set(lengths.values()).size, JSON.stringify([...lengths])).to.equal(1)
  })

  it('R16: is served to an iframe only', async () => {
    for (const dest of [undefined, 'document', 'empty', 'frame', 'embed', 'object'])
      expectRefused(await visible({}, { 'sec-fetch-dest': dest }), 400, 'request_invalid', String(dest))
    expect((await visible()).status).to.equal(200)
  })

  it('R12: answers a nonce of the exact form only', async () => {
    for (const nonce of ['', 'A'.repeat(42), `${'A'.repeat(42)}=`, '<'.repeat(43)])
      expectRefused(await visible({ nonce }), 400, 'request_invalid', nonce)
    expect((await visible({ nonce: 'A'.repeat(43) })).status).to.equal(200)
  })

  it('has one real button, a language and a title', async () => {
    const { text } = await visible()
    const { host } = new URL(world.hub.origin)
    expect(text).to.match(/^<!doctype html><html lang=en>/)
    expect(text).to.include('<title>Session Hub</title>')
    expect(text.match(/<button.*?<\/button>/gs)).to.deep.equal([
      `<button type=button>Continue with ${host}</button>`,
    ])
  })

  describe('the words on the button', () => {
    const hostile = {
      '</button><script>alert(1)</script>': '&#60;/button&#62;&#60;script&#62;alert(1)&#60;/script&#62;',
      '"><img src=x onerror=alert(1)>': '&#34;&#62;&#60;img src=x onerror=alert(1)&#62;',
      "' onfocus='alert(1)": '&#39; onfocus=&#39;alert(1)',
      '</style><style>*{}': '&#60;/style&#62;&#60;style&#62;*{}',
      '&lt;b&gt;': '&#38;lt;b&#38;gt;',
      '<!--': '&#60;!--',
      '${alert(1)} $& $1': '${alert(1)} $&#38; $1',
    }
    for (const [label, written] of Object.entries(hostile)) {
      it(`R14: ${label} is text`, async () => {
        const { text, data } = await visible({ label })
        expect(text).to.include(`<button type=button lang="" dir=auto>${written}</button>`)
        expect(text.match(/<(?!\/)[a-z]+/g)).to.deep.equal(
          (await visible({ label: 'Continue' })).text.match(/<(?!\/)[a-z]+/g),
        )
        expect(data.site, 'the data is whole').to.equal(travel)
      })
    }

    it('R17: that nobody could read are refused', async () => {
      for (const label of [
        '',
        ' ',
        '\t',
        'a\nb',
        'a\u0000b',
        'a\u202eb',
        'a\u2066b',
        'a\u2028b',
        'x'.repeat(81),
      ])
        expectRefused(await visible({ label }), 400, 'request_invalid', JSON.stringify(label))
      for (const label of ['x'.repeat(80), 'Weiter mit Größe', 'המשך', '続ける', '👍 Weiter'])
        expect((await visible({ label })).status, label).to.equal(200)
    })
  })

  describe('its colours and corners', () => {
    const refused: Record<string, readonly string[]> = {
      color: [
        '',
        'red',
        '#fff',
        'ff',
        'ffff',
        'fffff',
        'fffffff',
        'fffffffff',
        'ggg',
        'fff;',
        'fff\n',
        ' fff',
      ],
      background: ['url(//x)', 'fff}*{display:none', '</style>', 'var(--c)', 'ＦＦＦ'],
      radius: ['', '-1', '33', '100', '1.5', '4px', '04', '1e1', ' 4', '4\n', '4;', '٤'],
    }
    for (const [name, values] of Object.entries(refused)) {
      it(`R14: ${name}: other forms are refused`, async () => {
        for (const value of values)
          expectRefused(await visible({ [name]: value }), 400, 'request_invalid', JSON.stringify(value))
        const twice = new URLSearchParams({ site: travel, nonce: binding().nonce })
        twice.append(name, '123')
        twice.append(name, '321')
        const reply = await visitor.ask(`${world.hub.origin}/access?${twice}`, {
          headers: { 'sec-fetch-dest': 'iframe', referer: `${travel}/` },
        })
        expectRefused(reply, 400, 'request_invalid', 'twice')
        expect((await visible({ [name]: name === 'radius' ? '32' : '1a2B3c' })).status).to.equal(200)
      })
    }

    it('become the style’s own, and nothing else changes', async () => {
      const plain = styleOf(await visible())
      const themed = await visible({ color: 'FFF', background: '11223344', radius: '0' })
      expect(styleOf(themed)).to.equal(`${plain}\nhtml:root{--c:#FFF;--b:#11223344;--r:0px}`)
      for (const radius of ['0', '9', '10', '29', '30', '32'])
        expect(styleOf(await visible({ radius }))).to.equal(`${plain}\nhtml:root{--r:${radius}px}`)
    })
  })
})
