/** Connections to the server that has the keys. Each loads the scripts and checks the server, which may be a different one by now. */
import { movedTo, UnsafeServer } from './faults.js'
import { type RedisConnection, within } from './lane.js'
import { text } from './replies.js'
import { scriptTexts } from './scripts.js'
import { type Allowances, faultOf, type Info, readInfo } from './server.js'

/** The part of a `redis` client that is used. The store opens its own connections with the same settings. */
export interface RedisClient {
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): RedisConnection
}

interface Place {
  readonly host: string
  readonly port: number
}

export interface Connector {
  /** @throws the server's own error; UnsafeServer */
  connect(limitMs: number): Promise<RedisConnection>
  /** Checks the server again. @throws UnsafeServer */
  check(connection: RedisConnection): Promise<void>
  /** Remembers where to connect from now on, if a server has said that another one has the keys. */
  follow(thrown: unknown): void
}

/** The settings of each connection of the store. */
const settings = (socket: object) => ({
  RESP: 2,
  name: 'session-hub',
  disableOfflineQueue: true,
  maintNotifications: 'disabled',
  // The store has its own limits, and takes replies as text.
  commandOptions: { timeout: undefined },
  socket: { ...socket, reconnectStrategy: false },
})

type CreateClient = (options: object) => RedisConnection

export type Address = string | (() => string | Promise<string>)

/** @param address is asked for each connection: after a failover, another server may be the primary */
export const byAddress =
  (createClient: CreateClient, address: Address) =>
  async (place: Place | undefined): Promise<RedisConnection> => {
    const url = typeof address === 'string' ? address : await address()
    return createClient({ ...settings({}), url: place ? movedUrl(url, place) : url })
  }

const movedUrl = (from: string, { host, port }: Place): string =>
  Object.assign(new URL(from), { hostname: host.includes(':') ? `[${host}]` : host, port: String(port) }).href

export const byClient =
  (client: RedisClient) =>
  async (place: Place | undefined): Promise<RedisConnection> =>
    client.duplicate({
      ...settings({ ...client.options?.socket, ...place }),
      // Otherwise the address in the options would win.
      ...(place && { url: undefined }),
      keyPrefix: undefined,
      clientSideCache: undefined,
      emitInvalidate: undefined,
    })

/** @param noticed is told what each server says about itself */
export function createConnector(
  make: (place: Place | undefined) => Promise<RedisConnection>,
  allowances: Allowances,
  noticed: (info: Info) => void,
): Connector {
  let place: Place | undefined

  async function check(connection: RedisConnection): Promise<void> {
    const info = readInfo(text(await connection.sendCommand(['INFO'])))
    if (info.get('role') !== 'master') throw new Error('The server is a replica')
    const fault = faultOf(info, allowances)
    if (fault) throw new UnsafeServer(fault)
    noticed(info)
  }

  async function ready(connection: RedisConnection): Promise<void> {
    await connection.connect()
    await check(connection)
    await Promise.all(scriptTexts.map((script) => connection.sendCommand(['SCRIPT', 'LOAD', script])))
  }

  return {
    async connect(limitMs) {
      const connection = await within(make(place), limitMs)
      // Without a listener, a broken connection would end the process. The caller who waits for an answer is told.
      connection.on('error', () => undefined)
      try {
        await within(ready(connection), limitMs)
        return connection
      } catch (thrown) {
        connection.destroy()
        // The server that was said to have the keys accepts nobody: go back to the known ones.
        place = undefined
        throw thrown
      }
    },
    check,
    follow(thrown) {
      place = movedTo(thrown) ?? place
    },
  }
}
