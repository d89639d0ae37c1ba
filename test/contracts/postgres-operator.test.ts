/** The PostgreSQL store on a server as its operator has set it: few connections, short limits, other encodings, rights that are missing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { expect } from 'chai'
import pg from 'pg'

import { postgresStore } from '../../hub/stores/postgres.js'
import { FUNCTIONS, MIGRATIONS } from '../../hub/stores/postgres/schema.js'
import { quoted } from '../../hub/stores/postgres/open.js'
import type { SessionHubError } from '../../sdk/protocol/errors.js'
import { openSchema, type Postgres } from '../support/postgres.js'
import { codeOf, held, newEnding, newSession, NOW_MS, sessionIn, write } from '../support/records.js'
import { until } from '../support/until.js'

let postgres: Postgres
let schema: string
let users = 0
beforeEach(async () => ({ postgres, schema } = await openSchema()))

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('It was taken'),
    (error: unknown) => error as SessionHubError,
  )

/** @returns the address of a new user, who may create schemas */
async function newUser(options = ''): Promise<{ name: string; url: string }> {
  const name = `operator_${(users += 1)}`
  await postgres.query(`CREATE ROLE ${name} LOGIN ${options}`)
  await postgres.query(`GRANT CREATE ON DATABASE postgres TO ${name}`)
  return { name, url: postgres.url.replace('//hub@', `//${name}@`) }
}

/** A connection of the test's own, which may hold what the store wants. */
async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  return client
}

/** The schema as the version before this one has left it. */
async function older(): Promise<void> {
  const name = quoted(schema)
  await postgres.query(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.meta (version integer NOT NULL)`)
  for (const migration of MIGRATIONS.slice(0, -1)) await postgres.query(migration.replaceAll('SCHEMA', name))
  await postgres.query(FUNCTIONS.replaceAll('SCHEMA', name))
  await postgres.query(`INSERT INTO ${name}.meta VALUES (${MIGRATIONS.length - 1})`)
}

const versionNow = async () =>
  Number((await postgres.query(`SELECT version FROM ${quoted(schema)}.meta`)).rows[0]!['version'])

describe('the PostgreSQL store, where its user has few connections', () => {
  it('lets its requests share those that it has, and refuses none of them', async () => {
    const { url } = await newUser('CONNECTION LIMIT 1')
    const store = await postgresStore({ url, schema })
    const codes = await Promise.all(
      Array.from({ length: 4 }, (_, at) =>
        codeOf(at % 2 ? store.find('AAAA') : write(store, { sessions: [newSession()] })),
      ),
    )
    expect(new Set(codes)).to.deep.equal(new Set(['answered']))
    await store.close()
  })

  it('is unavailable, with the reason, where others have taken all of them', async () => {
    const { url } = await newUser('CONNECTION LIMIT 1')
    const store = await postgresStore({ url, schema })
    const refused = await refusal(postgresStore({ url, schema }))
    expect(refused).to.include({ code: 'unavailable' })
    expect((refused.cause as Error).message).to.include('too many connections')
    await store.close()
  })

  it('keeps nobody waiting for a connection that comes back broken', async () => {
    const { name, url } = await newUser('CONNECTION LIMIT 1')
    const store = await postgresStore({ url, schema })
    // It holds the only connection while the others wait for that.
    const holder = await connected()
    await holder.query(`BEGIN; LOCK TABLE ${quoted(schema)}.session IN ACCESS EXCLUSIVE MODE`)
    const beganMs = performance.now()
    const asking = Array.from({ length: 5 }, () => codeOf(store.search({ nowMs: NOW_MS, limit: 1 })))
    await until(async () => {
      const { rows } = await postgres.query(
        `SELECT FROM pg_stat_activity WHERE usename = '${name}' AND wait_event_type = 'Lock'`,
      )
      return rows.length > 0
    })
    await postgres.query(`ALTER ROLE ${name} NOLOGIN`)
    await postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${name}'`)
    expect(new Set(await Promise.all(asking))).to.deep.equal(new Set(['unavailable']))
    // Within one limit, and not one limit after another.
    expect(performance.now() - beganMs).to.be.below(4500)
    await holder.end()
    await store.close()
  })

  it('goes on with the connections that are open when the password has changed', async () => {
    const { name, url } = await newUser()
    const store = await postgresStore({ url, schema })
    await write(store, { sessions: [newSession()] })
    await postgres.query(`ALTER ROLE ${name} NOLOGIN`)
    const codes = await Promise.all(Array.from({ length: 3 }, () => codeOf(store.find('AAAA'))))
    expect(new Set(codes)).to.deep.equal(new Set(['answered']))
    await store.close()
  })
})

