/** What the Redis store promises beside the contract: which server it takes, and what becomes of what was answered when the server fails. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { expect } from 'chai'
import { createClient, createCluster, RESP_TYPES } from 'redis'

import { redisStore, type RedisOptions } from '../../hub/stores/redis.js'
import type { Store } from '../../hub/stores/store.js'
import { SessionHubError } from '../../sdk/protocol/errors.js'
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
  sessionIn,
  write,
} from '../support/records.js'
import { openPrefix, type Redis, startRedis } from '../support/redis.js'
import { inProcesses } from '../support/store-at.js'
import { until } from '../support/until.js'
import { startWire } from '../support/wire.js'

const NOTHING_DUE = { nowMs: 0, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('It was taken'),
    (error: unknown) => error as SessionHubError,
  )

/** One more server; the guard of each ends it with this process. */
const replicaOf = (primary: Redis, settings: Record<string, string> = {}) =>
  startRedis({ replicaof: `127.0.0.1 ${primary.port}`, ...settings })

const isLinked = async (redis: Redis) =>
  String(await redis.command('INFO', 'replication')).includes('master_link_status:up')

describe('the Redis store, when it is opened', () => {
  let redis: Redis
  let prefix: string
  beforeEach(async () => ({ redis, prefix } = await openPrefix()))

  const opened = (options: RedisOptions = {}) => redisStore({ url: redis.url, prefix, ...options })

  for (const [name, options, words] of [
    ['an option that it does not know', { prefx: 'a' }, 'did you mean "prefix"'],
    ['no server', { url: '' }, 'either "url" or "client"'],
    ['two servers', { client: createClient() }, 'either "url" or "client"'],
    ['a client that is none', { url: '', client: {} }, '"client"'],
    ['a cluster’s client', { url: '', client: createCluster({ rootNodes: [] }) }, '"client"'],
    ['an address that cannot be read', { url: 'redis://hub:secret@a b' }, '"url" is no address'],
    ['an address that is none', { url: 'postgres://a' }, 'redis://'],
    ['a prefix that would leave the slot', { prefix: 'a}{b' }, '"prefix"'],
    ['no prefix at all', { prefix: '' }, '"prefix"'],
    ['a number of replicas that is none', { replicas: -1 }, '"replicas"'],
    ['replicas that may take longer than a caller waits', { replicaTimeoutMs: 1500 }, '"replicaTimeoutMs"'],
    ['an allowance that is no yes or no', { mayEvict: 1 }, '"mayEvict"'],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const error = await refusal(opened(options as RedisOptions))
      expect(error).to.include({ code: 'options_invalid' })
      expect(error.message).to.include(words)
      expect(inspect(error)).not.to.include('secret')
    })
  }

  for (const [setting, wrong, right, allowance, says] of [
    ['maxmemory-policy', 'allkeys-lru', 'noeviction', { mayEvict: true }, 'throws away what was answered'],
    ['maxmemory-policy', 'volatile-ttl', 'noeviction', { mayEvict: true }, 'throws away what was answered'],
    ['appendonly', 'no', 'yes', { mayForget: true }, 'A restart of the server loses'],
  ] as const) {
    it(`refuses a server with ${setting} ${wrong}, unless it is allowed`, async () => {
      await redis.command('CONFIG', 'SET', setting, wrong)
      try {
        const error = await refusal(opened())
        expect(error).to.include({ code: 'options_invalid' })
        expect(error.message).to.include(`"${setting}" ${wrong}`).and.include(Object.keys(allowance)[0])
        const store = await opened(allowance)
        expect(store.durability).to.include(says)
        await store.close()
      } finally {
        await redis.command('CONFIG', 'SET', setting, right)
      }
      await (await opened()).close()
    })
  }

  it('says what a power loss and a failover would lose', async () => {
    for (const [fsync, says] of [
      ['always', 'survives a crash of the server, and a power loss'],
      ['everysec', 'may lose the last two seconds'],
    ] as const) {
      await redis.command('CONFIG', 'SET', 'appendfsync', fsync)
      const store = await opened()
      expect(store.durability).to.include(says).and.include('there is no replica')
      await store.close()
    }
  })

  it('leaves a newer version’s keys as they are', async () => {
    await (await opened()).close()
    await redis.command('SET', `{${prefix}}:format`, '99')
    const error = await refusal(opened())
    expect(error).to.include({ code: 'options_invalid' })
    expect(error.message).to.include('newer version')
    expect(await redis.command('GET', `{${prefix}}:format`)).to.equal('99')
  })

  it('takes no key of another prefix for its own', async () => {
    const [one, two] = [await opened(), await opened({ prefix: `${prefix}:session` })]
    const session = newSession()
    await write(one, { sessions: [session] })
    expect(await sessionIn(one, session.id)).to.deep.equal(session)
    expect(await sessionIn(two, session.id)).to.equal(undefined)
    await one.close()
    await two.close()
  })

  it('takes the options of a client, and leaves it as it is', async () => {
    const client = createClient({
      url: redis.url,
      keyPrefix: 'not ours ',
      clientSideCache: { ttl: 1000, maxEntries: 10 },
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    })
    const store = await redisStore({ client, prefix })
    const session = newSession()
    await write(store, { sessions: [session] })
    expect(client.isOpen).to.equal(false)
    await store.close()
    const again = await opened()
    expect(await sessionIn(again, session.id)).to.deep.equal(session)
    await again.close()
  })

  it('needs no more of the server’s user than the documentation says', async () => {
    const rights = '+@read +@write +@connection +evalsha +script|load +info +wait'
    const [text] = /ACL SETUSER .*/.exec(readFileSync('docs/redis.md', 'utf8')) ?? []
    expect(text).to.equal(`ACL SETUSER hub on >secret ~{session_hub}:* ${rights}`)
    await redis.command('ACL', 'SETUSER', 'hub', 'on', '>secret', `~{${prefix}}:*`, ...rights.split(' '))
    const url = redis.url.replace('//', '//hub:secret@')
    const store = await opened({ url })
    const one = await held(store)
    await store.transact({ handles: [one.handle.hash], spend: newSpend() }, answerView)
    await store.sweep(NOTHING_DUE, 9)
    await store.ping()
    expect(await store.find(one.handle.hash)).to.deep.equal(one)
    await store.close()
    expect(await refusal(opened({ url, prefix: 'another' }))).to.include({ code: 'options_invalid' })
  })

  for (const [name, rights] of [
    ['scripts', '-evalsha'],
    ['a look at its settings', '-info'],
    ['keys of this prefix', 'resetkeys'],
  ] as const)
    it(`refuses a user who lacks the right to ${name}: no waiting would help`, async () => {
      await redis.command('ACL', 'SETUSER', 'lacking', 'reset', 'on', '>secret', '~*', '+@all', rights)
      const error = await refusal(opened({ url: redis.url.replace('//', '//lacking:secret@') }))
      expect(error).to.include({ code: 'options_invalid' })
      expect(error.message).to.include('ACL SETUSER')
      expect(inspect(error)).not.to.include('secret')
    })

  it('refuses a wrong password, a missing one and an unknown user: no waiting would help', async () => {
    const own = await startRedis()
    await own.command('ACL', 'SETUSER', 'hub', 'on', '>secret', '~*', '+@all')
    await own.command('ACL', 'SETUSER', 'default', '+@all', 'resetpass', '>of-the-default')
    for (const user of ['hub:wr0ng-Pass@', 'nobody:wr0ng-Pass@', '']) {
      const error = await refusal(opened({ url: own.url.replace('//', `//${user}`) }))
      expect(error).to.include({ code: 'options_invalid' })
      expect(error.message).to.include('password')
      expect(inspect(error)).not.to.include('wr0ng-Pass')
    }
    await (await opened({ url: own.url.replace('//', '//hub:secret@') })).close()
    await own.kill()
  })

  it('is unavailable while its password is another one, and goes on when it is right again', async () => {
    await redis.command('ACL', 'SETUSER', 'changing', 'reset', 'on', '>before', '~*', '&*', '+@all')
    const store = await opened({ url: redis.url.replace('//', '//changing:before@') })
    const one = await held(store)
    await redis.command('ACL', 'SETUSER', 'changing', 'resetpass', '>after')
    await redis.command('CLIENT', 'KILL', 'USER', 'changing')
    let said: SessionHubError | undefined
    await until(async () => {
      said = await store.find(one.handle.hash).then(
        () => undefined,
        (error: unknown) => error as SessionHubError,
      )
      return said?.message === 'The session store does not accept this hub'
    })
    expect(said).to.include({ code: 'unavailable' })
    expect((said?.cause as Error).message).to.include('WRONGPASS')
    await redis.command('ACL', 'SETUSER', 'changing', 'resetpass', '>before')
    await until(async () => (await codeOf(store.find(one.handle.hash))) === 'answered')
    await store.close()
  })

  it('refuses a server without a command that it needs, and names it', async () => {
    const renamed = await startRedis({ 'rename-command EVALSHA': 'another_name' })
    const error = await refusal(opened({ url: renamed.url }))
    expect(error).to.include({ code: 'options_invalid' })
    expect(error.message).to.include('EVALSHA').and.include('rename-command')
    await renamed.kill()
  })

  it('keeps to the database that its address names, on each new connection', async () => {
    const at = { url: `${redis.url}/3`, prefix }
    const store = await redisStore(at)
    const one = await held(store)
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => (await codeOf(store.find(one.handle.hash))) === 'answered')
    expect(await store.find(one.handle.hash)).to.deep.equal(one)
    await write(store, { endings: [newEnding()] })
    await store.close()
    expect(await redis.command('KEYS', `{${prefix}}:*`)).to.deep.equal([])
  })

  it('is unavailable where nobody answers, and where only a replica does', async () => {
    expect(await refusal(opened({ url: 'redis://127.0.0.1:9' }))).to.include({ code: 'unavailable' })
    await redis.command('REPLICAOF', '127.0.0.1', '9')
    try {
      expect(await refusal(opened())).to.include({ code: 'unavailable' })
    } finally {
      await redis.command('REPLICAOF', 'NO', 'ONE')
    }
    await (await opened()).close()
  })

  it('finds the keys in a cluster, wherever it begins', async () => {
    const nodes = await Promise.all(
      [0, 1].map(() => startRedis({ 'cluster-enabled': 'yes', 'cluster-require-full-coverage': 'no' })),
    )
    const [one, two] = nodes as [Redis, Redis]
    await one.command('CLUSTER', 'ADDSLOTSRANGE', '0', '8191')
    await two.command('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383')
    await one.command('CLUSTER', 'MEET', '127.0.0.1', String(two.port))
    for (const node of nodes)
      await until(async () => {
        const info = String(await node.command('CLUSTER', 'INFO'))
        return info.includes('cluster_state:ok') && info.includes('cluster_slots_assigned:16384')
      })
    const session = newSession()
    for (const { url } of nodes) {
      const store = await opened({ url })
      await write(store, { sessions: [session] })
      expect(await sessionIn(store, session.id)).to.deep.equal(session)
      await store.close()
    }
    const sizes = await Promise.all(nodes.map((node) => node.command('DBSIZE')))
    expect(sizes).to.include(0)

    // The node is lost, and the other one takes its slot.
    const [kept, lost] = sizes[0] === 0 ? [one, two] : [two, one]
    const store = await opened({ url: kept.url })
    const slot = String(await kept.command('CLUSTER', 'KEYSLOT', `{${prefix}}:`))
    await lost.kill()
    await kept.command('CLUSTER', 'SETSLOT', slot, 'NODE', String(await kept.command('CLUSTER', 'MYID')))
    await until(async () => (await codeOf(store.ping())) === 'answered')
    await store.close()
    await kept.kill()
  })
})

