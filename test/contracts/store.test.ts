import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { Handle, Session, Store } from '../../hub/stores/store.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import {
  answerView,
  codeOf,
  held,
  HOUR_MS,
  newAuditRow,
  newEnding,
  newHandle,
  newSession,
  newSpend,
  newSubject,
  NOW_MS,
  sha256,
  subjectIn,
  write,
} from '../support/records.js'
import { forkWorker, inProcesses } from '../support/spend-worker.js'
import type { Address } from '../support/store-address.js'
import { alter, newFolder, stores, type StoreWorld } from '../support/stores.js'

/** What a transaction sees of what it did not ask for. */
const NOT_ASKED = { subject: undefined, sessions: [], live: 0, session: undefined }
const NEVER = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }

for (const { name, isShared, open } of stores) {
  describe(`the ${name} store`, () => {
    let world: StoreWorld
    let store: Store

    beforeEach(async () => {
      world = await open()
      store = world.store
    })

    afterEach(() => store.close())

    describe('find', () => {
      it('gives a handle with its session, every field as it was written', async () => {
        const session = newSession({
          subject: 'ada',
          claims: { roles: ['a', 'ü'] },
          data: { cart: { n: 1.5, x: null } },
        })
        const handle = newHandle(session)
        await write(store, { sessions: [session], handles: [handle] })

        expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      })

      it('gives nothing for a hash that nobody holds', async () => {
        expect(await store.find(newHandle(newSession()).hash)).to.equal(undefined)
      })

      it('still gives sessions that ended or expired: the flows judge them by their own clock', async () => {
        const session = newSession({ endedAtMs: 2, endReason: 'signed-out', expiresAtMs: 3, authTimeMs: 1 })
        const handle = newHandle(session, { activatedAtMs: 1, expiresAtMs: 1 })
        await write(store, { sessions: [session], handles: [handle] })

        expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      })

      it('shares no object with its caller', async () => {
        const data = { cart: ['book'] }
        const session = newSession({ data })
        const handle = newHandle(session)
        await write(store, { sessions: [session], handles: [handle] })
        data.cart.push('changed after the write')
        const found = await store.find(handle.hash)
        ;(found!.session.data as typeof data).cart.push('changed after the read')

        expect((await store.find(handle.hash))?.session.data).to.deep.equal({ cart: ['book'] })
      })
    })

    describe('handles', () => {
      it('adds one more handle to a session', async () => {
        const { session, handle } = await held(store)
        const another = newHandle(session, { site: 'hub' })
        await write(store, { handles: [another] })

        expect(await store.find(another.hash)).to.deep.equal({ handle: another, session })
        expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      })

      it('takes a handle whose session was swept meanwhile, and it stands for nothing', async () => {
        const handle = newHandle(newSession())
        await write(store, { handles: [handle] })

        expect(await store.find(handle.hash)).to.equal(undefined)
      })
    })

    describe('places', () => {
      it('gives each place of each session once, and none where a ticket was not redeemed', async () => {
        const [one, two, three] = [await held(store), await held(store), await held(store)]
        const more = [
          newHandle(one.session),
          newHandle(one.session, { site: 'https://travel.example' }),
          newHandle(one.session, { site: 'hub red' }),
          newHandle(one.session, { site: 'https://magazine.example', activatedAtMs: null }),
          newHandle(two.session, { site: 'https://travel.example' }),
        ]
        await write(store, { handles: more, forget: [two.handle.hash] })

        const asked = [one.session.id, two.session.id, newSession().id, 'no id']
        const found = new Map([...(await store.places(asked))].map(([id, names]) => [id, [...names].sort()]))
        expect(found).to.deep.equal(
          new Map([
            [one.session.id, ['https://shop.example', 'https://travel.example', 'hub red']],
            [two.session.id, ['https://travel.example']],
          ]),
        )
        expect(await store.places([])).to.deep.equal(new Map())
        expect([...(await store.places([three.session.id])).values()]).to.deep.equal([
          ['https://shop.example'],
        ])
      })
    })

    describe('sessions', () => {
      it('gives those that there are, ended ones too, each once', async () => {
        const one = await held(store)
        const two = await held(store, { endedAtMs: NOW_MS, endReason: 'signed-out' })
        const ids = [two.session.id, 'nobody', one.session.id, two.session.id, newSession().id]
        const found = await store.sessions(ids)
        expect([...found.keys()]).to.have.members([one.session.id, two.session.id])
        for (const { session } of [one, two]) expect(found.get(session.id)).to.deep.equal(session)
        expect([...(await store.sessions([]))]).to.deep.equal([])
      })
    })

    describe('transact', () => {
      it('shows what was asked for, in that order, with gaps', async () => {
        const one = await held(store)
        const two = await held(store)
        const view = await store.transact(
          { handles: [two.handle.hash, 'nobody', one.handle.hash] },
          answerView,
        )

        expect(view).to.deep.equal({ ...NOT_ASKED, held: [two, undefined, one], spentBefore: undefined })
      })

      it('replaces a session as a whole record and keeps its handles', async () => {
        const { session, handle } = await held(store)
        const another = newHandle(session)
        await write(store, { handles: [another] })
        const changed: Session = {
          ...session,
          subject: 'ada',
          data: {},
          version: 2,
          endedAtMs: 9,
          endReason: 'replaced',
        }
        await write(store, { sessions: [changed] })

        expect(await store.find(handle.hash)).to.deep.equal({ handle, session: changed })
        expect(await store.find(another.hash)).to.deep.equal({ handle: another, session: changed })
      })

      it('replaces a handle as a whole record, its session included', async () => {
        const one = await held(store)
        const two = await held(store)
        const moved: Handle = {
          ...one.handle,
          sessionId: two.session.id,
          activatedAtMs: NOW_MS,
          expiresAtMs: 5,
        }
        await write(store, { handles: [moved] })

        expect(await store.find(moved.hash)).to.deep.equal({ handle: moved, session: two.session })
      })

      it('forgets the handles that it is told to, and no others', async () => {
        const { session, handle } = await held(store)
        const another = newHandle(session)
        await write(store, { handles: [another], forget: [handle.hash, 'nobody'] })

        expect(await store.find(handle.hash)).to.equal(undefined)
        expect(await store.find(another.hash)).to.deep.equal({ handle: another, session })
      })

      it('leaves nothing behind when decide throws, and rejects with what was thrown', async () => {
        const { session, handle } = await held(store)
        const thrown = new SessionHubError('session_conflict', 'No')
        const spend = newSpend()
        const refused = store.transact({ handles: [handle.hash], spend }, () => {
          throw thrown
        })

        expect(await refused.catch((error: unknown) => error)).to.equal(thrown)
        expect(await store.transact({ handles: [handle.hash], spend }, answerView)).to.deep.equal({
          ...NOT_ASKED,
          held: [{ handle, session }],
          spentBefore: undefined,
        })
      })

      it('leaves nothing behind when the changes cannot be written, and goes on working', async () => {
        const spend = newSpend()
        const session = newSession()
        const handle = newHandle(session)
        const broken = { ...newSession(), claims: { unwritable: unwritable() } } as unknown as Session
        const changes = { sessions: [session, broken], handles: [handle] }

        expect(
          await store
            .transact({ handles: [], spend }, () => ({ changes, result: 1 }))
            .catch(() => 'rejected'),
        ).to.equal('rejected')
        expect(await store.find(handle.hash)).to.equal(undefined)
        expect((await store.transact({ handles: [], spend }, answerView)).spentBefore).to.equal(undefined)
      })

      it('lets none of 100 concurrent transactions lose what another wrote', async () => {
        const { handle } = await held(store, { data: { count: 0 } })
        await Promise.all(Array.from({ length: 100 }, () => increment(store, handle.hash)))

        const found = await store.find(handle.hash)
        expect(found?.session.data).to.deep.equal({ count: 100 })
        expect(found?.session.version).to.equal(101)
      })
    })

    describe('spend', () => {
      it('R26: has exactly one first use among 100 at once, and shows it to all others', async () => {
        const spends = Array.from({ length: 100 }, (_, at) => newSpend({ jti: 'one', gave: `handle-${at}` }))
        const views = await Promise.all(
          spends.map((spend) => store.transact({ handles: [], spend }, answerView)),
        )

        const firsts = spends.filter((_, at) => views[at]?.spentBefore === undefined)
        expect(firsts).to.have.length(1)
        const others = views.filter((view) => view.spentBefore !== undefined)
        expect(others).to.have.length(99)
        for (const view of others) expect(view.spentBefore).to.deep.equal(firsts[0])
      })

      it('R8: counts a jti under its issuer, so that one issuer cannot use up the jti of another', async () => {
        await store.transact(
          { handles: [], spend: newSpend({ issuer: 'https://a.example', jti: 'same' }) },
          answerView,
        )
        const other = newSpend({ issuer: 'https://b.example', jti: 'same' })

        expect((await store.transact({ handles: [], spend: other }, answerView)).spentBefore).to.equal(
          undefined,
        )
      })

      it('R26: is written whatever decide answers', async () => {
        const spend = newSpend()
        await store.transact({ handles: [], spend }, () => ({ result: 'refused' }))

        expect((await store.transact({ handles: [], spend }, answerView)).spentBefore).to.deep.equal(spend)
      })
    })

    describe('sweep', () => {
      it('removes what is past its time and keeps what is not, to the millisecond', async () => {
        const due = [
          await held(store, { expiresAtMs: NOW_MS }),
          await held(store, { endedAtMs: NOW_MS - HOUR_MS - 1, endReason: 'signed-out' }),
        ]
        const kept = [
          await held(store, { expiresAtMs: NOW_MS + 1 }),
          await held(store, { endedAtMs: NOW_MS - HOUR_MS, endReason: 'signed-out' }),
        ]
        const { session } = kept[0]!
        const stale = newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS })
        const fresh = newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS + 1 })
        const active = newHandle(session, { activatedAtMs: 1, expiresAtMs: 1 })
        await write(store, { handles: [stale, fresh, active] })
        const old = newSpend({ expiresAtMs: NOW_MS })
        const young = newSpend({ expiresAtMs: NOW_MS + 1 })
        for (const spend of [old, young]) await store.transact({ handles: [], spend }, answerView)
        const over = newSubject({ untilMs: NOW_MS })
        const present = newSubject({ untilMs: NOW_MS + 1 })
        const [before, since] = [
          newEnding({ atMs: NOW_MS - HOUR_MS - 1 }),
          newEnding({ atMs: NOW_MS - HOUR_MS }),
        ]
        await write(store, { subjects: [over, present], endings: [before, since] })

        const agoMs = NOW_MS - HOUR_MS
        const times = { nowMs: NOW_MS, endedBeforeMs: agoMs, endingsBeforeMs: agoMs, auditBeforeMs: 0 }
        const swept = await store.sweep(times, 100)

        const counts = { sessions: 2, handles: 1, spends: 1, subjects: 1, endings: 1, audit: 0 }
        expect(swept).to.deep.equal({ cut: 0, ...counts })
        expect(await subjectIn(store, over.subject)).to.equal(undefined)
        expect(await subjectIn(store, present.subject)).to.deep.equal(present)
        expect(await store.endings(0, 9)).to.deep.equal([{ ...since, seq: 2 }])
        for (const { handle } of due) expect(await store.find(handle.hash)).to.equal(undefined)
        for (const { handle } of kept) expect(await store.find(handle.hash)).not.to.equal(undefined)
        expect(await store.find(stale.hash)).to.equal(undefined)
        expect(await store.find(fresh.hash)).not.to.equal(undefined)
        expect(await store.find(active.hash)).not.to.equal(undefined)
        const again = await Promise.all(
          [old, young].map((spend) => store.transact({ handles: [], spend }, answerView)),
        )
        expect(again.map(({ spentBefore }) => spentBefore)).to.deep.equal([undefined, young])
      })

      it('removes a session with its handles, so that nobody holds it if its id ever comes again', async () => {
        const { session, handle } = await held(store, { expiresAtMs: NOW_MS })
        await store.sweep({ nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }, 100)
        await write(store, { sessions: [session] })

        expect(await store.find(handle.hash)).to.equal(undefined)
      })

      it('takes at most the limit of each kind, until nothing is left', async () => {
        const { session } = await held(store)
        for (let at = 0; at < 7; at += 1) {
          await held(store, { expiresAtMs: NOW_MS })
          await write(store, {
            handles: [newHandle(session, { activatedAtMs: null, expiresAtMs: NOW_MS })],
          })
          await store.transact({ handles: [], spend: newSpend({ expiresAtMs: NOW_MS }) }, answerView)
          const subject = newSubject({ untilMs: NOW_MS })
          const atMs = NOW_MS - 1
          await write(store, {
            subjects: [subject],
            endings: [newEnding({ atMs })],
            audit: [newAuditRow({ atMs })],
          })
        }

        const times = { nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: NOW_MS, auditBeforeMs: NOW_MS }
        const all = (count: number) => ({
          cut: 0,
          sessions: count,
          handles: count,
          spends: count,
          subjects: count,
          endings: count,
          audit: count,
        })
        expect(await store.sweep(times, 5)).to.deep.equal(all(5))
        expect(await store.sweep(times, 5)).to.deep.equal(all(2))
        expect(await store.sweep(times, 5)).to.deep.equal(all(0))
      })

      it('removes sessions that a cut has ended as soon as others, and no later for another cut', async () => {
        const cut = (endedUpTo: number, endedAtMs: number) =>
          write(store, {
            subjects: [
              newSubject({ subject: 'ada', generation: 3, endedUpTo, endedAtMs, endReason: 'revoked' }),
            ],
          })
        const sweepAt = (endedBeforeMs: number, limit = 100) =>
          store.sweep({ ...NEVER, nowMs: NOW_MS, endedBeforeMs }, limit)
        const [first, second, third] = [
          await held(store, { subject: 'ada', generation: 1 }),
          await held(store, { subject: 'ada', generation: 2 }),
          await held(store, { subject: 'ada', generation: 3 }),
        ]
        const bystander = await held(store, { subject: 'bob', generation: 1 })
        const left = async () => {
          const found = [first, second, third, bystander].map(({ handle }) => store.find(handle.hash))
          return (await Promise.all(found)).map((one) => one && one.session.endedAtMs)
        }

        await cut(2, NOW_MS - 50)
        expect(await sweepAt(0, 1)).to.include({ cut: 1, sessions: 0 })
        expect(await sweepAt(0)).to.include({ cut: 1, sessions: 0 })
        await cut(3, NOW_MS - 20)
        expect(await left()).to.deep.equal([NOW_MS - 50, NOW_MS - 50, NOW_MS - 20, null])
        expect(await sweepAt(NOW_MS - 50)).to.include({ cut: 1, sessions: 0 })
        expect(await sweepAt(NOW_MS - 49)).to.include({ cut: 0, sessions: 2 })
        expect(await sweepAt(NOW_MS - 19)).to.include({ sessions: 1 })
        expect(await left()).to.deep.equal([undefined, undefined, undefined, null])
      })

      it('removes nothing before its time', async () => {
        const { handle } = await held(store)

        expect(await store.sweep(NEVER, 100)).to.deep.equal({
          cut: 0,
          sessions: 0,
          handles: 0,
          spends: 0,
          subjects: 0,
          endings: 0,
          audit: 0,
        })
        expect(await store.find(handle.hash)).not.to.equal(undefined)
      })
    })

    it('answers a ping while it is open', async () => {
      await store.ping()
    })

    it('R21: is unavailable once it is closed, in every method, and closes twice without trouble', async () => {
      const { session, handle } = await held(store)
      let decided = false
      await store.close()
      await store.close()

      const calls = [
        store.find(handle.hash),
        store.transact({ handles: [handle.hash] }, () => ({ result: (decided = true) })),
        store.sessions([session.id]),
        store.list('ada', NOW_MS, 1),
        store.places([session.id]),
        store.endings(0, 1),
        store.endingsRange(),
        store.renewEpoch(),
        store.ping(),
        store.sweep(NEVER, 1),
      ]
      expect(await Promise.all(calls.map(codeOf))).to.deep.equal(calls.map(() => 'unavailable'))
      expect(decided, 'decide was called').to.equal(false)
    })

    if (!isShared) return

    it('keeps everything over a restart: sessions, handles and spends', async () => {
      const one = await held(store, { subject: 'ada' })
      const spend = newSpend()
      await store.transact({ handles: [], spend }, answerView)
      await store.close()
      store = await world.reopen!()

      expect(await store.transact({ handles: [one.handle.hash], spend }, answerView)).to.deep.equal({
        ...NOT_ASKED,
        held: [one],
        spentBefore: spend,
      })
    })

    it('R26: holds no handle in its dump, only its hash', async () => {
      const plain = randomBytes(32).toString('base64url')
      const session = newSession()
      const handle = newHandle(session, { hash: sha256(plain) })
      await write(store, { sessions: [session], handles: [handle] })

      const dump = await world.dump!()
      expect(dump.includes(handle.hash), 'the hash is in the dump').to.equal(true)
      expect(dump.includes(plain), 'the handle is in the dump').to.equal(false)
    })

    it('R26: has exactly one first use of a jti among four processes', async () => {
      const firsts = await inProcesses(4, world.address!, { do: 'spend', spend: newSpend(), times: 25 })

      expect(firsts.sort()).to.deep.equal([0, 0, 0, 1])
    })

    it('loses none of 800 increments from four processes', async () => {
      const { handle } = await held(store, { data: { count: 0 } })
      await inProcesses(4, world.address!, { do: 'increment', hash: handle.hash, times: 200 })

      const found = await store.find(handle.hash)
      expect(found?.session.data).to.deep.equal({ count: 800 })
      expect(found?.session.version).to.equal(801)
    })

    it('loses nothing that was answered when the process is killed with SIGKILL', async () => {
      for (const round of ['a', 'b', 'c']) {
        const printed = await killedWhileWriting(world.address!, newSession({ id: round }))

        const reopened = await world.reopen!()
        const found = []
        for (const id of printed) found.push((await reopened.find(sha256(id)))?.session.id)
        expect(found).to.deep.equal(printed)
        await reopened.close()
      }
    })
  })
}

