/** A page that listens to its own site, by the one line that the documents have for it, in Chromium. */
import { readFileSync } from 'node:fs'

import { expect } from 'chai'

import { inBrowser } from '../support/stage.js'
import { until } from '../support/until.js'

const line = () => {
  const document = readFileSync(new URL('../../../docs/session-life.md', import.meta.url), 'utf8')
  const [, code] = /^```js\n(new EventSource.*)\n```$/m.exec(document)!
  return code!
}

describe('a page that listens, in Chromium', () => {
  inBrowser(
    'allowed',
    (stage) => {
      it('hears that its session was ended elsewhere, without a look at it and without a load', async () => {
        const { world, tab, shop, travel } = stage
        await tab.visit(shop)
        await tab.fetch('/sign-in', { name: 'ada' })
        await tab.sync()
        expect((await tab.visit(travel)).detail).to.include({ outcome: 'replace' })
        await tab.page.evaluate(line())
        await tab.page.evaluate(() => {
          SessionHub.on('session-ended', ({ reason }) => {
            document.title = `ended: ${reason}`
          })
        })
        const listens = () =>
          world.siteOf('travel').listener.seen.some(({ url }) => url === '/session-hub/live')
        await until(listens)

        expect(await world.hub.hub.sessions.endAll('ada')).to.equal(1)

        await tab.page.waitForFunction(() => document.title === 'ended: revoked')
        expect(await tab.fetch('/who')).to.include({ session: 'none' })
      })
    },
    { site: { live: true } },
  )
})
