/** What a test hub is given: every slip is said at once, in words. */
import { expect } from 'chai'
import { startTestHub, type SignedInAs, type TestHub, type TestHubOptions } from 'session-hub/testing'

import { expectOptionFault } from '../support/option-fault.js'

describe('a test hub refuses', () => {
  const wrong: Record<string, [options: unknown, words: string[]]> = {
    'a slip in an option': [{ site: ['https://shop.example'] }, ['site', 'did you mean "sites"']],
    'no site': [{ sites: [] }, ['"sites"', 'one origin']],
    'an origin alone': [{ sites: 'https://shop.example' }, ['"sites"', 'list']],
    'an address that is no origin': [
      { sites: ['https://shop.example/'] },
      ['did you mean "https://shop.example"'],
    ],
    'a site that is there twice': [
      { sites: ['https://shop.example', 'https://shop.example'] },
      ['https://shop.example'],
    ],
    'a slip in what is registered': [
      { registration: { mayImpersonat: true } },
      ['did you mean "mayImpersonate"'],
    ],
    'keys that are registered': [{ registration: { ticketKeys: [] } }, ['"ticketKeys"']],
    'keys for the hub': [{ hub: { keys: {} } }, ['"keys"']],
    "a slip in a hub's option": [{ hub: { singleSesion: true } }, ['did you mean "singleSession"']],
    "a wrong value of a hub's option": [{ hub: { maxSessions: 0 } }, ['"maxSessions"']],
    'a clock that cannot be moved': [{ clock: { now: Date.now } }, ['"clock"', 'createClock()']],
  }
  for (const [what, [options, words]] of Object.entries(wrong))
    it(what, () => expectOptionFault(() => startTestHub(options as TestHubOptions), words))

  describe('while it runs,', () => {
    let hub: TestHub
    before(async () => (hub = await startTestHub()))
    after(() => hub.close())

    it("a slip in a visitor's option", async () => {
      const slip = { subject: 'ada', claim: {} } as unknown as SignedInAs
      await expectOptionFault(() => hub.signedInAs(slip), ['did you mean "claims"'])
      await expectOptionFault(() => hub.anonymous({ subject: 'ada' } as object), ['"subject"'])
    })

    it('a site that it has not', async () => {
      const site = 'https://travel.example'
      await expectOptionFault(async () => hub.siteOptions(site), [site, 'https://shop.example'])
      await expectOptionFault(() => hub.signedInAs({ subject: 'ada', site }), [site])
      expect(hub.siteOptions('https://shop.example')).to.deep.equal(hub.siteOptions())
    })

    it('what a sign-in refuses, with its code', async () => {
      const codeOf = (act: Promise<unknown>) =>
        act.then(
          () => 'taken',
          (error: unknown) => (error as { code: string }).code,
        )
      expect(await codeOf(hub.signedInAs({ subject: '' }))).to.equal('request_invalid')
      const large = { cart: 'b'.repeat(8000) }
      expect(await codeOf(hub.signedInAs({ subject: 'ada', data: large }))).to.equal('data_too_large')
      expect(await codeOf(hub.anonymous({ data: large }))).to.equal('data_too_large')
      expect(await codeOf(hub.signedInAs({ subject: 'ada' }))).to.equal('taken')
    })
  })
})
