/** Options of a call, which often come from a form: a wrong one is refused before anything has ended or begun. */
import { expect } from 'chai'
import type { Hub } from 'session-hub/hub'
import { type Site, SessionHubError } from 'session-hub/site'

import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

/** What a form or a mistake gives instead of `true`. */
const NO_FLAGS = ['on', 'true', 'false', '', 1, 0, null, [], {}]

describe('the options of a call', () => {
  let users: Users
  let desktop: Visitor
  let phone: Visitor
  let site: Site
  let hub: Hub

  before(async () => {
    users = await startUsers()
    ;({ site } = users.world.siteOf('shop'))
    ;({ hub } = users.world.hub)
  })
  beforeEach(async () => {
    await hub.sessions.endAll('ada')
    ;[desktop, phone] = [users.browser(), users.browser()]
    await users.signIn(desktop, 'ada')
    await users.signIn(phone, 'ada')
  })
  after(() => users.world.close())

  const expectNobodyEnded = async () => {
    expect(await users.everywhere(desktop, phone)).to.deep.equal(['ada,ada', 'ada,ada'])
    expect(await users.count('ada')).to.equal(2)
  }

  for (const everywhere of NO_FLAGS) {
    it(`signOut({ everywhere: ${JSON.stringify(everywhere)} }) is refused, and nobody is signed out`, async () => {
      const reply = await users.signOut(desktop, { everywhere })
      expect({ status: reply.status, error: reply.json.error }).to.deep.equal({
        status: 400,
        error: 'request_invalid',
      })
      expect(reply.headers['set-cookie']).to.equal(undefined)
      await expectNobodyEnded()
    })
  }

  it('signOut({ everywhere: true }) ends all of them', async () => {
    expect((await users.signOut(desktop, { everywhere: true })).status).to.equal(200)
    expect(await users.count('ada')).to.equal(0)
  })

  for (const remember of NO_FLAGS) {
    it(`signIn({ remember: ${JSON.stringify(remember)} }) is refused, and the visitor stays who he was`, async () => {
      const reply = await desktop.post(users.shop, '/account/sign-in', { subject: 'bob', remember })
      expect(reply.json).to.include({ error: 'request_invalid' })
      await expectNobodyEnded()
    })
  }

  it('signIn() and signOut() of a misspelt option, or of none at all, are refused before anything is looked at', async () => {
    const none = undefined as never
    const req = {} as never
    const calls = [
      () => site.signIn(req, none, { subject: 'bob', claim: {} } as never),
      () => site.signIn(req, none, none),
      () => site.signIn(req, none, null as never),
      () => site.signOut(req, none, { everwhere: true } as never),
      () => site.signOut(req, none, null as never),
      () => site.signOut(req, none, 'everywhere' as never),
    ]
    for (const call of calls) expect(await codeOf(call), String(call)).to.equal('request_invalid')
  })

  describe('of hub.sessions', () => {
    const wrong: Record<string, () => Promise<unknown>> = {
      'list() of a number': () => hub.sessions.list(42 as never),
      'list() of nobody': () => hub.sessions.list(''),
      'list() with a limit in text': () => hub.sessions.list('ada', { limit: '5' as never }),
      'list() with a misspelt option': () => hub.sessions.list('ada', { limt: 5 } as never),
      'list() with no options': () => hub.sessions.list('ada', null as never),
      'end() of nothing': () => hub.sessions.end(undefined as never),
      'end() of what is no id': () => hub.sessions.end('the newest'),
      'endAll() of a number': () => hub.sessions.endAll(42 as never),
      'endAll() with a misspelt option': () => hub.sessions.endAll('ada', { expect: 'x' } as never),
      'endAll() except null': () => hub.sessions.endAll('ada', { except: null as never }),
      'endAll() except nothing': () => hub.sessions.endAll('ada', { except: '' }),
      'endAll() except what is no id': () => hub.sessions.endAll('ada', { except: 'this one' }),
    }
    for (const [what, call] of Object.entries(wrong)) {
      it(`${what} is refused, and ends nothing`, async () => {
        expect(await codeOf(call)).to.equal('request_invalid')
        await expectNobodyEnded()
      })
    }

    it('endAll() except a session spares it, and with no exception spares none', async () => {
      const [newest] = await hub.sessions.list('ada', { limit: 1 })
      expect(await hub.sessions.endAll('ada', { except: newest!.id })).to.equal(1)
      expect(await hub.sessions.endAll('ada', {})).to.equal(1)
    })
  })

  describe('that the application itself writes', () => {
    const wrong: Record<string, () => unknown> = {
      'hub.listener() with hops in text': () => hub.listener(() => undefined, { proxyHops: '1' as never }),
      'hub.listener() with a misspelt option': () => hub.listener(() => undefined, { proxyHop: 1 } as never),
      'hub.listener() of no application': () => hub.listener(undefined as never),
      'site.session() with a text': () => site.session({ bearer: 'true' as never }),
      'site.session() with no options': () => site.session(null as never),
      'site.requireRecent() of a text': () => site.requireRecent('300' as never),
      'site.scriptTag() with another start': () => site.scriptTag(undefined, { start: 'lazy' as never }),
      'site.scriptTag() with an interval in text': () =>
        site.scriptTag(undefined, { interval: '5' as never }),
      'site.scriptTag() with rungs in text': () => site.scriptTag(undefined, { rungs: 'frame' as never }),
      'site.scriptTag() with an unknown rung': () => site.scriptTag(undefined, { rungs: ['popup' as never] }),
      'site.scriptTag() with links in text': () => site.scriptTag(undefined, { sisterLinks: '' as never }),
      'site.scriptTag() with a nonce that is none': () => site.scriptTag(undefined, { nonce: 7 as never }),
      'site.scriptTag() with a misspelt option': () => site.scriptTag(undefined, { intervall: 5 } as never),
    }
    for (const [what, call] of Object.entries(wrong)) {
      it(`${what} is no option`, async () => {
        expect(await codeOf(call)).to.equal('options_invalid')
      })
    }
  })
})

async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error instanceof SessionHubError ? error.code : String(error)
  }
}