describe('the Redis store, when it is used', () => {
  let redis: Redis
  let prefix: string
  let store: Store
  beforeEach(async () => {
    ;({ redis, prefix } = await openPrefix())
    store = await redisStore({ url: redis.url, prefix })
  })
  afterEach(() => store.close())

  it('R26: lets one of 200 redemptions in two processes be the first', async () => {
    const address = { kind: 'redis', url: redis.url, prefix } as const
    const firsts = await inProcesses(2, address, { do: 'spend', spend: newSpend(), times: 100 })
    expect(firsts.sort()).to.deep.equal([0, 1])
  })

  it('keeps nothing for ever: when all is past its time and swept, only numbers and what expires by itself are left', async () => {
    const one = await held(store, { subject: 'ada', generation: 1 })
    await held(store, { endedAtMs: NOW_MS, endReason: 'revoked' })
    const note = newHandle(one.session, { activatedAtMs: null })
    await write(store, {
      handles: [note],
      subjects: [
        newSubject({ subject: 'ada', generation: 2, endedUpTo: 1, endedAtMs: NOW_MS, endReason: 'revoked' }),
      ],
      endings: [newEnding()],
      audit: [newAuditRow({ subject: 'ada' }), newAuditRow({ subject: 'bob' })],
    })
    await write(store, { erase: { subject: 'bob', name: 'nobody' } })
    await store.transact({ handles: [], spend: newSpend() }, answerView)
    await store.ping()

    const pastMs = NOW_MS + 9 * HOUR_MS
    const times = { nowMs: pastMs, endedBeforeMs: pastMs, endingsBeforeMs: pastMs, auditBeforeMs: pastMs }
    const swept = await store.sweep(times, 100)
    expect(swept).to.deep.equal({
      cut: 1,
      sessions: 2,
      handles: 0,
      spends: 1,
      subjects: 1,
      endings: 1,
      audit: 2,
    })
    const keys = (await redis.command('KEYS', `{${prefix}}:*`)) as string[]
    const left = []
    for (const key of keys) if (Number(await redis.command('PTTL', key)) < 0) left.push(key.split('}:')[1])
    expect(left.sort()).to.deep.equal(['audit:last', 'endings', 'endings:last', 'epoch', 'format'])
    expect(await redis.command('XLEN', `{${prefix}}:endings`)).to.equal(0)
  })

  it('R21: is unavailable where a record was damaged, and nowhere else', async () => {
    const [damaged, intact] = [await held(store), await held(store)]
    await redis.command('SET', `{${prefix}}:session:${damaged.session.id}`, 'x\t0\t-\t-\t1\t1\t""\n{"id":')
    expect(await codeOf(store.find(damaged.handle.hash))).to.equal('unavailable')
    const thrown = await refusal(store.find(damaged.handle.hash))
    expect(String(thrown.cause)).not.to.include('"id"')
    expect(await store.find(intact.handle.hash)).to.deep.equal(intact)
  })

  it('goes on sweeping and searching where a record was taken out by hand', async () => {
    const gone = await held(store, { subject: 'ada', generation: 1, expiresAtMs: NOW_MS })
    const kept = await held(store, { subject: 'ada', generation: 2 })
    await redis.command(
      'DEL',
      `{${prefix}}:session:${gone.session.id}`,
      `{${prefix}}:handle:${gone.handle.hash}`,
    )
    expect(await store.search({ nowMs: NOW_MS, limit: 9 })).to.deep.equal([kept.session])
    expect(await store.list('ada', NOW_MS, 9)).to.deep.equal([kept.session])
    await store.sweep({ nowMs: NOW_MS, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }, 9)
    expect(await redis.command('ZCARD', `{${prefix}}:expiry`)).to.equal(1)
  })

  for (const [name, changes] of [
    ['a session', { sessions: [newSession()] }],
    ['an ending alone', { endings: [newEnding({ sessionId: 'lost' })] }],
    ['an audit row alone', { audit: [newAuditRow({ who: 'lost' })] }],
  ] as const) {
    it(`writes ${name} once, though the answer was lost and the commit sent again`, async () => {
      const wire = await startWire(redis.port)
      const far = await redisStore({ url: `redis://127.0.0.1:${wire.port}`, prefix })
      const text = 'sessions' in changes ? changes.sessions[0].id : 'lost'
      const lost = wire.loseAnswerTo(text)
      await write(far, changes)
      expect(lost()).to.equal(1)
      expect([
        (await store.search({ nowMs: NOW_MS, limit: 9 })).length,
        (await store.endings(0, 9)).length,
        (await store.audit({ limit: 9 })).length,
      ]).to.have.members([1, 0, 0])
      await far.close()
      wire.close()
    })
  }

  it('decides anew where another process was faster, and its last answer counts', async () => {
    const other = await redisStore({ url: redis.url, prefix })
    const { handle } = await held(store, { data: { by: [] } })
    let isFirst = true
    let between: Promise<unknown> = Promise.resolve()
    const add = (by: Store, name: string, disturb?: () => void) =>
      by.transact({ handles: [handle.hash] }, ({ held: [one] }) => {
        const { session } = one!
        if (isFirst) disturb?.()
        return {
          changes: { sessions: [{ ...session, data: { by: [...(session.data['by'] as string[]), name] } }] },
          result: session.data,
        }
      })
    // The slow one's own commit is held back behind a script that waits for the other: what it has read is old by then.
    const wire = await startWire(redis.port)
    const slow = await redisStore({ url: `redis://127.0.0.1:${wire.port}`, prefix })
    const seen = await add(slow, 'slow', () => {
      isFirst = false
      wire.pause()
      between = add(other, 'fast').then(() => {
        wire.goOn()
      })
    })
    await between
    expect(seen).to.deep.equal({ by: ['fast'] })
    expect((await store.find(handle.hash))?.session.data).to.deep.equal({ by: ['fast', 'slow'] })
    await other.close()
    await slow.close()
    wire.close()
  })
})

