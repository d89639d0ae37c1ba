/** Erasing a user: the sessions end everywhere, and nothing that names the user is left but what is said. */
import { expect } from 'chai'

import { newAuditRow, NOW_MS, write, sessionIn } from '../support/records.js'
import { startUsers, type Users } from '../support/users.js'
import type { Visitor } from '../support/visitor.js'

describe('hub.sessions.erase', () => {
  let users: Users
  let ada: Visitor
  let bob: Visitor
  beforeEach(async () => {
    users = await startUsers()
    ada = users.browser()
    bob = users.browser()
    await users.signIn(ada, 'ada', { claims: { name: 'Ada Lovelace' } })
    await users.signIn(bob, 'bob')
    await users.world.hub.store.transact({ handles: [] }, () => ({
      changes: { audit: [newAuditRow({ subject: 'ada' }), newAuditRow({ subject: 'bob' })] },
      result: undefined,
    }))
  })
  afterEach(() => users.world.close())

  const audited = async () => (await users.world.hub.store.audit({ limit: 9 })).map(({ subject }) => subject)
  const erase = (...given: Parameters<Users['world']['hub']['hub']['sessions']['erase']>) =>
    users.world.hub.hub.sessions.erase(...given)

  it('ends all sessions of the user, on every site, and nobody else’s', async () => {
    expect(await erase('ada')).to.equal(1)
    expect(await users.everywhere(ada, bob)).to.deep.equal([',', 'bob,bob'])
    expect(await erase('ada')).to.equal(0)
  })

  it('removes the session and its handles, with data and claims', async () => {
    const { store, hub } = users.world.hub
    const [listed] = await hub.sessions.list('ada')
    await erase('ada')
    expect(await sessionIn(store, listed!.id)).to.equal(undefined)
    expect(await store.search({ subject: 'ada', nowMs: 0, limit: 9 })).to.deep.equal([])
  })

  it('lets the audit call the user by a tag, the same in every row, or leaves the name where a law asks for it', async () => {
    await erase('ada', { audit: 'keep' })
    expect(await audited()).to.deep.equal(['bob', 'ada'])
    await erase('ada')
    const [other, tag] = await audited()
    expect(other).to.equal('bob')
    expect(tag).to.match(/^erased:[\w-]{22}$/)
    await write(users.world.hub.store, { audit: [newAuditRow({ subject: 'ada', atMs: NOW_MS })] })
    await erase('ada')
    expect(await audited()).to.deep.equal([tag, 'bob', tag])
  })

  it('keeps the record of the end for an hour, and then nothing', async () => {
    const { store } = users.world.hub
    await erase('ada')
    const times = (atMs: number) => ({
      nowMs: atMs,
      endedBeforeMs: 0,
      endingsBeforeMs: atMs - 3_600_000,
      auditBeforeMs: 0,
    })
    await store.sweep(times(users.world.now() + 3_500_000), 100)
    expect(await store.endingsRange()).to.not.include({ first: 0, last: 0 })
    const swept = await store.sweep(times(users.world.now() + 3_700_000), 100)
    expect(swept.subjects).to.equal(1)
    const known = await store.transact(
      { handles: [], subject: { subject: 'ada', sessions: 0, nowMs: 0 } },
      ({ subject }) => ({ result: subject }),
    )
    expect(known).to.equal(undefined)
  })

  it('lets the same user begin anew at once', async () => {
    await erase('ada')
    await users.signIn(ada, 'ada')
    expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    expect(await users.count('ada')).to.equal(1)
  })

  for (const [name, given] of [
    ['an empty name', ['']],
    ['a number', [7 as unknown as string]],
    ['a misspelt option', ['ada', { audits: 'keep' } as object]],
    ['another word', ['ada', { audit: 'drop' } as unknown as { audit: 'keep' }]],
  ] as const) {
    it(`refuses ${name}, and erases nothing`, async () => {
      const refused = await erase(...(given as unknown as Parameters<typeof erase>)).catch(
        (error: unknown) => error,
      )
      expect(refused).to.include({ code: 'request_invalid' })
      expect(await users.everywhere(ada)).to.deep.equal(['ada,ada'])
    })
  }
})