describe('the file of the SQLite store', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = newFolder()
    path = join(folder, 'sessions.db')
  })

  it('R26: is readable by its owner only, with its log and its index', async () => {
    const store = sqliteStore(path)
    await held(store)

    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect(statSync(file).mode & 0o777).to.equal(0o600)
    await store.close()
  })

  it('is made once by processes that start together', async () => {
    for (const round of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const address: Address = { kind: 'sqlite', path: `${path}-${round}` }
      const firsts = await inProcesses(6, address, { do: 'spend', spend: newSpend(), times: 1 })

      expect(firsts.sort()).to.deep.equal([0, 0, 0, 0, 0, 1])
    }
  })

  it('is refused with the file and the remedy in one line when its folder does not exist', () => {
    expectRefusal(join(folder, 'nowhere', 'sessions.db'), 'create the folder')
  })

  it('is refused when a folder stands in its place', () => {
    mkdirSync(path)
    expectRefusal(path, 'move it away')
  })

  it('is refused, and left as it was, when it is no database', () => {
    const text = 'These are my notes.\n'.repeat(100)
    writeFileSync(path, text)

    expectRefusal(path, 'move it away')
    expect(readFileSync(path, 'utf8')).to.equal(text)
  })

  it('is refused, and left as it was, when it is the database of another program', () => {
    alter(path, 'CREATE TABLE invoice (id INTEGER)')
    const before = readFileSync(path)

    expectRefusal(path, 'move it away')
    expect(readFileSync(path).equals(before)).to.equal(true)
  })

  it('is refused when a newer version of the hub wrote it', async () => {
    await sqliteStore(path).close()
    alter(path, 'PRAGMA user_version = 999')

    expectRefusal(path, 'newer version')
  })

  it('is refused when an option is misspelt or missing', () => {
    const misspelt = { path, busyTimeout: 5 }

    expect(() => sqliteStore(misspelt))
      .to.throw(SessionHubError, '"busyTimeout"')
      .with.property('code', 'options_invalid')
    expect(() => sqliteStore(':memory:'))
      .to.throw(SessionHubError, 'memoryStore()')
      .with.property('code', 'options_invalid')
    for (const cacheMegabytes of [0, 1.5, 65_537])
      expect(() => sqliteStore({ path, cacheMegabytes }))
        .to.throw(SessionHubError, '"cacheMegabytes"')
        .with.property('code', 'options_invalid')
    expect(existsSync(path)).to.equal(false)
  })

  it('R21: makes the store unavailable where a row was damaged, and nowhere else', async () => {
    const store = sqliteStore(path)
    const damaged = [await held(store), await held(store), await held(store)]
    const intact = await held(store)
    const [one, two, three] = damaged.map(({ session }) => session.id)
    alter(path, `UPDATE session SET data = '{"cart":' WHERE id = '${one!}'`)
    alter(path, `UPDATE session SET claims = '[]' WHERE id = '${two!}'`)
    alter(path, `UPDATE session SET end_reason = 'unheard of' WHERE id = '${three!}'`)

    const codes = await Promise.all(damaged.map(({ handle }) => codeOf(store.find(handle.hash))))
    expect(codes).to.deep.equal(['unavailable', 'unavailable', 'unavailable'])
    expect(await codeOf(store.transact({ handles: [damaged[0]!.handle.hash] }, answerView))).to.equal(
      'unavailable',
    )
    expect(await store.transact({ handles: [intact.handle.hash] }, answerView)).to.have.deep.property(
      'held',
      [intact],
    )
    await store.close()
  })

  it('R21: makes the store unavailable while another process holds the lock, and works again after', async () => {
    const store = sqliteStore({ path, busyTimeoutMs: 50 })
    const { handle, session } = await held(store)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')

    const locked = store.transact({ handles: [] }, answerView)
    expect(await codeOf(locked)).to.equal('unavailable')
    expect(await locked.catch((error: unknown) => (error as Error).cause)).to.be.instanceOf(Error)
    expect(await store.find(handle.hash), 'reading needs no lock').to.deep.equal({ handle, session })
    other.exec('ROLLBACK')
    other.close()
    await increment(store, handle.hash)
    expect((await store.find(handle.hash))?.session.version).to.equal(2)
    await store.close()
  })
})

