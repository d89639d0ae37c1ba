/** What the PostgreSQL store promises beside the contract: how it is opened, and what becomes of what was answered when the server fails. */
import { expect } from 'chai'
import pg from 'pg'
import { createHub, generateHubKeys, type LogEntry } from 'session-hub/hub'
import { postgresStore as packaged } from 'session-hub/hub/postgres'

import { postgresStore } from '../../hub/stores/postgres.js'
import type { Store } from '../../hub/stores/store.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
import {
  answerView,
  codeOf,
  held,
  newSession,
  newSpend,
  subjectIn,
  write,
  sessionIn,
} from '../support/records.js'
import { listen } from '../support/listener.js'
import { openSchema, type Postgres } from '../support/postgres.js'
import { until } from '../support/until.js'
import { send, Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('It was taken'),
    (error: unknown) => error as SessionHubError,
  )

describe('the PostgreSQL store, when it is opened', () => {
  let postgres: Postgres
  let schema: string
  beforeEach(async () => ({ postgres, schema } = await openSchema()))

  const opened = (options: object = {}) => postgresStore({ url: postgres.url, schema, ...options })

  for (const [name, options, words] of [
    ['an option that it does not know', { shema: 'a' }, 'did you mean "schema"'],
    ['no server', { url: undefined }, 'either "url" or "pool"'],
    ['two servers', { pool: new pg.Pool() }, 'either "url" or "pool"'],
    ['an address that is none', { url: 'mysql://a' }, 'postgres://'],
    ['a schema of the server’s own', { schema: 'pg_hub' }, '"schema"'],
    ['a name that the server would cut', { schema: 'a'.repeat(64) }, '"schema"'],
    ['no connection at all', { maxConnections: 0 }, '"maxConnections"'],
  ] as const) {
    it(`refuses ${name}`, async () => {
      expect(await refusal(opened(options))).to.include({ code: 'options_invalid' })
      expect((await refusal(opened(options))).message).to.include(words)
    })
  }

  it('creates its schema once, though four open it at once', async () => {
    const stores = await Promise.all([opened(), opened(), opened(), opened()])
    const session = newSession()
    await write(stores[0], { sessions: [session] })
    for (const store of stores) expect(await sessionIn(store, session.id)).to.deep.equal(session)
    for (const store of stores) await store.close()
  })

  it('creates nothing where it may not, and opens what is there', async () => {
    expect((await refusal(opened({ migrate: false }))).message).to.include('migrate: true')
    await (await opened()).close()
    await (await opened({ migrate: false })).close()
  })

  it('refuses an older schema where it may not change it, and changes nothing', async () => {
    await (await opened()).close()
    await postgres.query(`UPDATE "${schema}".meta SET version = version - 1`)
    const version = async () => (await postgres.query(`SELECT version FROM "${schema}".meta`)).rows
    const before = await version()
    const refused = await refusal(opened({ migrate: false }))
    expect(refused).to.include({ code: 'options_invalid' })
    expect(refused.message).to.include('older').and.include('store migrate')
    expect(await version()).to.deep.equal(before)
  })

  it('estimates more live sessions than ten thousand, from the statistics of the server', async () => {
    const store = await opened()
    const columns =
      'id, claims, data, version, created_at_ms, seen_at_ms, expires_at_ms, ended_at_ms, until_ms, is_remembered, generation, site, rev'
    await postgres.query(`
      INSERT INTO "${schema}".session (${columns})
      SELECT decode(md5(n::text), 'hex'), '{}', '{}', 1, n, n, CASE WHEN n % 10 = 0 THEN 1000 ELSE 9000 END,
        CASE WHEN n % 10 = 1 THEN 1 END, 9000, 1, 0, 'https://shop.example', n
      FROM generate_series(1, 25000) n`)
    await postgres.query(`ANALYZE "${schema}".session`)
    expect(await store.countLive!(1000)).to.be.within(18_000, 22_000)
    await store.close()
  })

  it('opens a schema that is there for a user who may create nothing', async () => {
    await (await opened()).close()
    const name = `"${schema}"`
    await postgres.query(`
      DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT USAGE ON SCHEMA ${name} TO guest;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${name} TO guest`)
    const url = postgres.url.replace('//hub@', '//guest@')
    const store = await opened({ url })
    const session = newSession()
    await write(store, { sessions: [session] })
    expect(await sessionIn(store, session.id)).to.deep.equal(session)
    await store.close()
    // No waiting mends it: a hub that waits for its server must not wait for this.
    const refused = await refusal(opened({ url, schema: `${schema} new` }))
    expect(refused.code).to.equal('options_invalid')
    expect(refused.message).to.include('store migrate --grant')
  })

  it('leaves a newer version’s schema as it is', async () => {
    await (await opened()).close()
    await postgres.query(`UPDATE "${schema}".meta SET version = 99`)
    expect((await refusal(opened())).message).to.include('newer version')
    const { rows } = await postgres.query(`SELECT version FROM "${schema}".meta`)
    expect(rows).to.deep.equal([{ version: 99 }])
  })

  it('takes a schema with any name, and none of its tables for another’s', async () => {
    const [one, two] = [await opened({ schema: `${schema}"; DROP` }), await opened()]
    const session = newSession()
    await write(one, { sessions: [session] })
    expect(await sessionIn(one, session.id)).to.deep.equal(session)
    expect(await sessionIn(two, session.id)).to.equal(undefined)
    await one.close()
    await two.close()
  })

  it('leaves a pool of one’s own open', async () => {
    const pool = new pg.Pool({ connectionString: postgres.url })
    const store = await postgresStore({ pool, schema })
    await store.close()
    expect(await codeOf(store.ping())).to.equal('unavailable')
    expect((await pool.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }])
    await pool.end()
  })

  it('says what a failover would lose, and refuses a server that forgets what it has answered', async () => {
    const store = await opened()
    expect(store.durability).to.include('One server')
    await store.close()
    const url = `${postgres.url}?options=-c%20synchronous_commit%3D`
    expect((await refusal(opened({ url: `${url}off` }))).message).to.include('synchronous_commit')
    await (await opened({ url: `${url}on` })).close()
  })

  it('is asked three times in a sync, and written to once', async () => {
    const asked: string[] = []
    /** A pool that notes by name what is asked. */
    class NotingPool extends pg.Pool {
      override async connect(): Promise<pg.PoolClient>
      override async connect(): Promise<unknown> {
        const client = await super.connect()
        const query: (statement: object) => unknown = client.query.bind(client)
        const release = client.release.bind(client)
        Object.assign(client, {
          query(statement: { name?: string }) {
            asked.push(statement.name?.split(' ')[1] ?? '')
            return query(statement)
          },
          release(isOver?: boolean) {
            Object.assign(client, { query })
            release(isOver)
          },
        })
        return client
      }
    }
    const pool = new NotingPool({ connectionString: postgres.url })
    const world = await startWorld({ hub: { store: await packaged({ pool, schema }) } })
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    const ada = new Visitor(world.hub.origin)
    await ada.post(shop, '/sign-in', { name: 'ada' })
    expect((await ada.sync(shop)).outcome).to.equal('adopt')
    asked.splice(0)
    expect((await ada.sync(travel)).outcome).to.equal('replace')
    // Beside it the hub looks for endings and sites, and sweeps.
    const ofSync = asked.filter((name) => ['find', 'look', 'commit', 'list', 'spent'].includes(name))
    expect(ofSync).to.deep.equal(['find', 'look', 'commit'])
    await world.close()
    await pool.end()
  })

  it('is unavailable, in words, where nobody answers', async () => {
    const error = await refusal(postgresStore({ url: 'postgres://hub@127.0.0.1:9/none' }))
    expect(error).to.include({ code: 'unavailable' })
  })
})

