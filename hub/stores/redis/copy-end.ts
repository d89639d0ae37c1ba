/** Keys in Redis as one end of a copy. A hub that runs on them goes on reading, but writes nothing any more. */
import { randomBytes } from 'node:crypto'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import type { CopyEnd, CopyNote, Numbers, Page, Written } from '../copy/end.js'
import { type Kind, type Row, rowOf } from '../copy/rows.js'
import { newRev, parsed, unavailable } from '../optimistic.js'
import {
  auditColumns,
  auditRowOf,
  endingOf,
  handleOf,
  named,
  sessionOf,
  spendOf,
  subjectOf,
} from '../rows.js'
import { byAddress, createConnector } from './connect.js'
import { UnsafeServer } from './faults.js'
import { checkFormat } from './format.js'
import { type RedisConnection, within } from './lane.js'
import { createClientOfPackage } from './package.js'
import {
  auditValue,
  endingValue,
  handleValue,
  NOTHING,
  noteValue,
  readAudit,
  readColumns,
  readNote,
  sessionValue,
  spendValue,
  subjectValue,
} from './records.js'
import { list, text, whole } from './replies.js'
import { FORMAT, RECORDS } from './scripts.js'
import { replicasOf } from './server.js'
import { checkUrl } from './url.js'

const CONNECT_MS = 2000
const ANSWER_MS = 30_000
/** How long a replica may take to confirm a page. */
const REPLICA_MS = 10_000

const DEFAULT_PREFIX = 'session_hub'

/**
 * @param mayMake whether the keys may be missing, as at the target
 * @throws SessionHubError
 */
export async function openRedisEnd(
  url: string,
  mayMake: boolean,
  prefix: string = DEFAULT_PREFIX,
): Promise<CopyEnd> {
  checkUrl('store copy', url)
  let replicas = 0
  const make = byAddress(await createClientOfPackage('store copy'), url)
  const connector = createConnector(make, { mayEvict: false, mayForget: false }, (info) => {
    replicas = Math.min(1, replicasOf(info))
  })
  let connection: RedisConnection | undefined
  const keys = `{${prefix}}:`
  const run: Run = async (script, ...values) => {
    connection ??= await connector.connect(CONNECT_MS)
    const command = ['EVAL', script, '1', keys, ...values.map((value) => String(value))]
    try {
      return await within(connection.sendCommand(command), ANSWER_MS)
    } catch (thrown) {
      connector.follow(thrown)
      connection.destroy()
      connection = undefined
      throw thrown
    }
  }
  /** Answered when a replica has it, if there is one. */
  const write: Run = async (script, ...values) => {
    const reply = await run(script, ...values)
    if (replicas === 0 || !connection) return reply
    const confirmed = await connection.sendCommand(['WAIT', '1', String(REPLICA_MS)])
    if (whole(confirmed) < 1) throw new Error('No replica has confirmed it')
    return reply
  }
  const end = copyEnd(guarded(run), guarded(write), nameOf(url, prefix), async () => connection?.destroy())
  try {
    // In a cluster, the first node says which node has the keys.
    const open = () => run(mayMake ? MAKE : LOOK, FORMAT, randomBytes(16).toString('hex'))
    const format = await open().catch(open)
    if (format === null)
      throw new SessionHubError('options_invalid', `There is no session store at ${end.name}`)
    checkFormat(format, prefix)
    return end
  } catch (thrown) {
    await end.close()
    if (thrown instanceof UnsafeServer)
      throw new SessionHubError('options_invalid', `${end.name}: ${thrown.message}`)
    throw unavailable(thrown, 'The session store could not be opened')
  }
}

type Run = (script: string, ...values: (string | number)[]) => Promise<unknown>

const guarded =
  (run: Run): Run =>
  (script, ...values) =>
    run(script, ...values).catch((thrown: unknown) => {
      throw unavailable(thrown)
    })

function nameOf(url: string, prefix: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname} (prefix "${prefix}")`
}

const LOOK = `return redis.call('GET', KEYS[1] .. 'format')`

const MAKE = `
local P = KEYS[1]
redis.call('SET', P .. 'format', ARGV[1], 'NX')
redis.call('SET', P .. 'epoch', ARGV[2], 'NX')
return redis.call('GET', P .. 'format')`

/** By place in an index, which does not change while the store is closed. Records that somebody has removed by hand are skipped. */
const page = (index: string, record: string) => `
local P = KEYS[1]
local first, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local names = redis.call('ZRANGE', P .. '${index}', first, first + limit - 1)
local found = {}
for _, name in ipairs(names) do
  ${record}
