/** What a page has to wait for, in bytes on the wire. `.size-limit.json` watches the files; this watches the answers. */
import { brotliCompressSync } from 'node:zlib'

import { expect } from 'chai'

import { binding, send, Visitor } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

describe('the size of', () => {
  let world: World

  before(async () => (world = await startWorld({ sites: ['shop'] })))
  after(() => world.close())

  it('the frame of a visitor who has nothing to share: is it within 1 KiB, its padding aside?', async () => {
    const visitor = new Visitor(world.hub.origin)
    const { data, text } = await visitor.frame(world.siteOf('shop').origin, binding().nonce)
    expect(data.message.outcome).to.equal('none')
    const bare = text.replace(/ +<\/script>/, '</script>')
    expect(bare.length, 'there was padding').to.be.below(text.length)
    expect(JSON.parse(/id=data>(.*?)<\/script>/s.exec(bare)![1]!)).to.deep.equal(data)
    expect(brotliCompressSync(bare).length).to.be.at.most(1024)
    expect(brotliCompressSync(text).length, 'padding costs next to nothing').to.be.at.most(1048)
  })

  it('the SDK: is it within 3 kB, from the site and from the hub? And its other parts?', async () => {
    const { origin, site } = world.siteOf('shop')
    const own = / src="([^"]+)"/.exec(site.scriptTag())![1]!
    const beside = own.replace('/sdk.', '/ladder.')
    for (const [url, limit] of [
      [origin + own, 3000],
      [`${world.hub.origin}/sdk.js`, 3000],
      [origin + beside, 3750],
      [`${world.hub.origin}/ladder.js`, 3750],
      [origin + own.replace('/sdk.', '/live.'), 2550],
      [`${world.hub.origin}/live.js`, 2550],
    ] as const) {
      const { status, headers } = await send(url, { method: 'HEAD', headers: { 'accept-encoding': 'br' } })
      expect({ status, encoding: headers['content-encoding'] }, url).to.deep.equal({
        status: 200,
        encoding: 'br',
      })
      const { text } = await send(url)
      expect(brotliCompressSync(text).length, url).to.be.at.most(limit)
    }
  })
})
