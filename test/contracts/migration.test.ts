/** A file that an older version wrote: nobody loses a session, and all of them can be ended. */
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'
import { createHub, generateHubKeys, type Hub, sqliteStore } from 'session-hub/hub'

import { APPLICATION_ID, MIGRATIONS } from '../../hub/stores/sqlite/schema.js'
import { newSpend, sha256, subjectIn } from '../support/records.js'
import { inProcesses } from '../support/store-at.js'
import { newFolder } from '../support/stores.js'

const DAY_MS = 86_400_000

/** As long as the ids that the hub makes: `endAll` takes no other. */
const ADA_2 = `ada-2${'A'.repeat(17)}`

describe('a session file of version 1', () => {
  const nowMs = Date.now()
  let path: string
  let hub: Hub | undefined

  beforeEach(() => {
    path = join(newFolder(), 'sessions.db')
    const database = new DatabaseSync(':memory:')
    database.exec(`ATTACH '${path}' AS file; ${MIGRATIONS[0]!}`)
    database.exec(`PRAGMA file.application_id = ${APPLICATION_ID}; PRAGMA file.user_version = 1`)
    const put = database.prepare(
      `INSERT INTO session VALUES (:id, :subject, '{"name":"x"}', '{"cart":["tent"]}', 3, :from, :from, :seen, :until,
        :ended, :reason)`,
    )
    const hold = database.prepare(`INSERT INTO handle VALUES (:hash, :id, 'hub', :from, :from, :until)`)
    const write = (id: string, subject: string | null, ended: string | null = null) => {
      const [from, until] = [nowMs - DAY_MS, nowMs + 29 * DAY_MS]
      put.run({ id, subject, from, seen: nowMs, until, ended: ended && nowMs, reason: ended })
      hold.run({ hash: sha256(id), id, from, until })
    }
    write('ada-1', 'ada')
    write(ADA_2, 'ada')
    write('ada-3', 'ada', 'signed-out')
    write('bob-1', 'bob')
    write('nobody', null)
    database.close()
  })

  afterEach(async () => {
    await hub?.close()
    hub = undefined
  })

  const start = async () => {
    const store = sqliteStore(path)
    hub = await createHub({ origin: 'https://hub.example', keys: generateHubKeys(), store })
    return { store, sessions: hub.sessions }
  }
  const endOf = async (store: ReturnType<typeof sqliteStore>, id: string) => {
    const found = await store.find(sha256(id))
    return found?.session.endReason
  }

  it('keeps its sessions live, their data and handles too, for 400 days from their beginning at most', async () => {
    const { store } = await start()
    for (const id of ['ada-1', ADA_2, 'bob-1', 'nobody']) {
      const found = await store.find(sha256(id))
      expect(found?.session).to.deep.include({
        id,
        data: { cart: ['tent'] },
        version: 3,
        isRemembered: true,
        generation: 0,
        site: '',
        agent: null,
        endedAtMs: null,
        expiresAtMs: nowMs + 29 * DAY_MS,
        untilMs: nowMs + 399 * DAY_MS,
      })
    }
    expect(await endOf(store, 'ada-3')).to.equal('signed-out')
  })

  it('knows its subjects, for as long as their sessions can live', async () => {
    const { store } = await start()
    expect(await subjectIn(store, 'ada')).to.deep.equal({
      subject: 'ada',
      generation: 0,
      endedUpTo: -1,
      endedAtMs: null,
      endReason: null,
      untilMs: nowMs + 399 * DAY_MS,
    })
  })

  it('lists its users’ sessions, and ends all of them at once', async () => {
    const { store, sessions } = await start()
    const ids = (await sessions.list('ada')).map(({ id }) => id)
    expect(ids.sort()).to.deep.equal(['ada-1', ADA_2])

    expect(await sessions.endAll('ada')).to.equal(2)

    expect(await sessions.list('ada')).to.deep.equal([])
    expect(await endOf(store, 'ada-1')).to.equal('revoked')
    expect(await endOf(store, 'ada-3')).to.equal('signed-out')
    for (const id of ['bob-1', 'nobody']) expect(await endOf(store, id)).to.equal(null)
  })

  it('ends all but one of them', async () => {
    const { store, sessions } = await start()

    expect(await sessions.endAll('ada', { except: ADA_2 })).to.equal(1)

    expect((await sessions.list('ada')).map(({ id }) => id)).to.deep.equal([ADA_2])
    expect(await endOf(store, 'ada-1')).to.equal('revoked')
  })

  it('is migrated once by processes that start together', async () => {
    const spend = newSpend()
    const firsts = await inProcesses(4, { kind: 'sqlite', path }, { do: 'spend', spend, times: 1 })
    expect(firsts.sort()).to.deep.equal([0, 0, 0, 1])

    const { store, sessions } = await start()
    expect(await endOf(store, 'ada-1')).to.equal(null)
    expect(await sessions.endAll('ada')).to.equal(2)
  })

  it('is migrated once: what was ended since stays ended when it is opened again', async () => {
    const { sessions } = await start()
    await sessions.endAll('ada')
    await hub?.close()

    const { store } = await start()
    expect(await endOf(store, 'ada-1')).to.equal('revoked')
    expect((await subjectIn(store, 'ada'))?.endedUpTo).to.equal(0)
  })
})
