/** A whole store in another one: nothing is forgotten, nothing is written over, and nothing is written beside it. */
import { join } from 'node:path'

import { expect } from 'chai'

import { copyStore } from '../../hub/stores/copy/copy.js'
import type { CopyEnd } from '../../hub/stores/copy/end.js'
import { type Kind, kinds } from '../../hub/stores/copy/rows.js'
import { postgresStore } from '../../hub/stores/postgres.js'
import { openPostgresEnd } from '../../hub/stores/postgres/copy-end.js'
import { redisStore } from '../../hub/stores/redis.js'
import { openRedisEnd } from '../../hub/stores/redis/copy-end.js'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import { openSqliteEnd } from '../../hub/stores/sqlite/copy-end.js'
import type { Store } from '../../hub/stores/store.js'
import { openSchema } from '../support/postgres.js'
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
  write,
} from '../support/records.js'
import { openPrefix } from '../support/redis.js'
import { newFolder } from '../support/stores.js'

interface Place {
  readonly open: () => Promise<Store>
  readonly end: () => Promise<CopyEnd>
  /** The names of what is kept in it. */
  readonly names: () => Promise<string[]>
}

const engines = {
  async SQLite(): Promise<Place> {
    const path = join(newFolder(), 'sessions.db')
    return {
      open: async () => sqliteStore(path),
      end: () => openSqliteEnd(path),
      names: async () => [],
    }
  },
  async PostgreSQL(): Promise<Place> {
    const { postgres, schema } = await openSchema()
    return {
      open: () => postgresStore({ url: postgres.url, schema }),
      end: () => openPostgresEnd(postgres.url, true, schema),
      async names() {
        const { rows } = await postgres.query(
          'SELECT table_name FROM information_schema.tables WHERE table_schema = $1',
          [schema],
        )
        return rows.map((row) => String(row['table_name']))
      },
    }
  },
  async Redis(): Promise<Place> {
    const { redis, prefix } = await openPrefix()
    return {
      open: () => redisStore({ url: redis.url, prefix }),
      end: () => openRedisEnd(redis.url, true, prefix),
      async names() {
        const keys = (await redis.command('KEYS', `{${prefix}}:*`)) as string[]
        return keys.map((key) => key.slice(prefix.length + 3))
      },
    }
  },
}

const silent = () => undefined

/** Everything that a store can hold, more than one page of it. */
async function fill(store: Store) {
  const ada = { subject: 'ada', claims: { name: 'Ada "\u0000" ☃' } }
  const many = Array.from({ length: 603 }, (_, at) => newSession({ generation: at + 1, ...ada }))
  for (let at = 0; at < many.length; at += 200) {
    const sessions = many.slice(at, at + 200)
    const handles = sessions.map((session) => newHandle(session))
    await write(store, { subjects: [newSubject({ subject: 'ada' })], sessions, handles })
  }
  const alive = await held(store, {
    data: { cart: ['book'], deep: { list: [1, -0.5, null, true] } },
    agent: 'Firefox',
  })
  const note = newHandle(alive.session, { activatedAtMs: null })
  const acting = newHandle(alive.session, {
    acting: { subject: 'ada', claims: { role: 'none' }, untilMs: NOW_MS + HOUR_MS },
  })
  const cut = newSession({ subject: 'bob', generation: 2 })
  const cutHandle = newHandle(cut)
  const ended = newSession({ endedAtMs: NOW_MS - 5, endReason: 'signed-out' })
  const endedHandle = newHandle(ended)
  await write(store, {
    subjects: [
      newSubject({
        subject: 'bob',
        generation: 3,
        endedUpTo: 2,
        endedAtMs: NOW_MS - 9,
        endReason: 'revoked',
      }),
    ],
    sessions: [cut, ended, newSession({ subject: 'cleo' })],
    handles: [note, acting, cutHandle, endedHandle],
    audit: [newAuditRow({ subject: 'bob', reason: 'lost "phone"' }), newAuditRow({ subject: 'cleo' })],
    endings: [newEnding(), newEnding({ sessionId: null, subject: 'bob', generation: 2 })],
  })
  await write(store, { erase: { subject: 'cleo', name: 'erased-1' } })
  const spend = newSpend({ gave: alive.handle.hash })
  await store.transact({ handles: [], spend }, answerView)
  const site = { origin: 'https://shop.example', sealed: 'sealed', wasSeq: 0, audit: [] }
  await store.putSite(site)
  await store.putSite({ ...site, origin: 'https://gone.example' })
  await store.putSite({ ...site, origin: 'https://gone.example', sealed: null, wasSeq: 2 })
  return {
    spend,
    hashes: [
      ...many.slice(0, 5).map(({ id }) => id),
      alive.handle.hash,
      note.hash,
      acting.hash,
      cutHandle.hash,
      endedHandle.hash,
    ],
    ids: [...many.map(({ id }) => id), alive.session.id, cut.id, ended.id],
  }
}