describe('the Redis store, when its server fails', () => {
  let redis: Redis
  let prefix: string
  let store: Store
  beforeEach(async () => {
    ;({ redis, prefix } = await openPrefix())
    store = await redisStore({ url: redis.url, prefix })
  })
  afterEach(() => store.close())

  /** Adds one, again and again, until it is stopped. */
  function count(store: Store, hash: string) {
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

  it('loses nothing and does nothing twice when it is killed with kill -9, and is back', async () => {
    const careful = await startRedis({ appendfsync: 'always' })
    const store = await redisStore({ url: careful.url })
    const { handle } = await held(store, { data: { count: 0 } })
    const counting = count(store, handle.hash)
    for (let times = 0; times < 3; times += 1) {
      const { answered } = counting.seen
      await until(() => counting.seen.answered > answered + 20)
      await careful.kill()
      await careful.start()
    }
    const { answered } = counting.seen
    await until(() => counting.seen.answered > answered + 20)
    await counting.stop()
    for (const error of counting.seen.errors) expect(error).to.equal('unavailable')
    const found = await store.find(handle.hash)
    // A caller that was told nothing does not know; everybody else does.
    expect(found?.session.data['count'])
      .to.be.at.least(counting.seen.answered)
      .and.at.most(counting.seen.answered + counting.seen.errors.length)
    expect(found?.session.version).to.equal(1 + Number(found?.session.data['count']))
    await store.close()
    await careful.kill()
  })

  it('keeps nobody waiting longer than its limits while the server hangs, and goes on after it', async () => {
    const { handle, session } = await held(store)
    const goOn = redis.hang()
    const begun = performance.now()
    const codes = await Promise.all([
      codeOf(store.find(handle.hash)),
      codeOf(write(store, { sessions: [newSession()] })),
      codeOf(store.ping()),
    ])
    const tookMs = performance.now() - begun
    goOn()
    expect(codes).to.deep.equal(['unavailable', 'unavailable', 'unavailable'])
    expect(tookMs).to.be.below(5000)
    await until(async () => (await codeOf(store.ping())) === 'answered')
    expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
  })

  it('lets so many wait and no more, so that a server that hangs fills no memory', async () => {
    const narrow = await redisStore({ url: redis.url, prefix, maxWaiting: 2 })
    const goOn = redis.hang()
    const waiting = [narrow.isSpent('a', 'b'), narrow.isSpent('a', 'c')].map(codeOf)
    const error = await refusal(narrow.isSpent('a', 'd'))
    goOn()
    expect(error.message).to.include('Too many')
    await Promise.all(waiting)
    await narrow.close()
  })

  it('R21: refuses writes, answers reads and says so where its memory is full; nothing is written by halves', async () => {
    const { handle, session } = await held(store)
    const spend = newSpend()
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      const refused = store.transact({ handles: [], spend }, () => ({
        changes: { sessions: [newSession()], endings: [newEnding()], forget: [handle.hash] },
        result: 0,
      }))
      expect(await codeOf(refused)).to.equal('unavailable')
      expect(await codeOf(store.ping())).to.equal('unavailable')
      expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
      expect(await store.isSpent(spend.issuer, spend.jti)).to.equal(false)
      expect(await store.endingsRange()).to.include({ first: 0, last: 0 })
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    }
    expect(await store.search({ nowMs: NOW_MS, limit: 9 })).to.deep.equal([session])
    await write(store, { sessions: [newSession()] })
  })

  it('R21: refuses writes and answers reads where the server cannot write its disk', async () => {
    const { handle, session } = await held(store)
    const folder = String(((await redis.command('CONFIG', 'GET', 'dir')) as string[])[1])
    mkdirSync(join(folder, 'dump.rdb', 'x'), { recursive: true })
    await redis.command('CONFIG', 'SET', 'save', '3600 1000000')
    await redis.command('BGSAVE')
    await until(async () =>
      String(await redis.command('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
    )
    try {
      expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('unavailable')
      expect(await codeOf(store.ping())).to.equal('unavailable')
      expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
    } finally {
      rmSync(join(folder, 'dump.rdb'), { recursive: true })
      await redis.command('CONFIG', 'SET', 'save', '')
    }
    await write(store, { sessions: [newSession()] })
  })

  it('leaves a server that has been made a replica, in reading too, and comes back when it is a primary', async () => {
    const { handle, session } = await held(store)
    await redis.command('REPLICAOF', '127.0.0.1', '9')
    expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('unavailable')
    expect(await codeOf(store.find(handle.hash))).to.equal('unavailable')
    expect(await codeOf(store.ping())).to.equal('unavailable')
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await until(async () => (await codeOf(store.ping())) === 'answered')
    expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
  })

  for (const [when, look] of [
    ['as soon as a connection is new', () => redis.command('CLIENT', 'KILL', 'TYPE', 'normal')],
    ['with the next sweep', () => codeOf(store.sweep(NOTHING_DUE, 1))],
  ] as const) {
    it(`leaves a server that keeps nothing any more, ${when}`, async () => {
      const { handle } = await held(store)
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      try {
        await look()
        expect(await codeOf(store.find(handle.hash))).to.equal('unavailable')
      } finally {
        await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      }
      await until(async () => (await codeOf(store.ping())) === 'answered')
    })
  }

  it('counts in a new epoch where the server was emptied, so that whoever follows the endings starts anew', async () => {
    const before = await store.endingsRange()
    await write(store, { endings: [newEnding()] })
    await redis.command(
      'EVAL',
      `return redis.call('DEL', unpack(redis.call('KEYS', ARGV[1])))`,
      '0',
      `{${prefix}}:*`,
    )
    const after = await store.endingsRange()
    expect(after).to.include({ first: 0, last: 0 })
    expect(after.epoch)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(before.epoch)
    expect(await store.sitesRange()).to.deep.equal({ epoch: after.epoch, last: 0 })
    const next = await redisStore({ url: redis.url, prefix })
    expect(await next.endingsRange()).to.deep.equal(after)
    await next.close()
  })

  it('goes on where the server has lost the scripts', async () => {
    await redis.command('SCRIPT', 'FLUSH')
    const { handle, session } = await held(store)
    expect(await store.find(handle.hash)).to.deep.equal({ handle, session })
  })
})

describe('the Redis store, where the server has a replica', () => {
  let primary: Redis
  let replica: Redis
  before(async () => {
    primary = await startRedis()
    replica = await replicaOf(primary)
    await until(() => isLinked(replica))
  })
  after(() => Promise.all([primary.kill(), replica.kill()]))

  /** Gives up early: most of these writes are not to be confirmed. Those that are get more time, or are tried again. */
  const opened = (options: RedisOptions = {}) =>
    redisStore({ url: primary.url, replicaTimeoutMs: 100, ...options })

  it('says that it confirms what it answers, and that it does not where it need not', async () => {
    const [store, careless] = [await opened(), await opened({ replicas: 0 })]
    expect(store.durability).to.include('have confirmed it: 1 of 1')
    expect(careless.durability).to.include('nobody waits for the replicas')
    await store.close()
    await careless.close()
  })

  it('answers no write that the replica has not, neither when it is tried again; and reads go on', async () => {
    const [store, careless] = [await opened(), await opened({ replicas: 0 })]
    const { handle, session } = await held(careless)
    const end = () =>
      store.transact({ handles: [handle.hash] }, ({ held: [one] }) => {
        const { session } = one!
        const ended = { ...session, endedAtMs: NOW_MS, endReason: 'signed-out' } as const
        return session.endedAtMs === null ? { changes: { sessions: [ended] }, result: 0 } : { result: 0 }
      })
    const goOn = replica.hang()
    try {
      expect(await codeOf(end())).to.equal('unavailable')
      // It is ended on the primary alone: a failover would bring it back.
      expect((await store.find(handle.hash))?.session.endedAtMs).to.equal(NOW_MS)
      expect(await codeOf(end())).to.equal('unavailable')
      expect(await codeOf(store.ping())).to.equal('unavailable')
      expect(await codeOf(write(careless, { sessions: [session] }))).to.equal('answered')
    } finally {
      goOn()
    }
    await until(async () => (await codeOf(store.ping())) === 'answered')
    await until(async () => (await codeOf(end())) === 'answered')
    await store.close()
    await careless.close()
  })

  it('asks no less than one replica again, though it is away by now', async () => {
    const store = await opened()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    try {
      await until(async () =>
        String(await primary.command('INFO', 'replication')).includes('connected_slaves:0'),
      )
      await primary.command('CLIENT', 'KILL', 'TYPE', 'normal')
      for (const session of [newSession(), newSession()])
        expect(await codeOf(write(store, { sessions: [session] }))).to.equal('unavailable')
    } finally {
      await replica.command('REPLICAOF', '127.0.0.1', String(primary.port))
    }
    await until(async () => (await codeOf(store.ping())) === 'answered')
    await store.close()
  })

  for (const [when, look] of [
    ['with the next sweep', (store: Store) => store.sweep(NOTHING_DUE, 1)],
    ['with the next connection', () => primary.command('CLIENT', 'KILL', 'TYPE', 'normal')],
  ] as const) {
    it(`begins to ask a replica that has come later, ${when}`, async () => {
      await replica.command('REPLICAOF', 'NO', 'ONE')
      const store = await opened()
      expect(store.durability).to.include('there is no replica')
      expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('answered')
      await replica.command('REPLICAOF', '127.0.0.1', String(primary.port))
      await until(() => isLinked(replica))
      await look(store)
      const goOn = replica.hang()
      expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('unavailable')
      goOn()
      await until(async () => (await codeOf(store.ping())) === 'answered')
      await store.close()
    })
  }

  it('answers many at once with few waits', async () => {
    const store = await opened({ replicaTimeoutMs: 1000 })
    await primary.command('CONFIG', 'RESETSTAT')
    await Promise.all(Array.from({ length: 100 }, () => write(store, { sessions: [newSession()] })))
    const stats = String(await primary.command('INFO', 'commandstats'))
    expect(Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1])).to.be.within(1, 10)
    await store.close()
  })

  it('loses nothing that was answered when the primary is killed and the replica promoted', async () => {
    let url = primary.url
    const store = await opened({ url: () => url })
    const answered: string[] = []
    const running = { isOn: true }
    const writing = (async () => {
      while (running.isOn) {
        const session = newSession()
        if ((await codeOf(write(store, { sessions: [session] }))) === 'answered') answered.push(session.id)
      }
    })()
    await until(() => answered.length > 50)
    await primary.kill()
    running.isOn = false
    await writing
    await replica.command('REPLICAOF', 'NO', 'ONE')
    url = replica.url
    await until(async () => (await codeOf(store.find(''))) === 'answered')
    expect([...(await store.sessions(answered)).keys()]).to.have.members(answered)
    // The one that is left has no replica of its own yet.
    expect(await codeOf(write(store, { sessions: [newSession()] }))).to.equal('unavailable')
    await store.close()
    await primary.start()
  })
})