describe('the PostgreSQL store, when its server fails', () => {
  let postgres: Postgres
  let schema: string
  let store: Store
  beforeEach(async () => {
    ;({ postgres, schema } = await openSchema())
    store = await postgresStore({ url: postgres.url, schema })
  })
  afterEach(() => store.close())

  describe('while a hub begins', () => {
    const closing: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    async function begin(open: () => Promise<Store>, storeWaitSeconds: number) {
      const log: LogEntry[] = []
      const keys = generateHubKeys()
      const listener = await listen('hub.localhost')
      closing.push(() => listener.close())
      const note = (entry: LogEntry) => void log.push(entry)
      const hub = await createHub({ origin: listener.origin, keys, store: open, storeWaitSeconds, log: note })
      closing.push(() => hub.close())
      listener.use(hub.router)
      const statusOf = async (path: string) => (await send(listener.origin + path)).status
      return { hub, log: () => log.map(({ event }) => event), statusOf }
    }
    const open = () => packaged({ url: postgres.url, schema })

    it('is waited for: the hub answers 503 until it is there, and then serves', async () => {
      await postgres.kill()
      const { hub, log, statusOf } = await begin(open, 60)
      expect(await statusOf('/healthz')).to.equal(200)
      expect(await statusOf('/readyz')).to.equal(503)
      await until(() => log().includes('store_waiting'))
      await postgres.start()
      await hub.ready
      expect(await statusOf('/readyz')).to.equal(200)
      expect(log().filter((event) => event.startsWith('store_'))).to.deep.equal([
        'store_waiting',
        'store_opened',
      ])
    })

    it('is given up after the time that was set, and without one the hub does not begin at all', async () => {
      await postgres.kill()
      const { hub, log, statusOf } = await begin(open, 1)
      expect(await refusal(hub.ready)).to.include({ code: 'unavailable' })
      expect(await statusOf('/readyz')).to.equal(503)
      expect(log()).to.include('store_failed')
      expect(await refusal(begin(open, 0))).to.include({ code: 'unavailable' })
      await postgres.start()
      await begin(open, 0)
    })

    it('is not waited for where no waiting would help', async () => {
      const { hub } = await begin(() => packaged({ url: postgres.url, schema: 'pg_hub' }), 3600)
      expect(await refusal(hub.ready)).to.include({ code: 'options_invalid' })
    })
  })

  /** Adds one, again and again, until it is stopped. */
  function count(hash: string) {
    const running = { isOn: true }
    const seen = { answered: 0, errors: [] as unknown[] }
    const done = (async () => {
      while (running.isOn) {
        const code = await codeOf(
          store.transact({ handles: [hash] }, ({ held: [one] }) => {
            const { session } = one!
            const data = { count: Number(session.data['count']) + 1 }
            return { changes: { sessions: [{ ...session, data, version: session.version + 1 }] }, result: 0 }
          }),
        )
        if (code === 'answered') seen.answered += 1
        else seen.errors.push(code)
        // A refusal may come at once, and the timers want their turn.
        await new Promise(setImmediate)
      }
    })()
    return {
      seen,
      async stop() {
        running.isOn = false
        await done
      },
    }
  }

  for (const [how, fail] of [
    ['is restarted', (server: Postgres) => server.restart()],
    [
      'is killed, and is back',
      async (server: Postgres) => {
        await server.kill()
        await server.start()
      },
    ],
  ] as const) {
    it(`loses nothing and does nothing twice when it ${how}`, async () => {
      const { handle } = await held(store, { data: { count: 0 } })
      const counting = count(handle.hash)
      for (let times = 0; times < 3; times += 1) {
        await fail(postgres)
        const { answered } = counting.seen
        while (counting.seen.answered < answered + 20) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await counting.stop()
      for (const error of counting.seen.errors) expect(error).to.equal('unavailable')
      const found = await store.find(handle.hash)
      const unsure = counting.seen.errors.length
      // A caller that was told nothing does not know; everybody else does.
      expect(found?.session.data['count'])
        .to.be.at.least(counting.seen.answered)
        .and.at.most(counting.seen.answered + unsure)
      expect(found?.session.version).to.equal(1 + Number(found?.session.data['count']))
    })
  }

  it('answers reads, refuses writes and says so where it is read-only, and writes again when it is not', async () => {
    const { handle, session } = await held(store)
    const database = 'ALTER DATABASE postgres SET default_transaction_read_only ='
    await postgres.query(`${database} on`)
    await postgres.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      ['session-hub'],
    )
    expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
    expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('unavailable')
    expect(await codeOf(store.ping())).to.equal('unavailable')

    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query('SET default_transaction_read_only = off')
    await client.query(`${database} off`)
    await client.end()
    await write(store, { sessions: [newSession()] })
    // Connections that were opened in between still refuse, and are thrown away.
    expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('answered')
  })

  it('takes no remark of the server’s for a success: so it answers a commit that no standby has', async () => {
    await postgres.query(`
      CREATE FUNCTION "${schema}".remark() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NEW; END $$;
      CREATE TRIGGER remark BEFORE INSERT ON "${schema}".spend FOR EACH ROW EXECUTE FUNCTION "${schema}".remark()`)
    expect(await codeOf(store.transact({ handles: [], spend: newSpend() }, answerView))).to.equal(
      'unavailable',
    )
    expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('answered')
  })

  it('keeps nobody waiting longer than its limits while the server hangs, and goes on after it', async () => {
    const { handle, session } = await held(store)
    const goOn = await postgres.hang()
    const begun = performance.now()
    const codes = await Promise.all([
      codeOf(store.find(handle.hash)),
      codeOf(write(store, { sessions: [newSession()] })),
    ])
    const tookMs = performance.now() - begun
    goOn()
    expect(codes).to.deep.equal(['unavailable', 'unavailable'])
    expect(tookMs).to.be.below(5000)
    expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
  })

  it('decides anew where another process was faster, and its last answer counts', async () => {
    const other = await postgresStore({ url: postgres.url, schema })
    const { handle } = await held(store, { data: { by: [] } })
    let isDisturbed = false
    let decided = 0
    const seen = await store.transact({ handles: [handle.hash] }, ({ held: [one] }) => {
      decided += 1
      const { session } = one!
      return {
        changes: { sessions: [{ ...session, data: { by: [...(session.data['by'] as string[]), 'store'] } }] },
        result: session.data,
      }
    })
    expect([seen, decided]).to.deep.equal([{ by: [] }, 1])
    const add = (by: Store, name: string) =>
      by.transact({ handles: [handle.hash] }, ({ held: [one] }) => {
        decided += 1
        const { session } = one!
        if (name === 'slow' && !isDisturbed) {
          isDisturbed = true
          // As if this process stood still between its reading and its writing.
          const end = performance.now() + 150
          while (performance.now() < end);
        }
        return {
          changes: { sessions: [{ ...session, data: { by: [...(session.data['by'] as string[]), name] } }] },
          result: 0,
        }
      })
    await Promise.all([add(store, 'slow'), add(other, 'fast')])
    const { session } = (await store.find(handle.hash))!
    expect((session.data['by'] as string[]).sort()).to.deep.equal(['fast', 'slow', 'store'])
    expect(decided).to.equal(4)
    await other.close()
  })

  it('gives a subject that nobody knew one record, though two processes sign in at once', async () => {
    const other = await postgresStore({ url: postgres.url, schema })
    const signIn = (by: Store) =>
      by.transact({ handles: [], subject: { subject: 'ada', sessions: 0, nowMs: 0 } }, ({ subject }) => {
        const generation = (subject?.generation ?? 0) + 1
        const record = {
          subject: 'ada',
          generation,
          endedUpTo: -1,
          endedAtMs: null,
          endReason: null,
          untilMs: 9,
        }
        return {
          changes: { subjects: [record], sessions: [newSession({ subject: 'ada', generation })] },
          result: generation,
        }
      })
    const generations = await Promise.all([store, other, store, other].map(signIn))
    expect(generations.sort()).to.deep.equal([1, 2, 3, 4])
    expect((await subjectIn(store, 'ada'))?.generation).to.equal(4)
    await other.close()
  })
})