async function seen(store: Store, { spend, hashes, ids }: Awaited<ReturnType<typeof fill>>) {
  const held = await Promise.all(hashes.map((hash) => store.find(hash)))
  return {
    held,
    sessions: [...(await store.sessions(ids))].sort(([one], [other]) => (one < other ? -1 : 1)),
    live: (await store.search({ nowMs: NOW_MS, limit: 5000 })).length,
    list: await store.list('ada', NOW_MS, 1000).then((all) => all.map(({ id }) => id).sort()),
    places: [...(await store.places(ids))].sort(([one], [other]) => (one < other ? -1 : 1)),
    spent: await store.transact({ handles: [], spend }, ({ spentBefore }) => ({ result: spentBefore })),
    subjects: await Promise.all(
      ['ada', 'bob', 'cleo'].map((subject) =>
        store.transact({ handles: [], subject: { subject, sessions: 0, nowMs: NOW_MS } }, ({ subject }) => ({
          result: subject,
        })),
      ),
    ),
    endings: await store.endings(0, 100),
    range: await store.endingsRange(),
    audit: await store.audit({ limit: 100 }),
    auditOf: await store.audit({ subject: 'erased-1', limit: 100 }),
    sites: await store.sites(0, 100),
    sitesRange: await store.sitesRange(),
  }
}

