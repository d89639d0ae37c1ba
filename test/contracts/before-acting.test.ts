/** Stores from before administrators could act as users of one site. */
import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'

import { postgresStore } from '../../hub/stores/postgres.js'
import { MIGRATIONS as POSTGRES_MIGRATIONS } from '../../hub/stores/postgres/schema.js'
import { MIGRATIONS } from '../../hub/stores/sqlite/schema.js'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import { newHandle, NOW_MS, sha256, write } from '../support/records.js'
import { openSchema } from '../support/postgres.js'
import { newFolder } from '../support/stores.js'

const acting = { subject: 'ada', claims: { plan: 'gold', roles: ['ü'] }, untilMs: NOW_MS + 1 }

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
      INSERT INTO ${name}.session
        (id, subject, claims, data, version, created_at_ms, auth_time_ms, seen_at_ms, expires_at_ms, until_ms, is_remembered, generation, site, rev)
        VALUES ('one', 'root', '{}', '{}', 0, 1, 1, 1, 9, 9, 1, 1, 'https://shop.example', 1);
      INSERT INTO ${name}.handle (hash, session_id, site, created_at_ms, activated_at_ms, expires_at_ms, rev)
        VALUES ('old', 'one', 'https://shop.example', 1, 1, 9, 1)`)

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
