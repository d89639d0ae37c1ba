/** The options of the Redis store, declared only here, and checked once when the store is opened. */
import {
  type Check,
  type OptionRows,
  readOptions,
  wholeNumber,
  yesOrNo,
} from '../../../sdk/settings/option-rows.js'
import { wrong } from '../../../sdk/settings/refuse-unknown.js'
import type { Address, RedisClient } from './connect.js'
import { checkUrl } from './url.js'

export interface RedisOptions {
  /**
   * The server's address: `rediss://user:password@host:6379`, or `unix:///path`. Or a function that returns it, called for each
   * connection, such as one that asks Sentinel for the primary.
   *
   * @default either this or client
   */
  readonly url?: Address
  /**
   * A client from `createClient` of `redis`. The store opens its own connections with the client's options and does not use the client
   * itself, which need not be connected.
   */
  readonly client?: RedisClient
  /**
   * What all keys begin with. Several hubs may share a server, each with a prefix of its own.
   *
   * From 1 to 64 characters.
   *
   * @default 'session_hub'
   */
  readonly prefix?: string
  /**
   * How many replicas must confirm a write (`WAIT`) before it is answered; with fewer, the answer is `unavailable`.
   *
   * From 0 to 9.
   *
   * @default 1 as soon as the server has a replica, 0 before
   */
  readonly replicas?: number
  /**
   * How long the replicas may take. After that, the write is answered with 503.
   *
   * Unit: milliseconds, 1 to 1400.
   *
   * @default 1000
   */
  readonly replicaTimeoutMs?: number
  /**
   * How many requests may wait for an answer; the next one gets `unavailable` at once.
   *
   * From 1 to 100000.
   *
   * @default 1000
   */
  readonly maxWaiting?: number
  /**
   * Accepts a server that evicts records when its memory is full: sessions end, and spent tickets can be spent again.
   *
   * @default false
   */
  readonly mayEvict?: boolean
  /**
   * Accepts a server without an append-only file, which loses everything when it restarts.
   *
   * @default false
   */
  readonly mayForget?: boolean
}

const address: Check<Address> = {
  type: 'Address',
  read(where, _name, given) {
    // An empty value is an environment variable that is not set.
    if (typeof given !== 'function' && given !== '') checkUrl(where, given)
    return given as Address
  },
}

const ownClient: Check<RedisClient> = {
  type: 'RedisClient',
  read(where, name, given) {
    const client = Object(given) as Partial<RedisClient>
    // Clients of a cluster and of Sentinel look alike, and send each command to any node.
    if (typeof client.duplicate !== 'function' || 'masters' in client || 'getMasterNode' in client)
      throw wrong(
        where,
        `"${name}" has to be what createClient of the package "redis" returns; otherwise give "url"`,
      )
    return given as RedisClient
  },
}

const keyPrefix: Check<string> = {
  type: 'string',
  range: '1 to 64 characters',
  read(where, name, given) {
    // In braces it would be the part of a key that determines its slot.
    if (typeof given !== 'string' || !/^[^{}\0]{1,64}$/.test(given))
      throw wrong(where, `"${name}" has to be a name of 1 to 64 characters without braces`)
    return given
  },
}

export const redisRows = {
  url: {
    text: "the server's address: `rediss://user:password@host:6379`, or `unix:///path`. Or a function that returns it, called for each connection, such as one that asks Sentinel for the primary",
    shown: 'either this or `client`',
    check: address,
  },
  client: {
    text: "a client from `createClient` of `redis`. The store opens its own connections with the client's options and does not use the client itself, which need not be connected",
    check: ownClient,
  },
  prefix: {
    text: 'what all keys begin with. Several hubs may share a server, each with a prefix of its own',
    default: 'session_hub',
    check: keyPrefix,
  },
  replicas: {
    text: 'how many replicas must confirm a write (`WAIT`) before it is answered; with fewer, the answer is `unavailable`',
    shown: '1 as soon as the server has a replica, 0 before',
    check: wholeNumber({ min: 0, max: 9 }),
  },
  replicaTimeoutMs: {
    text: 'how long the replicas may take. After that, the write is answered with 503',
    unit: 'milliseconds',
    default: 1000,
    check: wholeNumber({ min: 1, max: 1400 }),
  },
  maxWaiting: {
    text: 'how many requests may wait for an answer; the next one gets `unavailable` at once',
    default: 1000,
    check: wholeNumber({ min: 1, max: 100_000 }),
  },
  mayEvict: {
    text: 'accepts a server that evicts records when its memory is full: sessions end, and spent tickets can be spent again',
    default: false,
    check: yesOrNo,
  },
  mayForget: {
    text: 'accepts a server without an append-only file, which loses everything when it restarts',
    default: false,
    check: yesOrNo,
  },
} satisfies OptionRows

export const where = 'redisStore'

/** @throws SessionHubError `options_invalid` */
export function resolveOptions(options: RedisOptions) {
  const { url = '', client, prefix, ...settings } = readOptions(where, redisRows, options)
  if (!client === !url) throw wrong(where, 'either "url" or "client" has to be there')
  return { ...settings, url, client, prefix: `{${prefix}}:` }
}