async function within<Result>(place: Place, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await place.open()
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function copied(from: Place, to: Place, change: (target: CopyEnd) => CopyEnd = (target) => target) {
  const source = await from.end()
  try {
    const target = await to.end()
    try {
      return await copyStore(source, change(target), silent)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

const refusal = (work: Promise<unknown>): Promise<Error & { code?: string }> =>
  work.then(
    () => expect.fail('it was not refused'),
    (thrown: unknown) => thrown as Error,
  )

/** Each engine once at each end: in between are rows that belong to none. */
const pairs = [
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'Redis'],
  ['Redis', 'SQLite'],
] as const

for (const [fromName, toName] of pairs)
  describe(`a copy from ${fromName} to ${toName}`, () => {
    it('has everything as it was, and goes on counting where the source has stopped', async () => {
      const [from, to] = [await engines[fromName](), await engines[toName]()]
      const [what, before] = await within(from, async (store) => {
        // What was swept: its numbers are over.
        await write(store, { endings: [newEnding()], audit: [newAuditRow({})] })
        await store.endings(0, 1)
        const all = { endedBeforeMs: 0, auditBeforeMs: 2 * NOW_MS, endingsBeforeMs: 2 * NOW_MS }
        await store.sweep({ nowMs: 0, ...all }, 100)
        const what = await fill(store)
        return [what, await seen(store, what)] as const
      })

      const copy = await copied(from, to)
      const counts = Object.fromEntries(copy.map(({ kind, rows }) => [kind, rows]))
      expect(counts).to.deep.include({ session: 606, handle: 608, spend: 1, ending: 2, site: 2 })
      await within(to, async (store) => {
        expect(await seen(store, what)).to.deep.equal(before)
        await write(store, { endings: [newEnding()], audit: [newAuditRow({})] })
        expect((await store.endings(before.range.last, 10)).map(({ seq }) => seq)).to.deep.equal([
          before.range.last + 1,
        ])
        expect((await store.audit({ limit: 1 }))[0]!.seq).to.be.above(before.audit[0]!.seq)
        const site = { origin: 'https://new.example', sealed: 's', wasSeq: 0, audit: [] }
        expect(await store.putSite(site)).to.equal(before.sitesRange.last + 1)
        const due = { nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }
        expect((await store.sweep(due, 5000)).cut, 'a cut is settled here too').to.equal(1)
      })
    }).timeout(60_000)
  })

it('finds no store at a server where there is none, and makes none of it', async () => {
  const { postgres, schema } = await openSchema()
  const { redis, prefix } = await openPrefix()
  for (let twice = 0; twice < 2; twice += 1) {
    expect((await refusal(openPostgresEnd(postgres.url, false, schema))).message).to.include(
      'is not there yet',
    )
    expect((await refusal(openRedisEnd(redis.url, false, prefix))).message).to.include('no session store')
  }
})

for (const [name, newPlace] of Object.entries(engines))
  describe(`${name} at either end of a copy`, () => {
    let from: Place
    let to: Place
    let hash: string

    beforeEach(async () => {
      ;[from, to] = [await newPlace(), await newPlace()]
      hash = await within(from, async (store) => {
        for (const subject of ['ada', 'bob']) {
          const session = newSession({ subject, generation: 1 })
          await write(store, {
            subjects: [newSubject({ subject })],
            sessions: [session],
            handles: [newHandle(session)],
            endings: [newEnding()],
            audit: [newAuditRow({})],
          })
        }
        await store.transact({ handles: [], spend: newSpend() }, answerView)
        await store.putSite({ origin: 'https://a.example', sealed: 's', wasSeq: 0, audit: [] })
        return (await held(store)).handle.hash
      })
    })

    it('is closed to hubs when it was copied, until somebody says otherwise', async () => {
      await copied(from, to)
      const closed = await refusal(from.open())
      expect(closed.code).to.equal('options_invalid')
      expect(closed.message).to.include('was copied to').and.include('store reopen')
      expect((await refusal(copied(from, await newPlace()))).message).to.include('was copied to')

      const end = await from.end()
      await end.reopen()
      await end.close()
      expect(await within(from, (store) => store.find(hash))).to.not.equal(undefined)
    })

    it('writes over nothing: a target that has, or had, anything is refused, and neither end is closed by that', async () => {
      for (const changes of [
        { sessions: [newSession()] },
        { audit: [newAuditRow({})] },
        { endings: [newEnding()] },
      ]) {
        const full = await newPlace()
        await within(full, (store) => write(store, changes))
        expect((await refusal(copied(from, full))).message).to.include('is not empty')
        await (await full.open()).close()
      }
      await (await from.open()).close()
    })

    it('stays closed while it has a part, and is only filled from its own source', async () => {
      const broken = (target: CopyEnd): CopyEnd => ({
        ...target,
        write: (written) =>
          written.kind === 'handle' ? Promise.reject(new Error('The disk is full')) : target.write(written),
      })
      await refusal(copied(from, to, broken))

      expect((await refusal(to.open())).message).to.include('unfinished copy of')
      expect((await refusal(from.open())).message).to.include('is being copied to')
      const other = await newPlace()
      await within(other, (store) => held(store))
      expect((await refusal(copied(other, to))).message).to.include('of another store')
      await (await other.open()).close()

      await copied(from, to)
      expect(await within(to, (store) => store.find(hash))).to.not.equal(undefined)
    })

    it('goes on where it stopped, wherever that was, and writes no page twice', async () => {
      let isWhole = false
      for (let left = 0; !isWhole; left += 3) {
        const place = await newPlace()
        const written: string[] = []
        let calls = left
        // The process ends before this answer has come: half of the time it was written.
        const dying = (target: CopyEnd): CopyEnd => ({
          ...target,
          async write(one) {
            if (calls === 0 && left % 2 === 0) throw new Error('Killed')
            const reply = await target.write(one)
            if (one.rows.length) written.push(one.to)
            if (calls === 0) throw new Error('Killed')
            calls -= 1
            return reply
          },
        })
        isWhole = await copied(from, place, dying).then(
          () => true,
          () => false,
        )
        const fresh = written.length
        if (!isWhole)
          await copied(from, place, (target) => ({
            ...target,
            write(one) {
              if (one.rows.length) written.push(one.to)
              return target.write(one)
            },
          }))
        expect(written, `${fresh} written before`).to.have.lengthOf(kinds.length)
        expect(new Set(written).size).to.equal(kinds.length)
        expect(await within(place, (store) => store.find(hash))).to.not.equal(undefined)
        const end = await from.end()
        await end.reopen()
        await end.close()
      }
    }).timeout(60_000)

    it('gives no number again of what was swept', async () => {
      const { last } = await within(from, async (store) => {
        await store.endings(0, 100)
        const all = { nowMs: 0, endedBeforeMs: 0, auditBeforeMs: 2 * NOW_MS, endingsBeforeMs: 2 * NOW_MS }
        await store.sweep(all, 100)
        expect(await store.audit({ limit: 1 })).to.deep.equal([])
        return store.endingsRange()
      })
      await copied(from, to)
      await within(to, async (store) => {
        expect((await store.endingsRange()).last).to.equal(last)
        await write(store, { endings: [newEnding()], audit: [newAuditRow({})] })
        expect((await store.endings(last, 10)).map(({ seq }) => seq)).to.deep.equal([last + 1])
        expect((await store.audit({ limit: 1 }))[0]!.seq).to.equal(3)
      })
    })

    for (const lost of kinds)
      it(`is not opened where a row of ${lost} is missing`, async () => {
        const forgetful = (target: CopyEnd): CopyEnd => ({
          ...target,
          write: (written) =>
            target.write(written.kind === lost ? { ...written, rows: written.rows.slice(1) } : written),
        })
        // A session that is missing takes its handle along.
        const words =
          lost === 'session' ? /differs|not exist|foreign|answer/ : new RegExp(`of kind "${lost}"`)
        expect((await refusal(copied(from, to, forgetful))).message).to.match(words)
        expect((await refusal(to.open())).message).to.include('unfinished copy')
      })

    it('is copied once where two copies begin at once, wherever the second one goes', async () => {
      for (const second of [to, await newPlace()]) {
        const both = await Promise.allSettled([copied(from, to), copied(from, second)])
        const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
        for (const { message } of refused)
          expect(message).to.match(/Another "session-hub store copy"|copied|processes first/)
        expect(refused, 'one of the two').to.have.lengthOf(1)
        const opened = await Promise.allSettled(
          [...new Set([to, second])].map((place) => within(place, (store) => store.find(hash))),
        )
        const whole = opened.filter((one) => one.status === 'fulfilled' && one.value !== undefined)
        expect(whole, 'two whole stores would go their own ways').to.have.lengthOf(1)
        ;[from, to] = [await newPlace(), await newPlace()]
        hash = await within(from, async (store) => (await held(store)).handle.hash)
      }
    }).timeout(30_000)

    it('is left to the run that came later, and numbers nothing anew in a store that a hub uses by then', async () => {
      let numbers = 0
      await copied(from, to, (target) => ({
        ...target,
        // The first run stands still before its last step, and a second one takes over, ends, and lets a hub in.
        async setNumbers(found) {
          await target.setNumbers(found)
          if ((numbers += 1) > 1) return
          const end = name === 'SQLite' ? target : await to.end()
          const source = name === 'SQLite' ? undefined : await from.end()
          if (source) await copyStore(source, end, silent)
          await source?.close()
          if (end !== target) await end.close()
        },
      })).then(
        () => expect(name).to.equal('SQLite'),
        (thrown: unknown) => {
          expect((thrown as Error).message).to.include('Another "session-hub store copy"')
        },
      )
      expect(await within(to, (store) => store.find(hash))).to.not.equal(undefined)
      expect((await refusal(from.open())).message).to.include('was copied to')
    })

    it('is written by one copy alone', async () => {
      const racing = (target: CopyEnd): CopyEnd => ({
        ...target,
        async write(written) {
          if (written.kind === ('session' satisfies Kind)) {
            const note = await target.note()
            await target.write({
              copy: note!.copy,
              kind: 'session',
              rows: [],
              from: written.from,
              to: 'further',
            })
          }
          return target.write(written)
        },
      })
      expect((await refusal(copied(from, to, racing))).message).to.include('Another "session-hub store copy"')
    })

    if (name === 'SQLite')
      it('is refused while a hub has it open, as a source and as a target', async () => {
        for (const place of [from, to]) {
          const store = await place.open()
          const refused = await refusal(copied(from, to))
          expect(refused.code).to.equal('options_invalid')
          expect(refused.message).to.include('processes first')
          await held(store)
          await store.close()
        }
        const end = await from.end()
        expect((await refusal(from.open())).code, 'no hub opens it meanwhile').to.equal('unavailable')
        await end.close()
        await (await from.open()).close()
      })
    else
      it('lets a hub that still runs read, and write nothing', async () => {
        const [here, there] = [await from.open(), await to.open()]
        let found: unknown
        const beside = (target: CopyEnd): CopyEnd => ({
          ...target,
          async write(written) {
            if (written.kind === 'session')
              for (const store of [here, there]) {
                expect(await codeOf(held(store)), 'a write').to.equal('unavailable')
                expect(await codeOf(store.ping()), '/readyz').to.equal('unavailable')
                const site = { origin: 'https://b.example', sealed: 's', wasSeq: 0, audit: [] }
                expect(await codeOf(store.putSite(site))).to.equal('unavailable')
                const all = {
                  nowMs: NOW_MS * 2,
                  endedBeforeMs: NOW_MS * 2,
                  endingsBeforeMs: NOW_MS * 2,
                  auditBeforeMs: NOW_MS * 2,
                }
                await store.sweep(all, 1000).catch(() => undefined)
              }
            found ??= await here.find(hash)
            return target.write(written)
          },
        })
        await copied(from, to, beside)
        expect(found).to.not.equal(undefined)
        expect(await codeOf(held(here)), 'after the copy').to.equal('unavailable')
        await held(there)
        await there.ping()
        expect(await there.find(hash)).to.deep.equal(found)
        await here.close()
        await there.close()
      })

    it('has no kind of record that a copy does not know', async () => {
      await within(from, (store) => fill(store))
      await copied(from, to)
      const transient = ['copying', 'touched']
      const names = async (place: Place) =>
        (await place.names())
          .filter((each) => !transient.includes(each) && !each.startsWith('commit:'))
          .sort()
      expect(await names(to)).to.deep.equal(await names(from))
      if (name === 'PostgreSQL')
        expect(await names(to)).to.deep.equal(
          [...kinds, 'ending_last', 'ending_new', 'meta', 'site_last'].sort(),
        )
    }).timeout(30_000)
  })