describe('the PostgreSQL store, on a server that asks for passwords', () => {
  /** Of members of this role, and of nobody else: the other tests need it as it was. */
  const MEMBER = 'IN ROLE asked'
  before(async () => {
    const { postgres } = await openSchema()
    await postgres.query('CREATE ROLE asked; CREATE ROLE first_asked LOGIN IN ROLE asked')
    const file = join(postgres.folder, 'data', 'pg_hba.conf')
    writeFileSync(file, `host all +asked 127.0.0.1/32 scram-sha-256\n${readFileSync(file, 'utf8')}`)
    await postgres.query('SELECT pg_reload_conf()')
    // It reads the file in its own time.
    await until(async () => {
      const client = new pg.Client({ connectionString: postgres.url.replace('//hub@', '//first_asked@') })
      client.on('error', () => undefined)
      const isLetIn = await client.connect().then(
        () => true,
        () => false,
      )
      await client.end()
      return !isLetIn
    })
  })
  const withPassword = (url: string, password: string) => url.replace('@', `:${password}@`)

  it('refuses to open with a wrong password, without one, as an unknown user and for a missing database', async () => {
    const { name, url } = await newUser(`PASSWORD 'right-one' ${MEMBER}`)
    const right = withPassword(url, 'right-one')
    for (const [wrong, word] of [
      [withPassword(url, 'wr0ng-Pass'), 'refuses the password'],
      [url, 'asks for a password'],
      [right.replace(name, 'nobody'), 'does not let this user in'],
      [right.replace(/postgres$/, 'nowhere'), 'no such database'],
    ] as const) {
      const refused = await refusal(postgresStore({ url: wrong, schema }))
      expect(refused).to.include({ code: 'options_invalid' })
      expect(refused.message).to.include(word)
      expect(inspect(refused)).not.to.include('wr0ng-Pass').and.not.to.include('right-one')
    }
    await postgres.query(`ALTER ROLE ${name} NOLOGIN`)
    expect((await refusal(postgresStore({ url: right, schema }))).message).to.include('pg_hba.conf')
    await postgres.query(`ALTER ROLE ${name} LOGIN`)
    await (await postgresStore({ url: right, schema })).close()
  })

  it('is unavailable while its password is another one, says so, and goes on when it is right again', async () => {
    const { name, url } = await newUser(`PASSWORD 'before' ${MEMBER}`)
    const store = await postgresStore({ url: withPassword(url, 'before'), schema })
    await postgres.query(`ALTER ROLE ${name} PASSWORD 'after'`)
    await postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${name}'`)
    let said: SessionHubError | undefined
    await until(async () => {
      said = await store.find('AAAA').then(
        () => undefined,
        (error: unknown) => error as SessionHubError,
      )
      return said?.message === 'The session store does not accept this hub'
    })
    expect(said).to.include({ code: 'unavailable' })
    expect(said?.cause).to.include({ code: '28P01' })
    await postgres.query(`ALTER ROLE ${name} PASSWORD 'before'`)
    await until(async () => (await codeOf(store.find('AAAA'))) === 'answered')
    await store.close()
  })
})

