/** What moves a store, stopped at any moment and begun twice at once: nothing is lost, and nothing stays half done. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import { expect } from 'chai'
import pg from 'pg'
import { sqliteStore } from 'session-hub/hub'
import { postgresStore } from 'session-hub/hub/postgres'

import { type Postgres, startPostgres } from '../support/postgres.js'
import { held, newHandle, newSession, write } from '../support/records.js'
import { until } from '../support/until.js'
import { type Folder, newFolder, type RunningHub } from './command.js'

let postgres: Postgres
let folder: Folder
let holder: pg.Client

before(async () => {
  postgres = await startPostgres()
})
beforeEach(async () => {
  folder = newFolder()
  await postgres.query('DROP SCHEMA IF EXISTS session_hub CASCADE')
  holder = new pg.Client({ connectionString: postgres.url })
  await holder.connect()
})
afterEach(async () => {
  await holder.end()
  await folder.close()
})

const SIGNALS = [
  ['SIGKILL', undefined],
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const

/** Somebody waits for what `holder` holds. */
const isWaited = () =>
  until(async () => {
    const { rows } = await postgres.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
    return rows.length > 0
  })
const isGone = () =>
  until(async () => {
    const { rows } = await postgres.query(
      `SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = 'session-hub'`,
    )
    return rows.length === 0
  })

describe('session-hub store migrate, stopped in the middle', () => {
  const migrate = () =>
    folder.runWith({ SESSION_HUB_STORE: postgres.url }, 'store', 'migrate', '--grant', 'hub')

  for (const [signal, code] of SIGNALS)
    it(`does ${signal} leave the schema as it was, and does the next run end it?`, async () => {
      // Behind its own first lock, everything is still to be done.
      await postgres.query(
        'CREATE SCHEMA session_hub; CREATE TABLE session_hub.meta (version integer NOT NULL)',
      )
      await holder.query('BEGIN; LOCK TABLE session_hub.meta IN ROW EXCLUSIVE MODE')
      const child = folder.begin({ SESSION_HUB_STORE: postgres.url }, 'store', 'migrate', '--grant', 'hub')
      const words = text(child.stderr)
      await isWaited()
      child.kill(signal)
      const [exit, by] = (await once(child, 'close')) as [number | null, string | null]
      expect(code === undefined ? by : exit).to.equal(code ?? signal)
      if (code)
        expect(await words)
          .to.include(`stopped by ${signal}`)
          .and.include('run the same command again')
      await holder.query('COMMIT')
      await isGone()
      const { rows } = await postgres.query(`SELECT to_regclass('session_hub.session') AS found`)
      expect(rows).to.deep.equal([{ found: null }])

      const done = await migrate()
      expect(done, done.stderr).to.include({ code: 0 })
    })

  it('do three at once bring it up to date once, and give the rights?', async () => {
    const all = await Promise.all([migrate(), migrate(), migrate()])
    for (const one of all) expect(one, one.stderr).to.include({ code: 0 })
  })
})

describe('session-hub serve, while the schema is made', () => {
  const serve = () => folder.start('hub.json')
  beforeEach(() => {
    folder.configure({ store: postgres.url })
  })
  const isReady = async (hub: RunningHub) => (await hub.get('/readyz')).status === 200

  it('do two start at once where nothing is there yet?', async () => {
    const hubs = await Promise.all([serve(), serve()])
    for (const hub of hubs) expect(await isReady(hub)).to.equal(true)
  })

  it('does one that starts during a migration wait for its end?', async () => {
    await (await postgresStore({ url: postgres.url })).close()
    await holder.query('BEGIN; LOCK TABLE session_hub.meta IN ACCESS EXCLUSIVE MODE')
    const starting = serve()
    await isWaited()
    await holder.query('COMMIT')
    expect(await isReady(await starting)).to.equal(true)
  })
})

describe('session-hub store copy, stopped in the middle', () => {
  const SESSIONS = 1500
  const to = { SESSION_HUB_STORE_TO: '' }
  const args = () => ['store', 'copy', '--from', `sqlite:${folder.path('old.sqlite')}`]
  const copy = () => folder.runWith(to, ...args())
  let last: string

  beforeEach(async () => {
    to.SESSION_HUB_STORE_TO = postgres.url
    const store = sqliteStore(folder.path('old.sqlite'))
    const sessions = Array.from({ length: SESSIONS }, () => newSession())
    const handles = sessions.map((session) => newHandle(session))
    await write(store, { sessions, handles })
    last = (await held(store)).handle.hash
    await store.close()
  })

  for (const [at, [signal, code]] of SIGNALS.entries()) {
    const moment = ['copying handles', 'copying sessions', 'comparing sessions'][at]!
    it(`does ${signal} while it is ${moment} lose nothing, and does the next run go on?`, async () => {
      const child = folder.begin(to, ...args())
      const ended = once(child, 'exit')
      const lines: string[] = []
      for await (const line of createInterface(child.stderr)) {
        lines.push(line)
        if (line.startsWith(moment)) child.kill(signal)
      }
      const [exit, by] = (await ended) as [number | null, string | null]
      expect(code === undefined ? by : exit).to.equal(code ?? signal)
      if (code) expect(lines.at(-1)).to.include(`stopped by ${signal}`).and.include('it continues')

      const done = await copy()
      // A signal may come behind the last step.
      if (done.code !== 0) expect(done.stderr).to.include('was copied to')
      const store = await postgresStore({ url: postgres.url })
      expect(await store.find(last)).to.not.equal(undefined)
      const { rows } = await postgres.query('SELECT count(*)::int AS rows FROM session_hub.session')
      expect(rows).to.deep.equal([{ rows: SESSIONS + 1 }])
      await store.close()
    })
  }

  it('do two at once make one whole copy, and is the other one told?', async () => {
    const both = await Promise.all([copy(), copy()])
    expect(both.map(({ code }) => code).sort()).to.deep.equal([0, 1])
    expect(both.find(({ code }) => code === 1)?.stderr).to.match(/processes first|was copied to|Another/)
    const store = await postgresStore({ url: postgres.url })
    expect(await store.find(last)).to.not.equal(undefined)
    await store.close()
  })
})
