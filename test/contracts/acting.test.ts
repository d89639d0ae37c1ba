/** What a store keeps for an administrator who acts as a user of one site. */
import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'

import { postgresStore } from '../../hub/stores/postgres.js'
import { MIGRATIONS as POSTGRES_MIGRATIONS } from '../../hub/stores/postgres/schema.js'
import { MIGRATIONS } from '../../hub/stores/sqlite/schema.js'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { Handle, Store } from '../../hub/stores/store.js'
import { held, newAuditRow, newHandle, NOW_MS, sha256, write } from '../support/records.js'
import { openSchema } from '../support/postgres.js'
import { newFolder, stores, type StoreWorld } from '../support/stores.js'

const NEVER = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }
const acting = { subject: 'ada', claims: { plan: 'gold', roles: ['ü'] }, untilMs: NOW_MS + 1 }
const reason = 'Ticket 4711: the cart is empty'

for (const { name, open } of stores) {
  describe(`handles by which somebody acts as a user, in the ${name} store`, () => {
    let world: StoreWorld
    let store: Store

    beforeEach(async () => {
      world = await open()
      store = world.store
    })
    afterEach(() => store.close())

    /** A handle on the session of an administrator, who acts as ada. */
    async function actingHandle(fields: Partial<Handle> = {}) {
      const { session, handle: plain } = await held(store, { subject: 'root' })
      const handle = newHandle(session, { site: 'https://shop.example acting', acting, ...fields })
      await write(store, { handles: [handle] })
      return { session, plain, handle }
    }
    const isThere = async ({ hash }: Handle) => (await store.find(hash)) !== undefined

    it('are given as they were written, alone and in a transaction; the others say nothing of it', async () => {
      const { session, plain, handle } = await actingHandle()
      expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      expect(await store.find(plain.hash)).to.deep.equal({ handle: plain, session })
      expect(plain).to.not.have.property('acting')
      const seen = await store.transact({ handles: [handle.hash, plain.hash] }, (view) => ({ result: view }))
      expect(seen.held).to.deep.equal([
        { handle, session },
        { handle: plain, session },
      ])
    })

    it('are replaced as whole records', async () => {
      const { session, handle } = await actingHandle()
      const { acting: _none, ...rest } = handle
      await write(store, { handles: [rest] })
      expect(await store.find(handle.hash)).to.deep.equal({ handle: rest, session })
    })

    it('are kept over a restart', async () => {
      if (!world.reopen) return
      const { session, handle } = await actingHandle()
      await store.close()
      store = await world.reopen()
      expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
    })

    it('go when the user whom they show is erased; the administrator’s own stay', async () => {
      const { plain, handle } = await actingHandle()
      const other = await actingHandle({ acting: { ...acting, subject: 'bob' } })
      await write(store, { erase: { subject: 'ada', name: 'gone' } })
      expect(await isThere(handle)).to.equal(false)
      expect(await isThere(plain)).to.equal(true)
      expect(await isThere(other.handle)).to.equal(true)
    })

    it('are swept when they are as long over as sessions that have ended, to the millisecond', async () => {
      const over = await actingHandle()
      const lately = await actingHandle({ acting: { ...acting, untilMs: NOW_MS + 2 } })
      const swept = await store.sweep({ ...NEVER, endedBeforeMs: NOW_MS + 2 }, 100)
      expect(swept.handles).to.equal(1)
      expect(await isThere(over.handle)).to.equal(false)
      expect(await isThere(over.plain)).to.equal(true)
      expect(await isThere(lately.handle)).to.equal(true)
    })

    it('leave rows in the audit that say why and until when; an erased user’s say no more why', async () => {
      const row = newAuditRow({ act: 'act-as', subject: 'ada', who: 'root', reason, untilMs: NOW_MS + 1 })
      const stop = newAuditRow({ act: 'stop-acting', subject: 'bob', who: 'root', reason })
      await write(store, { audit: [row, stop] })
      expect(await store.audit({ limit: 9 })).to.deep.equal([
        { ...stop, seq: 2 },
        { ...row, seq: 1 },
      ])
      await write(store, { erase: { subject: 'bob', name: 'bob' } })
      expect((await store.audit({ limit: 1 }))[0], 'where the audit goes on naming the user').to.deep.equal({
        ...stop,
        seq: 2,
      })
      await write(store, { erase: { subject: 'ada', name: 'gone' } })
      const { reason: _said, ...rest } = row
      expect((await store.audit({ limit: 9 }))[1]).to.deep.equal({ ...rest, subject: 'gone', seq: 1 })
    })
  })
}

describe('a session file from before anybody could act as a user', () => {
  it('keeps its handles and its audit, and takes acting handles', async () => {
    const path = `${newFolder()}/sessions.db`
    const database = new DatabaseSync(':memory:')
    database.exec(`ATTACH '${path}' AS file; ${MIGRATIONS.slice(0, 4).join('')}`)
    database.exec(`PRAGMA file.application_id = 1397257570; PRAGMA file.user_version = 4`)
    database.exec(`
      INSERT INTO file.session VALUES ('one', 'root', '{}', '{}', 0, 1, 1, 1, 9, NULL, NULL, 9, 1, 1, 'https://shop.example', NULL);
      INSERT INTO file.handle VALUES ('${sha256('old')}', 'one', 'https://shop.example', 1, 1, 9);
      INSERT INTO file.audit VALUES (1, 1, 'ops', 'end', 'ada', NULL, 1, '::1', 'done')`)
    database.close()
    const store = sqliteStore(path)
    const old = await store.find(sha256('old'))
    expect(old?.handle).to.not.have.property('acting')
    expect((await store.audit({ limit: 9 }))[0]).to.not.have.any.keys('reason', 'untilMs')

    const handle = newHandle(old!.session, { acting })
    await write(store, { handles: [handle] })
    expect((await store.find(handle.hash))?.handle).to.deep.equal(handle)
    await store.close()
  })
})

describe('a schema of PostgreSQL from before anybody could act as a user', () => {
  it('keeps its handles, gets new functions in the place of the old ones, and takes acting handles', async () => {
    const { postgres, schema } = await openSchema()
    const name = `"${schema}"`
    await postgres.query(`CREATE SCHEMA ${name}`)
    await postgres.query(POSTGRES_MIGRATIONS[0]!.replaceAll('SCHEMA', name))
    await postgres.query(`
      CREATE TABLE ${name}.meta (version integer NOT NULL);
      INSERT INTO ${name}.meta VALUES (1);
      CREATE FUNCTION ${name}.find(a_hash bytea) RETURNS TABLE (hash bytea) LANGUAGE sql AS 'SELECT a_hash';
      INSERT INTO ${name}.session VALUES ('one', 'root', '{}', '{}', 0, 1, 1, 1, 9, NULL, NULL, 9, 1, 1, 'https://shop.example', NULL, 1);
      INSERT INTO ${name}.handle VALUES ('old', 'one', 'https://shop.example', 1, 1, 9, 1)`)

    const store = await postgresStore({ url: postgres.url, schema })
    const old = await store.find(Buffer.from('old').toString('base64url'))
    expect(old?.session.subject).to.equal('root')
    expect(old?.handle).to.not.have.property('acting')
    const handle = newHandle(old!.session, { acting })
    await write(store, { handles: [handle] })
    expect((await store.find(handle.hash))?.handle).to.deep.equal(handle)
    await store.close()
  })
})