function expectRefusal(path: string, remedy: string): void {
  expect(() => sqliteStore(path))
    .to.throw(SessionHubError)
    .which.satisfies(({ code, message }: SessionHubError) => {
      expect(code).to.equal('options_invalid')
      expect(message).to.include(path).and.to.include(remedy).and.not.to.include('\n')
      return true
    })
}

/** Kills a writing process after a random number of writes; answers the ids that it printed before its end. */
async function killedWhileWriting(address: Address, session: Session): Promise<string[]> {
  const worker = forkWorker()
  const [lines, ended] = [createInterface({ input: worker.stdout! }), once(worker, 'exit')]
  await once(worker, 'message')
  worker.send({ address, task: { do: 'write', session } })
  const enough = 20 + Math.floor(Math.random() * 300)
  const printed: string[] = []
  for await (const line of lines) if (printed.push(line) === enough) worker.kill('SIGKILL')
  expect((await ended)[1]).to.equal('SIGKILL')
  expect(printed.length).to.be.at.least(enough)
  return printed
}

const increment = (store: Store, hash: string) =>
  store.transact({ handles: [hash] }, ({ held: [found] }) => {
    const { session } = found!
    const data = { count: Number(session.data['count']) + 1 }
    return { changes: { sessions: [{ ...session, data, version: session.version + 1 }] }, result: undefined }
  })

/** Something that no store can write, found out only while it writes. */
const unwritable = () =>
  Object.defineProperty({}, 'boom', { enumerable: true, get: () => raise(new Error('unwritable')) })

function raise(error: Error): never {
  throw error
}
