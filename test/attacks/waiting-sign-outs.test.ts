/**
 * Sign-outs that the hub could not be told of, in a cookie of the visitor's: no restart of the site forgets them, and nobody can make such a cookie say
 * anything else than that this browser has signed out.
 */
import { expect } from 'chai'

import { base64url, readJws, signHs256, siteToken } from '../support/forge.js'
import { handleIn } from '../support/handles.js'
import { type SecondProcess, startSecondProcess } from '../support/second-process.js'
import { until } from '../support/until.js'
import { startUsers, type Users } from '../support/users.js'
import { type Reply, send, type Visitor } from '../support/visitor.js'

const ENDED = '__Host-session-ended'
const SESSION = '__Host-session'

describe('attacks on sign-outs that wait in the visitor’s browser', () => {
  let users: Users
  let other: SecondProcess
  let ada: Visitor
  let isAway: boolean

  beforeEach(async () => {
    isAway = false
    users = await startUsers({
      inFrontOfHub: (_req, res, next) => {
        if (isAway) res.status(502).send('bad gateway')
        else next()
      },
    })
    other = await startSecondProcess(users.world, 'shop')
    ada = users.browser()
    other.share(ada)
    await users.signIn(ada, 'ada')
  })
  afterEach(async () => {
    await other.close()
    await users.world.close()
  })

  const jar = (browser = ada) => browser.cookies(users.shop)
  const ended = (browser = ada) => jar(browser).get(ENDED)
  /** The first process goes, and takes its memory with it. */
  const restart = () => users.world.siteOf('shop').site.close()

  async function goAway(): Promise<void> {
    isAway = true
    // So that its answers of before are not taken for news.
    users.world.advance(11)
  }
  async function comeBack(): Promise<void> {
    isAway = false
    users.world.advance(11)
  }
  /** Leaves the cookie, and nothing else that remembers. */
  async function signOutAway(how: object = {}, browser = ada): Promise<void> {
    await goAway()
    expect((await users.signOut(browser, how)).status).to.equal(200)
    expect(ended(browser)).to.be.a('string')
    restart()
    await comeBack()
  }
  const visitOther = (browser = ada) => browser.ask(`${other.address}/who`)
  const setEnded = ({ headers }: Reply) =>
    (headers['set-cookie'] ?? []).filter((line) => line.startsWith(`${ENDED}=`))

  it('R38: a sign-out reaches the hub from another process of the site after the first has gone, with the next request', async () => {
    await signOutAway()
    expect(await users.count('ada')).to.equal(1)
    const reply = await visitOther()
    expect(reply.json).to.include({ session: 'none' })
    expect(await users.count('ada')).to.equal(0)
    expect(setEnded(reply)).to.deep.equal([`${ENDED}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`])
    expect(ended()).to.be.oneOf([undefined, ''])
  })

  it('R38: a sync after the hub’s return signs nobody in again; without the cookie it would', async () => {
    const twin = users.browser()
    other.share(twin)
    await users.signIn(twin, 'bob')
    await goAway()
    await users.signOut(ada)
    await users.signOut(twin)
    restart()
    await comeBack()
    jar(twin).delete(ENDED)
    const redeem = async (browser: Visitor) => {
      const { ticket, verifier } = await browser.ticket(users.shop)
      const headers = { origin: users.shop }
      return browser.post(other.address, '/session-hub/redeem', { ticket, verifier }, headers)
    }

    expect((await redeem(ada)).status).to.be.within(400, 499)
    expect((await visitOther()).json).to.include({ session: 'none' })
    expect((await redeem(twin)).status, 'the twin').to.equal(200)
    expect((await visitOther(twin)).json).to.include({ subject: 'bob' })
  })

  it('R38: one that waits is not lost when the clock is set back, nor by one more that has to wait then', async () => {
    await signOutAway()
    users.world.advance(-3600)
    await goAway()
    await ada.post(other.address, '/sign-in', { name: 'bob' }, { origin: users.shop })
    await ada.post(other.address, '/sign-out', {}, { origin: users.shop })
    await comeBack()
    expect(await users.count('ada'), 'still waiting').to.equal(1)

    await visitOther()
    expect(await users.count('ada')).to.equal(0)
  })

  it('R22: the cookie is set only where the hub was not told, with these attributes, and is short', async () => {
    const bob = users.browser()
    await users.signIn(bob, 'bob')
    expect(setEnded(await users.signOut(bob))).to.deep.equal([])
    await goAway()
    const [line = ''] = setEnded(await users.signOut(ada, { everywhere: true }))
    expect(line).to.match(
      /^__Host-session-ended=[\w.-]+; Path=\/; Max-Age=2678400; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(line.length).to.be.below(600)
  })

  it('R30: it says nothing of the session: no handle, no hash, no tag and no user', async () => {
    const token = jar().get(SESSION)!
    const { claims } = readJws(token)
    const canaries = [token, String(handleIn(token)), 'ada', String(claims.st), String(claims.sg)]
    await goAway()
    await users.signOut(ada)
    const text = ended()!
    const said = text + JSON.stringify(readJws(text))
    for (const canary of canaries) expect(said.includes(canary), canary.slice(0, 6)).to.equal(false)
    expect(readJws(text).header.typ).to.equal('ended+jwt')
  })

  describe('R4, R22: in its place,', () => {
    const forged: Record<string, (text: string, session: string) => string | Promise<string>> = {
      'the same with another signature': (text) => `${text.slice(0, -4)}AAAA`,
      'the same without a signature': (text) => `${text.split('.').slice(0, 2).join('.')}.`,
      'the same under "none"': (text) => {
        const { header, claims } = readJws(text)
        return `${base64url({ ...header, alg: 'none' })}.${base64url(claims)}.`
      },
      'the same, signed with another secret': (text) => {
        const { header, claims } = readJws(text)
        return signHs256({ header, payload: claims }, Buffer.alloc(32))
      },
      'a session token of the very session': (_text, session) => session,
      'text that is no token': () => 'x'.repeat(3000),
      'the same twice': (text) => `${text}; ${ENDED}=${text}`,
    }
    for (const [name, forge] of Object.entries(forged)) {
      it(`${name} ends nothing; itself it does`, async () => {
        const session = jar().get(SESSION)!
        await signOutAway()
        const genuine = ended()!
        jar().set(ENDED, await forge(genuine, session))
        await visitOther()
        expect(await users.count('ada')).to.equal(1)
        jar().set(ENDED, genuine)
        await visitOther()
        expect(await users.count('ada')).to.equal(0)
      })
    }

    it('another site’s ends nothing, for either; at that site it does', async () => {
      await goAway()
      await ada.post(users.travel, '/account/sign-out', {})
      const travels = ada.cookies(users.travel).get(ENDED)!
      const away = users.browser()
      other.share(away)
      jar(away).set(ENDED, travels)
      users.world.siteOf('travel').site.close()
      await comeBack()
      await visitOther(away)
      expect(await users.count('ada')).to.equal(1)
      const again = await startSecondProcess(users.world, 'travel')
      again.share(ada)
      await ada.ask(`${again.address}/who`)
      await again.close()
      expect(await users.count('ada')).to.equal(0)
    })

    it('one older than a month ends nothing', async () => {
      await signOutAway()
      const genuine = ended()!
      users.world.advance(31 * 86_400 + 60)
      const { last } = await users.world.hub.store.endingsRange()
      jar().set(ENDED, genuine)
      await visitOther()
      expect((await users.world.hub.store.endingsRange()).last).to.equal(last)
    })
  })

  it('a copy of it ends what was signed out, once, and no later session of the user, however far it reached', async () => {
    const phone = users.browser()
    await users.signIn(phone, 'ada')
    await signOutAway({ everywhere: true })
    const copy = ended()!
    await visitOther()
    expect(await users.count('ada')).to.equal(0)
    await users.signIn(phone, 'ada')
    const stranger = users.browser()
    other.share(stranger)
    jar(stranger).set(ENDED, copy)
    await visitOther(stranger)
    expect(await users.count('ada')).to.equal(1)
    expect(await users.who(phone, users.shop)).to.equal('ada')
  })

  it('a stranger’s, in the browser of somebody else, ends the stranger’s session and leaves this one', async () => {
    const bob = users.browser()
    other.share(bob)
    await users.signIn(bob, 'bob')
    await signOutAway()
    jar(bob).set(ENDED, ended()!)
    expect((await visitOther(bob)).json).to.include({ subject: 'bob' })
    expect([await users.count('ada'), await users.count('bob')]).to.deep.equal([0, 1])
  })

  it('R38: a copy that is shown again and again costs the hub one question', async () => {
    await signOutAway()
    const copy = ended()!
    const asked = () => users.world.hub.listener.seen.filter(({ url }) => url === '/backchannel/end').length
    const before = asked()
    for (let time = 0; time < 10; time += 1) {
      jar().set(ENDED, copy)
      await visitOther()
    }
    expect(asked()).to.equal(before + 1)
    expect(await users.count('ada')).to.equal(0)
  })

  it('R20: a session cookie that comes back beside it is refused, also while the hub is still away', async () => {
    const session = jar().get(SESSION)!
    await goAway()
    const twin = await visitOther(ada)
    expect(twin.json, 'before').to.include({ subject: 'ada' })
    await users.signOut(ada)
    jar().set(SESSION, session)
    expect((await visitOther()).json).to.include({ session: 'none' })
    expect(jar().get(SESSION)).to.be.oneOf([undefined, ''])
  })

  it('R31: eight of them wait in one browser at most, in a cookie that browsers keep', async () => {
    await goAway()
    await users.signOut(ada)
    for (let count = 0; count < 10; count += 1) {
      await ada.post(users.shop, '/account/sign-in', { subject: 'ada' })
      await users.signOut(ada)
    }
    expect((readJws(ended()!).claims.ends as object[]).length).to.equal(8)
    expect(`${ENDED}=${ended()}`.length).to.be.below(4096)
    expect(users.world.log.filter(({ event }) => event === 'sign_out_lost')).to.have.lengthOf(3)
  })

  describe('R28: of a sign-in that the hub does not know of yet,', () => {
    let copy: Visitor

    beforeEach(async () => {
      ada = users.browser()
      other.share(ada)
      await goAway()
      await ada.post(users.shop, '/account/sign-in', { subject: 'cleo' })
      copy = ada.copy()
      other.share(copy)
    })

    it('a copy of the cookie is worth nothing at any process, once the hub was told; not signed out, it signs in', async () => {
      await users.signOut(ada)
      restart()
      await comeBack()
      await visitOther()
      const third = await startSecondProcess(users.world, 'shop')
      third.share(copy)
      expect((await copy.ask(`${third.address}/who`)).json).to.include({ session: 'none' })
      await third.close()
      expect(await users.count('cleo')).to.equal(0)
    })

    it('the twin: a sign-in that nobody has signed out is registered by any process', async () => {
      restart()
      await comeBack()
      expect((await visitOther(copy)).json).to.include({ subject: 'cleo' })
      expect(await users.count('cleo')).to.equal(1)
    })

    for (const [name, site, isRegistered] of [
      ['another site cannot say that it is over', 'travel', true],
      ['its own site can', 'shop', false],
    ] as const) {
      it(`${name}, though it knows its name`, async () => {
        const { jti, exp } = readJws(jar().get(SESSION)!).claims
        await comeBack()
        const { hub } = users.world
        const reply = await send(`${hub.origin}/backchannel/end`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${siteToken(users.world, users.world.siteOf(site))}`,
          },
          body: { handle: null, jti, exp: Number(exp) + 3600 },
        })
        expect(reply.status).to.equal(200)
        await visitOther(copy)
        expect(await users.count('cleo')).to.equal(isRegistered ? 1 : 0)
      })
    }

    it('what it gave at another process meanwhile ends with the sign-out', async () => {
      await users.signOut(ada)
      restart()
      await comeBack()
      expect((await visitOther(copy)).json).to.include({ subject: 'cleo' })
      await visitOther()
      expect(await users.count('cleo')).to.equal(0)
      await until(async () => (await visitOther(copy)).json.session === 'none')
    })

    it('a sign-out while the hub is there makes the copies at other processes worthless at once', async () => {
      await comeBack()
      const kept = jar().get(SESSION)!
      await users.signOut(ada)
      expect(ended()).to.equal(undefined)
      jar(copy).set(SESSION, kept)
      expect((await visitOther(copy)).json).to.include({ session: 'none' })
      expect(await users.count('cleo')).to.equal(0)
    })
  })
})