describe('the PostgreSQL store, while a newer version changes its tables', () => {
  it('goes on with what its connections have prepared before', async () => {
    // One connection, so that all of it is prepared there.
    const pool = new pg.Pool({ connectionString: postgres.url, max: 1 })
    const store = await postgresStore({ pool, schema })
    const { session, handle } = await held(store, { subject: 'ada', generation: 1 })
    await write(store, { endings: [newEnding()] })
    const seen = () =>
      Promise.all([
        store.list('ada', NOW_MS, 9),
        store.search({ nowMs: NOW_MS, limit: 9 }),
        store.endings(0, 9),
        store.find(handle.hash),
        store.sites(0, 9),
        store.audit({ limit: 9 }),
      ])
    const before = await seen()
    for (const table of ['session', 'handle', 'subject', 'ending', 'audit', 'site'])
      await postgres.query(`ALTER TABLE ${quoted(schema)}.${table} ADD COLUMN newer text`)
    expect(await seen()).to.deep.equal(before)
    expect(await sessionIn(store, session.id)).to.deep.equal(session)
    await store.close()
    await pool.end()
  })

  it('is given up where somebody else holds the tables, and blocks nobody meanwhile', async () => {
    await older()
    const backup = await connected()
    await backup.query(`BEGIN; LOCK TABLE ${quoted(schema)}.session IN ACCESS SHARE MODE`)
    const refused = await refusal(postgresStore({ url: postgres.url, schema }))
    expect(refused).to.include({ code: 'unavailable' })
    expect(refused.message).to.include('holds its tables')
    expect(await versionNow()).to.equal(MIGRATIONS.length - 1)
    await backup.query('COMMIT')
    await backup.end()
    await (await postgresStore({ url: postgres.url, schema })).close()
    expect(await versionNow()).to.equal(MIGRATIONS.length)
  }).timeout(20_000)

  it('is waited for by one that starts meanwhile, however long that takes', async () => {
    await older()
    const first = await connected()
    await first.query(`BEGIN; LOCK TABLE ${quoted(schema)}.meta IN ACCESS EXCLUSIVE MODE`)
    const opening = postgresStore({ url: postgres.url, schema })
    await until(async () => {
      const { rows } = await postgres.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%meta%'`,
      )
      return rows.length > 0
    })
    await first.query('COMMIT')
    await first.end()
    await (await opening).close()
    expect(await versionNow()).to.equal(MIGRATIONS.length)
  })

  it('needs more time than the user’s statements may take', async () => {
    const { name, url } = await newUser()
    await postgres.query(`ALTER ROLE ${name} SET idle_in_transaction_session_timeout = '1ms'`)
    await postgres.query(`
      CREATE FUNCTION slow_${name}() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN IF current_user = '${name}' THEN PERFORM pg_sleep(0.3); END IF; END $$;
      CREATE EVENT TRIGGER slow_${name} ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION slow_${name}();
      ALTER ROLE ${name} SET statement_timeout = '250ms'`)
    await (await postgresStore({ url, schema })).close()
    expect(await versionNow()).to.equal(MIGRATIONS.length)
    await postgres.query(`DROP EVENT TRIGGER slow_${name}`)
  })
})

describe('the PostgreSQL store, where it is opened', () => {
  for (const encoding of ['LATIN1', 'SQL_ASCII'])
    it(`refuses a database that keeps ${encoding}: not every name and cart can be written there`, async () => {
      const name = `of_${encoding.toLowerCase()}`
      await postgres.query(
        `CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
      )
      const url = postgres.url.replace(/postgres$/, name)
      const refused = await refusal(postgresStore({ url, schema }))
      expect(refused).to.include({ code: 'options_invalid' })
      expect(refused.message).to.include(encoding).and.include("ENCODING 'UTF8'")
    })

  it('keeps every character, whatever the search path and the language of the server are', async () => {
    const { name, url } = await newUser()
    await postgres.query(`ALTER ROLE ${name} SET search_path = 'nowhere'`)
    const store = await postgresStore({ url, schema })
    const session = newSession({
      subject: 'ada 😀 é \u2028',
      generation: 1,
      data: { note: '😀 \u0000 \ud83d' },
      claims: { name: 'Ω' },
    })
    await write(store, { sessions: [session] })
    expect(await sessionIn(store, session.id)).to.deep.equal(session)
    await store.close()
  })

  for (const [what, take] of [
    ['may only read', 'REVOKE INSERT ON ALL TABLES IN SCHEMA'],
    ['may not delete', 'REVOKE DELETE ON ALL TABLES IN SCHEMA'],
    ['may not use a new table', 'REVOKE ALL ON COPYING_OF'],
    ['may not run its functions', 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA'],
  ] as const)
    it(`refuses a user who ${what}, before the first visitor is refused`, async () => {
      await (await postgresStore({ url: postgres.url, schema })).close()
      const { name, url } = await newUser()
      const at = quoted(schema)
      await postgres.query(`
        REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ${at} FROM PUBLIC;
        GRANT USAGE ON SCHEMA ${at} TO ${name}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${at} TO ${name};
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${at} TO ${name}`)
      await (await postgresStore({ url, schema })).close()
      const taken = take.includes('COPYING_OF')
        ? take.replace('COPYING_OF', `${at}.copying`)
        : `${take} ${at}`
      await postgres.query(`${taken} FROM ${name}`)
      const refused = await refusal(postgresStore({ url, schema }))
      expect(refused).to.include({ code: 'options_invalid' })
      expect(refused.message).to.include('store migrate --grant')
    })
})
