/** Subjects: their live sessions in order, and the one write that ends all of them. */
import assert from 'node:assert/strict'

import type { Session, Store } from '../../../hub/index.js'
import { inProcesses } from './in-processes.js'
import { includes } from './includes.js'
import {
  HOUR_MS,
  NOW_MS,
  answerView,
  held,
  newAuditRow,
  newHandle,
  newSession,
  newSubject,
  sessionIn,
  subjectIn,
  write,
} from './records.js'
import type { OpenedWorld, StoreSuite } from './suite.js'

/** Names that a careless store would cut, fold, or misread. */
const hostile = ['__proto__', 'constructor', "' OR 1=1 --", '%', '*', 'Ada', 'é', 'e\u0301', 'ada ', '🙂']

export function subjectsTests(suite: StoreSuite): void {
  const { describe } = suite
  let store: Store
  let world: OpenedWorld
  const it = suite.it((opened) => {
    store = opened.store
    world = opened
  })

  /** Sessions of one subject, of generations 1 to `count`. */
  async function signedIn(subject: string, count: number, fields: Partial<Session> = {}) {
    const made = []
    for (let generation = 1; generation <= count; generation += 1)
      made.push(await held(store, { subject, generation, ...fields }))
    await write(store, { subjects: [newSubject({ subject, generation: count })] })
    return made
  }

  const cut = (subject: string, endedUpTo: number, endedAtMs = NOW_MS - 7) =>
    write(store, {
      subjects: [newSubject({ subject, generation: 9, endedUpTo, endedAtMs, endReason: 'revoked' })],
    })

  const oldest = async (subject: string, sessions: number, nowMs = NOW_MS) => {
    const view = await store.transact({ handles: [], subject: { subject, sessions, nowMs } }, answerView)
    return view.sessions
  }

  const generations = (sessions: readonly Session[]) => sessions.map(({ generation }) => generation)

  describe('a subject', () => {
    it('is shown as it was written, every field, and replaced as a whole record', async () => {
      const first = newSubject({ subject: 'ada' })
      await write(store, { subjects: [first] })
      assert.deepEqual(await subjectIn(store, 'ada'), first)
      const next = newSubject({
        subject: 'ada',
        generation: 7,
        endedUpTo: 6,
        endedAtMs: NOW_MS,
        endReason: 'replaced-elsewhere',
        untilMs: NOW_MS + 2,
      })
      await write(store, { subjects: [next] })
      assert.deepEqual(await subjectIn(store, 'ada'), next)
    })

    it('is nothing before it was written', async () => {
      assert.equal(await subjectIn(store, 'ada'), undefined)
    })

    for (const subject of hostile) {
      it(`is told from every other one: ${JSON.stringify(subject)}`, async () => {
        const { session } = await held(store, { subject, generation: 1 })
        await write(store, { subjects: [newSubject({ subject, generation: 4 })] })
        await cut('ada', 9)

        assert.equal((await subjectIn(store, subject))?.generation, 4)
        assert.deepEqual(await store.list(subject, NOW_MS, 9), [session])
        for (const other of [...hostile, 'ada'].filter((one) => one !== subject)) {
          if (other !== 'ada') assert.equal(await subjectIn(store, other), undefined)
          assert.deepEqual(await store.list(other, NOW_MS, 9), [])
        }
      })
    }

    it('is not written when decide throws, and neither are endings', async () => {
      const refused = store.transact({ handles: [] }, () => {
        throw new Error('no')
      })
      await refused.catch(() => undefined)
      const changes = {
        subjects: [newSubject({ subject: 'ada' })],
        get sessions(): never {
          throw new Error('nor this')
        },
      }
      await store.transact({ handles: [] }, () => ({ changes, result: 1 })).catch(() => undefined)

      assert.equal(await subjectIn(store, 'ada'), undefined)
      includes(await store.endingsRange(), { first: 0, last: 0 })
    })

    it('shares no object with its caller', async () => {
      const subject = newSubject({ subject: 'ada', generation: 1 })
      await write(store, { subjects: [subject] })
      const one = await subjectIn(store, 'ada')
      Object.assign(one!, { generation: 99 })
      Object.assign(subject, { generation: 98 })

      assert.equal((await subjectIn(store, 'ada'))?.generation, 1)
    })
  })

  describe('its live sessions', () => {
    it('are listed with the newest first, and shown to a transaction with the oldest first, up to a limit', async () => {
      const made = await signedIn('ada', 4)
      const sessions = made.map(({ session }) => session)

      assert.deepEqual(await store.list('ada', NOW_MS, 100), [...sessions].reverse())
      assert.deepEqual(await oldest('ada', 100), sessions)
      assert.deepEqual(generations(await store.list('ada', NOW_MS, 2)), [4, 3])
      assert.deepEqual(generations(await oldest('ada', 3)), [1, 2, 3])
      assert.deepEqual(await oldest('ada', 0), [])
    })

    it('are counted up to a limit, without being read', async () => {
      await signedIn('ada', 4)
      await signedIn('bob', 1)
      await held(store, { subject: 'ada', generation: 9, expiresAtMs: NOW_MS })
      const count = (subject: string, countTo: number, sessions = 0) =>
        store.transact({ handles: [], subject: { subject, sessions, countTo, nowMs: NOW_MS } }, (view) => ({
          result: [view.live, view.sessions.length],
        }))
      assert.deepEqual(await count('ada', 100), [4, 0])
      assert.deepEqual(await count('ada', 3), [3, 0])
      assert.deepEqual(await count('ada', 100, 2), [4, 2])
      assert.deepEqual(await count('bob', 100), [1, 0])
      assert.deepEqual(await count('nobody', 100), [0, 0])
      await cut('ada', 2)
      assert.deepEqual(await count('ada', 100), [2, 0])
    })

    it('are ordered by generation, whatever the clock or the order of writing', async () => {
      for (const generation of [3, 10, 1, 2])
        await held(store, { subject: 'ada', generation, createdAtMs: NOW_MS - generation })

      assert.deepEqual(generations(await store.list('ada', NOW_MS, 9)), [10, 3, 2, 1])
      assert.deepEqual(generations(await oldest('ada', 9)), [1, 2, 3, 10])
    })

    it('are those that neither ended nor expired, to the millisecond', async () => {
      await held(store, { subject: 'ada', generation: 1, expiresAtMs: NOW_MS })
      await held(store, { subject: 'ada', generation: 2, expiresAtMs: NOW_MS + 1 })
      await held(store, { subject: 'ada', generation: 3, endedAtMs: 5, endReason: 'signed-out' })
      await held(store, { subject: 'bob', generation: 4 })
      await held(store, { subject: null })

      assert.deepEqual(generations(await store.list('ada', NOW_MS, 9)), [2])
      assert.deepEqual(generations(await oldest('ada', 9)), [2])
      assert.deepEqual(generations(await store.list('ada', NOW_MS + 1, 9)), [])
    })

    it('are found past any number that ended', async () => {
      await signedIn('ada', 30, { endedAtMs: 5, endReason: 'signed-out' })
      await held(store, { subject: 'ada', generation: 31 })

      assert.deepEqual(generations(await store.list('ada', NOW_MS, 1)), [31])
      assert.deepEqual(generations(await oldest('ada', 1)), [31])
    })

    it('keep every field', async () => {
      const { session } = await held(store, {
        subject: 'ada',
        generation: 1,
        isRemembered: false,
        site: 'https://travel.example:8443',
        agent: 'Mozilla/5.0 (X11; "Linux") é\t\\ \u00ff',
        authTimeMs: NOW_MS - 5,
        untilMs: NOW_MS + 12_345,
      })

      assert.deepEqual(await store.list('ada', NOW_MS, 1), [session])
      assert.deepEqual(await sessionIn(store, session.id), session)
    })
  })

  describe('one session by its id', () => {
    it('is given alone and inside a transaction, anonymous and ended ones too', async () => {
      for (const fields of [{}, { subject: 'ada' }, { endedAtMs: 3, endReason: 'signed-out' as const }]) {
        const { session } = await held(store, fields)
        assert.deepEqual(await sessionIn(store, session.id), session)
        const view = await store.transact({ handles: [], session: session.id }, answerView)
        assert.deepEqual(view.session, session)
      }
    })

    it('is nothing where there is none', async () => {
      const { handle } = await held(store)
      for (const id of ['nobody', '', '__proto__', handle.hash]) {
        assert.equal(await sessionIn(store, id), undefined)
        const view = await store.transact({ handles: [], session: id }, answerView)
        assert.equal(view.session, undefined)
      }
    })
  })

  describe('the cut', () => {
    it('ends all sessions up to its generation, in every way of reading them', async () => {
      const made = await signedIn('ada', 3)
      const other = await held(store, { subject: 'bob', generation: 1 })
      const anonymous = await held(store)
      await cut('ada', 2)

      for (const { handle, session } of made.slice(0, 2)) {
        const ended = { ...session, endedAtMs: NOW_MS - 7, endReason: 'revoked' }
        assert.deepEqual(await store.find(handle.hash), { handle, session: ended })
        assert.deepEqual(await sessionIn(store, session.id), ended)
        const question = { handles: [handle.hash], session: session.id }
        const view = await store.transact(question, answerView)
        assert.deepEqual(view.held, [{ handle, session: ended }])
        assert.deepEqual(view.session, ended)
      }
      for (const alive of [made[2]!, other, anonymous])
        assert.deepEqual(await store.find(alive.handle.hash), alive)
      assert.deepEqual(generations(await store.list('ada', NOW_MS, 9)), [3])
      assert.deepEqual(generations(await oldest('ada', 9)), [3])
    })

    it('lets a session that ended before keep its own end', async () => {
      const own = { endedAtMs: 11, endReason: 'signed-out' as const }
      const { handle, session } = await held(store, { subject: 'ada', generation: 1, ...own })
      await cut('ada', 5)

      assert.deepEqual(await store.find(handle.hash), { handle, session })
    })

    it('ends a session of its own generation that is written after it, and none of a later one', async () => {
      await cut('ada', 4)
      const late = await held(store, { subject: 'ada', generation: 4 })
      const next = await held(store, { subject: 'ada', generation: 5 })

      assert.equal((await store.find(late.handle.hash))?.session.endReason, 'revoked')
      assert.deepEqual(await store.find(next.handle.hash), next)
    })

    it('ends sessions that never had a generation', async () => {
      const { handle } = await held(store, { subject: 'ada', generation: 0 })
      await cut('ada', 0)

      assert.equal((await store.find(handle.hash))?.session.endReason, 'revoked')
    })

    it('at -1 has ended nothing', async () => {
      const alive = await held(store, { subject: 'ada', generation: 0 })
      await write(store, { subjects: [newSubject({ subject: 'ada', endedUpTo: -1 })] })

      assert.deepEqual(await store.find(alive.handle.hash), alive)
      assert.deepEqual(await store.list('ada', NOW_MS, 9), [alive.session])
    })

    it('lets a session go on that is given a later generation in the same write', async () => {
      const [one, two] = await signedIn('ada', 2)
      const renewed = { ...one!.session, generation: 3 }
      await write(store, {
        subjects: [newSubject({ subject: 'ada', generation: 3, endedUpTo: 2, endedAtMs: NOW_MS })],
        sessions: [renewed],
      })

      assert.deepEqual(await store.find(one!.handle.hash), { handle: one!.handle, session: renewed })
      assert.equal((await store.find(two!.handle.hash))?.session.endedAtMs, NOW_MS)
    })

    it('holds as long as its sessions are kept', async () => {
      const soon = { subject: 'ada', generation: 1, expiresAtMs: NOW_MS + HOUR_MS }
      const { handle } = await held(store, soon)
      await cut('ada', 1)
      for (const nowMs of [NOW_MS, NOW_MS + HOUR_MS - 1]) {
        await store.sweep({ nowMs, endedBeforeMs: 0, endingsBeforeMs: nowMs, auditBeforeMs: 0 }, 100)
        assert.equal((await store.find(handle.hash))?.session.endReason, 'revoked')
      }
      const nowMs = NOW_MS + HOUR_MS
      await store.sweep({ nowMs, endedBeforeMs: nowMs, endingsBeforeMs: nowMs, auditBeforeMs: 0 }, 100)
      assert.equal(await store.find(handle.hash), undefined)
      assert.equal(await subjectIn(store, 'ada'), undefined)
    })
  })

  it('gives 100 sign-ins at once 100 generations', async () => {
    const signIn = () =>
      store.transact(
        { handles: [], subject: { subject: 'ada', sessions: 0, nowMs: NOW_MS } },
        ({ subject: known }) => {
          const generation = (known?.generation ?? 0) + 1
          const session = newSession({ subject: 'ada', generation })
          return {
            changes: {
              subjects: [newSubject({ subject: 'ada', generation })],
              sessions: [session],
              handles: [newHandle(session)],
            },
            result: generation,
          }
        },
      )
    const given = await Promise.all(Array.from({ length: 100 }, signIn))

    const all = Array.from({ length: 100 }, (_, at) => at + 1)
    assert.deepEqual(
      [...given].sort((a, b) => a - b),
      all,
    )
    assert.deepEqual(generations(await oldest('ada', 1000)), all)
  })

  it('are erased with their sessions, ended or not, and the handles, and nothing of another subject', async () => {
    const [one, two] = await signedIn('ada', 2)
    const [other] = await signedIn('bob', 1)
    await write(store, {
      sessions: [{ ...one!.session, endedAtMs: 1, endReason: 'revoked' }],
      audit: [newAuditRow({ subject: 'ada' }), newAuditRow({ subject: 'bob' }), newAuditRow()],
    })
    await write(store, {
      erase: { subject: 'ada', name: 'gone' },
      audit: [newAuditRow({ subject: 'new' })],
    })

    for (const { session, handle } of [one!, two!]) {
      assert.equal(await sessionIn(store, session.id), undefined)
      assert.equal(await store.find(handle.hash), undefined)
    }
    assert.deepEqual(await store.find(other!.handle.hash), other)
    const rows = await store.audit({ limit: 9 })
    assert.deepEqual(
      rows.map(({ subject }) => subject),
      ['new', null, 'bob', 'gone'],
    )
    assert.deepEqual(await store.audit({ subject: 'ada', limit: 9 }), [])
  })

  it('are erased with the audit left as it is, where its name stays', async () => {
    await write(store, { audit: [newAuditRow({ subject: 'ada' })] })
    await write(store, { erase: { subject: 'ada', name: 'ada' } })
    assert.equal((await store.audit({ subject: 'ada', limit: 9 })).length, 1)
    await write(store, { erase: { subject: 'ada', name: 'gone' } })
    assert.deepEqual(await store.audit({ subject: 'ada', limit: 9 }), [])
    assert.equal((await store.audit({ subject: 'gone', limit: 9 })).length, 1)
  })

  const { opener } = suite
  if (opener === undefined) return

  it('are kept over a restart, cut and all', async () => {
    const [one, two] = await signedIn('ada', 2)
    await cut('ada', 1)
    const before = await subjectIn(store, 'ada')
    await store.close()
    store = await world.reopen()

    assert.deepEqual(await subjectIn(store, 'ada'), before)
    assert.equal((await store.find(one!.handle.hash))?.session.endReason, 'revoked')
    assert.deepEqual(await store.find(two!.handle.hash), two)
  })

  it('gives sign-ins of one subject from four processes at once generations that all differ', async () => {
    const session = newSession({ subject: 'ada' }) as Session & { subject: string }
    const made = await inProcesses(4, {
      opener,
      address: world.address,
      task: { do: 'sign-in', session, times: 50 },
    })

    assert.deepEqual(made, [50, 50, 50, 50])
    const all = Array.from({ length: 200 }, (_, at) => at + 1)
    assert.deepEqual(generations(await oldest('ada', 1000)), all)
    assert.equal((await subjectIn(store, 'ada'))?.generation, 200)
  })
}
