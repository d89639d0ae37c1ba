/** The stores, each as one entry, and the files of those that have one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DatabaseSync } from '@photostructure/sqlite'

import { memoryStore } from '../../hub/stores/memory.js'
import { postgresStore } from '../../hub/stores/postgres.js'
import { redisStore } from '../../hub/stores/redis.js'
import { sqliteStore } from '../../hub/stores/sqlite.js'
import type { StoreWorld } from '../../sdk/testing/store-contract/index.js'
import { startPgbouncer } from './pgbouncer.js'
import { openSchema } from './postgres.js'
import { openPrefix } from './redis.js'

interface StoreEntry {
  readonly name: string
  readonly isShared: boolean
  readonly open: () => Promise<StoreWorld>
}

const pooled: StoreEntry = {
  name: 'PostgreSQL behind PgBouncer',
  isShared: true,
  open: async () => openPostgres(await pooler()),
}

/** Every store passes the same suite: a new one is one entry here. */
const everywhere: readonly StoreEntry[] = [
  { name: 'memory', isShared: false, open: async () => ({ store: memoryStore() }) },
  { name: 'SQLite', isShared: true, open: openSqlite },
  { name: 'PostgreSQL', isShared: true, open: () => openPostgres() },
  { name: 'Redis', isShared: true, open: openRedis },
]

export const stores = process.env['TEST_STORE'] === 'pgbouncer' ? [pooled] : everywhere

let behind: Promise<string> | undefined
const pooler = async () => (behind ??= startPgbouncer((await openSchema()).postgres.url))

async function openPostgres(address?: string): Promise<StoreWorld> {
  const { postgres, schema } = await openSchema()
  const url = address ?? postgres.url
  return {
    store: await postgresStore({ url, schema }),
    address: { kind: 'postgres', url, schema },
    async dump() {
      const parts = []
      for (const table of ['session', 'handle', 'spend', 'subject', 'ending', 'ending_new', 'audit', 'site'])
        for (const row of (await postgres.query(`SELECT * FROM "${schema}".${table}`)).rows)
          for (const value of Object.values(row))
            parts.push(Buffer.from(Buffer.isBuffer(value) ? value.toString('base64url') : String(value)))
      return Buffer.concat(parts)
    },
  }
}

async function openRedis(): Promise<StoreWorld> {
  const { redis, prefix } = await openPrefix()
  const { url } = redis
  return {
    store: await redisStore({ url, prefix }),
    address: { kind: 'redis', url, prefix },
    async dump() {
      const script = `
        local parts = {}
        local reads = { string = { 'GET' }, hash = { 'HGETALL' }, set = { 'SMEMBERS' }, zset = { 'ZRANGE', 0, -1 }, stream = { 'XRANGE', '-', '+' } }
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          local command, from, to = unpack(reads[redis.call('TYPE', key).ok])
          local content = from and redis.call(command, key, from, to) or redis.call(command, key)
          parts[#parts + 1] = cjson.encode({ key, content })
        end
        return table.concat(parts)`
      return Buffer.from(String(await redis.command('EVAL', script, '0', `{${prefix}}:*`)))
    },
  }
}

async function openSqlite(): Promise<StoreWorld> {
  const path = join(newFolder(), 'sessions.db')
  return {
    store: sqliteStore(path),
    address: { kind: 'sqlite', path },
    dump: () =>
      Buffer.concat(
        [path, `${path}-wal`].filter((file) => existsSync(file)).map((file) => readFileSync(file)),
      ),
  }
}

const folders: string[] = []

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-store-'))
  folders.push(folder)
  return folder
}

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Another program's hand in the file. */
export function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}
