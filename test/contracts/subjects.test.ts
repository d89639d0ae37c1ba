/** Subjects in a store: their live sessions in order, and the one write that ends all of them. */
import { expect } from 'chai'

import type { Session, Store } from '../../hub/stores/store.js'
import {
  newAuditRow,
  answerView,
  held,
  HOUR_MS,
  newHandle,
  newSession,
  newSubject,
  NOW_MS,
  subjectIn,
  write,
  sessionIn,
} from '../support/records.js'
import { inProcesses } from '../support/spend-worker.js'
import { stores, type StoreWorld } from '../support/stores.js'

/** Names that a careless store would cut, fold, or read as something else. */
const hostile = ['__proto__', 'constructor', "' OR 1=1 --", '%', '*', 'Ada', 'é', 'e\u0301', 'ada ', '🙂']

for (const { name, isShared, open } of stores) {
  describe(`subjects in the ${name} store`, () => {
    let world: StoreWorld
    let store: Store

    beforeEach(async () => {
      world = await open()
      store = world.store
    })

    afterEach(() => store.close())

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
        expect(await subjectIn(store, 'ada')).to.deep.equal(first)
        const next = newSubject({
          subject: 'ada',
          generation: 7,
          endedUpTo: 6,
          endedAtMs: NOW_MS,
          endReason: 'replaced-elsewhere',
          untilMs: NOW_MS + 2,
        })
        await write(store, { subjects: [next] })
        expect(await subjectIn(store, 'ada')).to.deep.equal(next)
      })

      it('is nothing before it was written', async () => {
        expect(await subjectIn(store, 'ada')).to.equal(undefined)
      })

      for (const subject of hostile) {
        it(`is told from every other one: ${JSON.stringify(subject)}`, async () => {
          const { session } = await held(store, { subject, generation: 1 })
          await write(store, { subjects: [newSubject({ subject, generation: 4 })] })
          await cut('ada', 9)

          expect((await subjectIn(store, subject))?.generation).to.equal(4)
          expect(await store.list(subject, NOW_MS, 9)).to.deep.equal([session])
          for (const other of [...hostile, 'ada'].filter((one) => one !== subject)) {
            if (other !== 'ada') expect(await subjectIn(store, other)).to.equal(undefined)
            expect(await store.list(other, NOW_MS, 9)).to.deep.equal([])
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

        expect(await subjectIn(store, 'ada')).to.equal(undefined)
        expect(await store.endingsRange()).to.include({ first: 0, last: 0 })
      })

      it('shares no object with its caller', async () => {
        const subject = newSubject({ subject: 'ada', generation: 1 })
        await write(store, { subjects: [subject] })
        const one = await subjectIn(store, 'ada')
        Object.assign(one!, { generation: 99 })
        Object.assign(subject, { generation: 98 })

        expect((await subjectIn(store, 'ada'))?.generation).to.equal(1)
      })
    })

    describe('its live sessions', () => {
      it('are listed with the newest first, and shown to a transaction with the oldest first, up to a limit', async () => {
        const made = await signedIn('ada', 4)
        const sessions = made.map(({ session }) => session)

        expect(await store.list('ada', NOW_MS, 100)).to.deep.equal([...sessions].reverse())
        expect(await oldest('ada', 100)).to.deep.equal(sessions)
        expect(generations(await store.list('ada', NOW_MS, 2))).to.deep.equal([4, 3])
        expect(generations(await oldest('ada', 3))).to.deep.equal([1, 2, 3])
        expect(await oldest('ada', 0)).to.deep.equal([])
      })

      it('are counted up to a limit, without being read', async () => {
        await signedIn('ada', 4)
        await signedIn('bob', 1)
        await held(store, { subject: 'ada', generation: 9, expiresAtMs: NOW_MS })
        const count = (subject: string, countTo: number, sessions = 0) =>
          store.transact({ handles: [], subject: { subject, sessions, countTo, nowMs: NOW_MS } }, (view) => ({
            result: [view.live, view.sessions.length],
          }))
        expect(await count('ada', 100)).to.deep.equal([4, 0])
        expect(await count('ada', 3)).to.deep.equal([3, 0])
        expect(await count('ada', 100, 2)).to.deep.equal([4, 2])
        expect(await count('bob', 100)).to.deep.equal([1, 0])
        expect(await count('nobody', 100)).to.deep.equal([0, 0])
        await cut('ada', 2)
        expect(await count('ada', 100)).to.deep.equal([2, 0])
      })

      it('are ordered by generation, whatever the clock or the order of writing', async () => {
        for (const generation of [3, 10, 1, 2])
          await held(store, { subject: 'ada', generation, createdAtMs: NOW_MS - generation })

        expect(generations(await store.list('ada', NOW_MS, 9))).to.deep.equal([10, 3, 2, 1])
        expect(generations(await oldest('ada', 9))).to.deep.equal([1, 2, 3, 10])
      })

      it('are those that neither ended nor expired, to the millisecond', async () => {
        await held(store, { subject: 'ada', generation: 1, expiresAtMs: NOW_MS })
        await held(store, { subject: 'ada', generation: 2, expiresAtMs: NOW_MS + 1 })
        await held(store, { subject: 'ada', generation: 3, endedAtMs: 5, endReason: 'signed-out' })
        await held(store, { subject: 'bob', generation: 4 })
        await held(store, { subject: null })

        expect(generations(await store.list('ada', NOW_MS, 9))).to.deep.equal([2])
        expect(generations(await oldest('ada', 9))).to.deep.equal([2])
        expect(generations(await store.list('ada', NOW_MS + 1, 9))).to.deep.equal([])
      })

      it('are found past any number that ended', async () => {
        await signedIn('ada', 30, { endedAtMs: 5, endReason: 'signed-out' })
        await held(store, { subject: 'ada', generation: 31 })

        expect(generations(await store.list('ada', NOW_MS, 1))).to.deep.equal([31])
        expect(generations(await oldest('ada', 1))).to.deep.equal([31])
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

        expect(await store.list('ada', NOW_MS, 1)).to.deep.equal([session])
        expect(await sessionIn(store, session.id)).to.deep.equal(session)
      })
    })

    describe('one session by its id', () => {
      it('is given alone and inside a transaction, anonymous and ended ones too', async () => {
        for (const fields of [{}, { subject: 'ada' }, { endedAtMs: 3, endReason: 'signed-out' as const }]) {
          const { session } = await held(store, fields)
          expect(await sessionIn(store, session.id)).to.deep.equal(session)
          const view = await store.transact({ handles: [], session: session.id }, answerView)
          expect(view.session).to.deep.equal(session)
        }
      })

      it('is nothing where there is none', async () => {
        const { handle } = await held(store)
        for (const id of ['nobody', '', '__proto__', handle.hash]) {
          expect(await sessionIn(store, id)).to.equal(undefined)
          const view = await store.transact({ handles: [], session: id }, answerView)
          expect(view.session).to.equal(undefined)
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
          expect(await store.find(handle.hash)).to.deep.equal({ handle, session: ended })
          expect(await sessionIn(store, session.id)).to.deep.equal(ended)
          const question = { handles: [handle.hash], session: session.id }
          const view = await store.transact(question, answerView)
          expect(view.held).to.deep.equal([{ handle, session: ended }])
          expect(view.session).to.deep.equal(ended)
        }
        for (const alive of [made[2]!, other, anonymous])
          expect(await store.find(alive.handle.hash)).to.deep.equal(alive)
        expect(generations(await store.list('ada', NOW_MS, 9))).to.deep.equal([3])
        expect(generations(await oldest('ada', 9))).to.deep.equal([3])
      })

      it('lets a session that ended before keep its own end', async () => {
        const own = { endedAtMs: 11, endReason: 'signed-out' as const }
        const { handle, session } = await held(store, { subject: 'ada', generation: 1, ...own })
        await cut('ada', 5)

        expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      })

      it('ends a session of its own generation that is written after it, and none of a later one', async () => {
        await cut('ada', 4)
        const late = await held(store, { subject: 'ada', generation: 4 })
        const next = await held(store, { subject: 'ada', generation: 5 })

        expect((await store.find(late.handle.hash))?.session.endReason).to.equal('revoked')
        expect(await store.find(next.handle.hash)).to.deep.equal(next)
      })

      it('ends sessions that never had a generation', async () => {
        const { handle } = await held(store, { subject: 'ada', generation: 0 })
        await cut('ada', 0)

        expect((await store.find(handle.hash))?.session.endReason).to.equal('revoked')
      })

      it('at -1 has ended nothing', async () => {
        const alive = await held(store, { subject: 'ada', generation: 0 })
        await write(store, { subjects: [newSubject({ subject: 'ada', endedUpTo: -1 })] })

        expect(await store.find(alive.handle.hash)).to.deep.equal(alive)
        expect(await store.list('ada', NOW_MS, 9)).to.deep.equal([alive.session])
      })

      it('lets a session go on that is given a later generation in the same write', async () => {
        const [one, two] = await signedIn('ada', 2)
        const renewed = { ...one!.session, generation: 3 }
        await write(store, {
          subjects: [newSubject({ subject: 'ada', generation: 3, endedUpTo: 2, endedAtMs: NOW_MS })],
          sessions: [renewed],
        })

        expect(await store.find(one!.handle.hash)).to.deep.equal({ handle: one!.handle, session: renewed })
        expect((await store.find(two!.handle.hash))?.session.endedAtMs).to.equal(NOW_MS)
      })

      it('holds as long as its sessions are kept', async () => {
        const soon = { subject: 'ada', generation: 1, expiresAtMs: NOW_MS + HOUR_MS }
        const { handle } = await held(store, soon)
        await cut('ada', 1)
        for (const nowMs of [NOW_MS, NOW_MS + HOUR_MS - 1]) {
          await store.sweep({ nowMs, endedBeforeMs: 0, endingsBeforeMs: nowMs, auditBeforeMs: 0 }, 100)
          expect((await store.find(handle.hash))?.session.endReason).to.equal('revoked')
        }
        const nowMs = NOW_MS + HOUR_MS
        await store.sweep({ nowMs, endedBeforeMs: nowMs, endingsBeforeMs: nowMs, auditBeforeMs: 0 }, 100)
        expect(await store.find(handle.hash)).to.equal(undefined)
        expect(await subjectIn(store, 'ada')).to.equal(undefined)
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
      expect([...given].sort((a, b) => a - b)).to.deep.equal(all)
      expect(generations(await oldest('ada', 1000))).to.deep.equal(all)
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
        expect(await sessionIn(store, session.id)).to.equal(undefined)
        expect(await store.find(handle.hash)).to.equal(undefined)
      }
      expect(await store.find(other!.handle.hash)).to.deep.equal(other)
      const rows = await store.audit({ limit: 9 })
      expect(rows.map(({ subject }) => subject)).to.deep.equal(['new', null, 'bob', 'gone'])
      expect(await store.audit({ subject: 'ada', limit: 9 })).to.deep.equal([])
    })

    it('are erased with the audit left as it is, where its name stays', async () => {
      await write(store, { audit: [newAuditRow({ subject: 'ada' })] })
      await write(store, { erase: { subject: 'ada', name: 'ada' } })
      expect(await store.audit({ subject: 'ada', limit: 9 })).to.have.length(1)
      await write(store, { erase: { subject: 'ada', name: 'gone' } })
      expect(await store.audit({ subject: 'ada', limit: 9 })).to.deep.equal([])
      expect(await store.audit({ subject: 'gone', limit: 9 })).to.have.length(1)
    })

    if (!isShared) return

    it('are kept over a restart, cut and all', async () => {
      const [one, two] = await signedIn('ada', 2)
      await cut('ada', 1)
      const before = await subjectIn(store, 'ada')
      await store.close()
      store = await world.reopen!()

      expect(await subjectIn(store, 'ada')).to.deep.equal(before)
      expect((await store.find(one!.handle.hash))?.session.endReason).to.equal('revoked')
      expect(await store.find(two!.handle.hash)).to.deep.equal(two)
    })

    it('gives sign-ins of one subject from four processes at once generations that all differ', async () => {
      const session = newSession({ subject: 'ada' }) as Session & { subject: string }
      const made = await inProcesses(4, world.address!, { do: 'sign-in', session, times: 50 })

      expect(made).to.deep.equal([50, 50, 50, 50])
      const all = Array.from({ length: 200 }, (_, at) => at + 1)
      expect(generations(await oldest('ada', 1000))).to.deep.equal(all)
      expect((await subjectIn(store, 'ada'))?.generation).to.equal(200)
    })
  })
}
