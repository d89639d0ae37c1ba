/** The admin pages while the store or the application fails: nothing is allowed that cannot be known, or written down (R21, R32). */
import { expect } from 'chai'
import { memoryStore, type Store } from 'session-hub/hub'

import { startAdminWorld } from '../support/admin-world.js'
import { expectRefusal } from '../support/refusal.js'
import { send } from '../support/visitor.js'
import { watchedStore } from '../support/watched-store.js'

describe('R21, R32: the admin pages while something fails', () => {
  it('end nothing, and show nothing, that cannot be written down', async () => {
    const store = watchedStore()
    const world = await startAdminWorld({}, { hub: { store } })
    await world.signedIn('ada')
    const chief = await world.admin('chief')
    const [ref = ''] = await chief.refs()
    store.breakDown(true)
    const program = world.program('chief')

    const pages = [await chief.read('/admin'), await chief.send('/admin/end', { one: ref })]
    const replies = [
      await program('/admin/api/sessions'),
      await program('/admin/api/sessions/end', { subject: 'ada' }),
    ]
    store.breakDown(false)
    await chief.send('/admin/end', { one: ref })

    expect(pages.map(({ status }) => status)).to.deep.equal([503, 503])
    expect(pages[0]!.text).not.to.include('ECONNREFUSED')
    for (const reply of replies) expectRefusal(reply, 503, 'unavailable')
    expect(await world.acts()).to.deep.equal([{ who: 'chief', act: 'end', subject: 'ada', outcome: 'done' }])
    await world.world.close()
  })

  it('allow nothing when the application cannot say who is an administrator', async () => {
    const world = await startAdminWorld({
      isAdmin: (subject) => {
        if (subject === 'root') throw new Error('no directory')
        return false
      },
    })
    await world.signedIn('ada')
    await world.signedIn('root')
    const end = async (kind: 'helper' | 'chief', subject: string) =>
      world.program(kind)('/admin/api/sessions/end', { subject })

    expectRefusal(await end('helper', 'root'), 503, 'unavailable')
    expect(await world.count('root')).to.equal(1)
    expect((await end('helper', 'ada')).json).to.deep.equal({ ended: 1, spared: 0 })
    // For whom it makes no difference, it need not be asked: just then somebody may have to be thrown out.
    expect((await end('chief', 'root')).json).to.deep.equal({ ended: 1, spared: 0 })
    await world.world.close()
  })

  it('end none of several, when the application cannot say of one whose session it is', async () => {
    let isDown = true
    const world = await startAdminWorld({
      isAdmin: async (subject) => {
        if (subject === 'root' && isDown) throw await Promise.resolve(new Error('no directory'))
        return subject === 'root'
      },
    })
    await world.signedIn('ada')
    await world.signedIn('root')
    const helper = await world.admin('helper')

    const down = await helper.send('/admin/end-found', { sure: 'yes' })
    const left = await world.count('ada')
    isDown = false
    await helper.read('/admin')
    const up = await helper.send('/admin/end-found', { sure: 'yes' })

    expect([down.status, left]).to.deep.equal([503, 1])
    expect([up.status, await world.count('ada'), await world.count('root')]).to.deep.equal([303, 0, 1])
    await world.world.close()
  })

  for (const answer of [undefined, null, 'no', { passwordHash: 'secret' }]) {
    it(`show and end nothing when "isAdmin" answers ${JSON.stringify(answer)} (true and false are answers)`, async () => {
      let said: unknown = answer
      const world = await startAdminWorld({ isAdmin: () => said as boolean })
      await world.signedIn('ada')
      const program = world.program('helper')

      const shown = await program('/admin/api/sessions')
      expectRefusal(shown, 503, 'unavailable')
      expect(shown.text).not.to.include('secret')
      expectRefusal(await program('/admin/api/sessions/end', { subject: 'ada' }), 503, 'unavailable')
      said = false
      expect((await program('/admin/api/sessions/end', { subject: 'ada' })).json).to.include({ ended: 1 })
      await world.world.close()
    })
  }

  it('leave a sign-in as it was, whose end cannot be written down', async () => {
    const inner = memoryStore()
    let isFull = false
    const transact: Store['transact'] = (question, decide) =>
      inner.transact(question, (view) => {
        const decided = decide(view)
        if (isFull && decided.changes?.audit) throw new Error('disk full')
        return decided
      })
    const store = { ...watchedStore(inner), transact }
    const world = await startAdminWorld({}, { hub: { store } })
    const chief = await world.admin('chief')
    const copy = new Map(chief.cookies(world.world.hub.origin))
    const isIn = async () => {
      const cookie = [...copy].map((pair) => pair.join('=')).join('; ')
      return (await send(`${world.world.hub.origin}/admin/audit`, { headers: { cookie } })).status === 200
    }
    isFull = true
    const failed = await chief.send('/admin/sign-out')
    const before = await isIn()
    isFull = false
    const done = await chief.send('/admin/sign-out')

    expect([failed.status, before, done.status, await isIn()]).to.deep.equal([503, true, 303, false])
    await world.world.close()
  })
})
