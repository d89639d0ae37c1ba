/** A session file as a busy month leaves it: written in the order of the visits, so that the pages of its trees are as full as chance has made them. */
import { createHash } from 'node:crypto'

import { DatabaseSync } from '@photostructure/sqlite'
import { sqliteStore } from 'session-hub/hub'

const DAY_MS = 86_400_000
const SITES = ['https://shop.example', 'https://travel.example', 'https://news.example']

export interface Grown {
  readonly path: string
  readonly sessions: number
}

/** What stands in the browser of the visitor whose session is the `index`-th, and at the sites. */
export const handleOf = (index: number, place = 'hub'): string => digest(`${place} ${index}`)
export const subjectOf = (index: number): string => `user ${index >> 1}`
/** Every third visitor is signed in. */
const isSignedIn = (index: number): boolean => index % 3 === 0

/** Makes the file of so many live sessions, each with a handle at the hub and at two sites. */
export async function growFile({ path, sessions }: Grown): Promise<void> {
  await sqliteStore(path).close()
  const database = new DatabaseSync(path)
  // Nobody needs this file after a crash, and all of it is remade where it broke.
  database.exec(
    'PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; BEGIN',
  )
  const putSession = database.prepare(`
    INSERT INTO session (id, subject, claims, data, version, created_at_ms, auth_time_ms, seen_at_ms, expires_at_ms,
      until_ms, generation, site)
    VALUES (:id, :subject, :claims, :data, 3, :at, :auth, :at, :expires, :until, :generation, :site)`)
  const putHandle = database.prepare(`
    INSERT INTO handle (hash, session_id, site, created_at_ms, activated_at_ms, expires_at_ms)
    VALUES (:hash, :id, :place, :at, :at, :expires)`)
  const putSubject = database.prepare(`
    INSERT INTO subject (subject, generation, ended_up_to, until_ms) VALUES (:subject, :generation, -1, :until)
    ON CONFLICT DO UPDATE SET generation = excluded.generation`)
  const fromMs = Date.now() - 28 * DAY_MS
  for (let index = 0; index < sessions; index += 1) {
    const at = Math.floor(fromMs + (index / sessions) * 27 * DAY_MS)
    const [expires, until] = [at + 30 * DAY_MS, at + 90 * DAY_MS]
    const id = createHash('sha256').update(`id ${index}`).digest().subarray(0, 16).toString('base64url')
    const subject = isSignedIn(index) ? subjectOf(index) : null
    const generation = subject === null ? 0 : 1 + (index & 1)
    if (subject !== null) putSubject.run({ subject, generation, until })
    const site = SITES[index % 3]!
    const [claims, data] = [
      subject === null ? '{}' : '{"name":"Ada Lovelace","locale":"en-GB"}',
      '{"cart":["a kettle, blue, 1.7 litres"]}',
    ]
    putSession.run({ id, subject, claims, data, at, auth: subject && at, expires, until, generation, site })
    for (const place of ['hub', site, SITES[(index + 1) % 3]!])
      putHandle.run({ hash: digest(handleOf(index, place)), id, place, at, expires })
  }
  database.exec('COMMIT')
  database.close()
}

const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