end
return { #names, found }`

const one = (kind: string) => `found[#found + 1] = redis.call('GET', P .. '${kind}:' .. name) or nil`

const READ: Readonly<Record<Kind, string>> = {
  subject: page('subjects', one('subject')),
  session: page('expiry', one('session')),
  // The handles of this many sessions, however many each has.
  handle: page(
    'expiry',
    `for _, hash in ipairs(redis.call('HKEYS', P .. 'handles:' .. name)) do
    found[#found + 1] = redis.call('GET', P .. 'handle:' .. hash) or nil
  end`,
  ),
  spend: page('spends', one('spend')),
  ending: `
local entries = redis.call('XRANGE', KEYS[1] .. 'endings', '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
local found = {}
for n, entry in ipairs(entries) do found[n] = { entry[1], entry[2][2] } end
return { #entries, found }`,
  audit: page('audit:all', `found[#found + 1] = { name, redis.call('HGET', P .. 'audit', name) }`),
  site: page(
    'sites:order',
    `found[#found + 1] = { name, redis.call('HGET', P .. 'sites', name), redis.call('ZSCORE', P .. 'sites:order', name) }`,
  ),
}

const INDEX: Readonly<Record<Kind, string | undefined>> = {
  subject: 'subjects',
  session: 'expiry',
  handle: undefined,
  spend: 'spends',
  ending: undefined,
  audit: 'audit:all',
  site: 'sites:order',
}

/** Turns each row of a page into the columns that it has in every engine. */
const READ_ROW: Readonly<Record<Kind, (reply: unknown) => Row>> = {
  subject: (reply) => rowOf('subject', readColumns(text(reply))),
  session: (reply) => rowOf('session', readColumns(text(reply))),
  handle: (reply) => rowOf('handle', readColumns(text(reply))),
  spend: (reply) => rowOf('spend', readColumns(text(reply))),
  ending(reply) {
    const [name, ending] = list(reply)
    return rowOf('ending', { ...readColumns(text(ending)), seq: Number.parseInt(text(name), 10) })
  },
  audit(reply) {
    const [name, row] = list(reply)
    const found = readAudit(text(name), text(row))
    return rowOf('audit', named({ seq: found.seq, ...auditColumns(found) }))
  },
  site(reply) {
    const [origin, sealed, seq] = list(reply)
    return rowOf('site', { origin, sealed: sealed === NOTHING ? null : sealed, seq: whole(seq) })
  },
}

/** What is written of each row, in the form that the script takes. */
const WRITE_ROW: Readonly<Record<Kind, (row: Row, rev: string) => (string | number)[]>> = {
  subject: (row, rev) => subjectValue(subjectOf(row), rev),
  session: (row, rev) => sessionValue(sessionOf(row), rev),
  handle: (row, rev) => handleValue(handleOf(row), rev),
  spend: (row) => spendValue(spendOf(row)),
  ending(row) {
    const ending = endingOf(row)
    return [ending.seq, ...endingValue(ending)]
  },
  audit(row) {
    const found = auditRowOf(row)
    return [found.seq, ...auditValue(found)]
  },
  site: ({ origin, sealed, seq }) => [String(origin), sealed ?? NOTHING, Number(seq)],
}

const PUT: Readonly<Record<Kind, string>> = {
  subject: 'putSubject(take(), take())',
  session: 'putSession(take(), take())',
  handle: 'putHandle(take(), take())',
  spend: `local name, untilMs, spent = take(), take(), take()
  call('SET', key('spend', name), spent)
  call('ZADD', P .. 'spends', untilMs, name)`,
  ending: `local name, atMs, ending = take() .. '-0', take(), take()
  if #call('XRANGE', P .. 'endings', name, name) == 0 then call('XADD', P .. 'endings', name, atMs, ending) end`,
  audit: `local seq, atMs, subject, reason, row = take(), take(), take(), take(), take()
  putAudit(seq, atMs, subject, reason, row)
  call('ZADD', P .. 'audit:all', seq, seq)
  call('ZADD', P .. 'audit:times', atMs, seq)`,
  site: `local origin, sealed, seq = take(), take(), take()
  call('HSET', P .. 'sites', origin, sealed)
  call('ZADD', P .. 'sites:order', seq, origin)`,
}

/** The note comes first: a server without memory refuses a script's first write, but none of the later ones. */
const WRITE = (kind: Kind) => `${RECORDS}
local wanted, written = take(), take()
if call('GET', P .. 'copying') ~= wanted then return 0 end
call('SET', P .. 'copying', written)
for _ = 1, tonumber(take()) do
  ${PUT[kind]}
end
return 1`

const BEGIN = `
if redis.call('EXISTS', KEYS[1] .. 'copying') == 1 then return 0 end
redis.call('SET', KEYS[1] .. 'copying', ARGV[1])
return 1`

const NUMBERS = `
local P = KEYS[1]
local function number(name) return redis.call('GET', P .. name) or '0' end
return { redis.call('GET', P .. 'epoch'), number('endings:last'), number('audit:last'), number('sites:last') }`

const SET_NUMBERS = `
local P = KEYS[1]
redis.call('SET', P .. 'epoch', ARGV[1])
redis.call('SET', P .. 'endings:last', ARGV[2])
redis.call('SET', P .. 'audit:last', ARGV[3])
redis.call('SET', P .. 'sites:last', ARGV[4])
return 0`

function copyEnd(read: Run, write: Run, name: string, close: () => Promise<void>): CopyEnd {
  async function noted(): Promise<string | undefined> {
    const reply = await read(`return redis.call('GET', KEYS[1] .. 'copying')`)
    return reply === null ? undefined : parsed(() => text(reply))
  }
  const put = (note: CopyNote) =>
    write(`redis.call('SET', KEYS[1] .. 'copying', ARGV[1]) return 0`, noteValue(note))

  return {
    name,
    async note() {
      const found = await noted()
      return found === undefined ? undefined : parsed(() => readNote(found))
    },
    // Nothing runs beside a script, so the next script that would write finds the note.
    async begin(note) {
      return whole(await write(BEGIN, noteValue(note))) === 1
    },
    async count(kind) {
      const index = INDEX[kind]
      if (index === undefined) return undefined
      return whole(await read(`return redis.call('ZCARD', KEYS[1] .. ARGV[1])`, index))
    },
    async numbers() {
      const [epoch, lastEnding, lastAudit, lastSite] = list(await read(NUMBERS))
      return {
        epoch: text(epoch),
        lastEnding: whole(lastEnding),
        lastAudit: whole(lastAudit),
        lastSite: whole(lastSite),
      }
    },
    async read(kind, after, limit): Promise<Page> {
      const first = Number(after ?? 0)
      const [size, found] = list(await read(READ[kind], first, limit))
      const rows = parsed(() => list(found).map(READ_ROW[kind]))
      if (whole(size) < limit) return { rows }
      return { rows, next: String(kind === 'ending' ? (rows.at(-1)?.['seq'] ?? 0) : first + limit) }
    },
    async write({ copy, kind, rows, from, to }: Written) {
      const found = await noted()
      const note = found === undefined ? undefined : parsed(() => readNote(found))
      if (found === undefined || note?.copy !== copy || note.role !== 'target' || note.progress !== from)
        return false
      const rev = String(newRev())
      const values = parsed(() => rows.flatMap((row) => WRITE_ROW[kind](row, rev)))
      const reply = await write(
        WRITE(kind),
        found,
        noteValue({ ...note, progress: to }),
        rows.length,
        ...values,
      )
      return whole(reply) === 1
    },
    async setNumbers({ epoch, lastEnding, lastAudit, lastSite }: Numbers) {
      await write(SET_NUMBERS, epoch, lastEnding, lastAudit, lastSite)
    },
    async finish(role) {
      const found = await noted()
      if (role === 'target') await write(`redis.call('DEL', KEYS[1] .. 'copying') return 0`)
      else if (found !== undefined) await put({ ...readNote(found), isDone: true })
    },
    async reopen() {
      await write(`redis.call('DEL', KEYS[1] .. 'copying') return 0`)
    },
    close,
  }
}
