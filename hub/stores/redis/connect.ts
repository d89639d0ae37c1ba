/** Connections to the server that has the keys: with the scripts loaded, and looked at each time, for it may be another one by now. */
import { movedTo, UnsafeServer } from './faults.js'
import { type RedisConnection, within } from './lane.js'
import { text } from './replies.js'
import { scriptTexts } from './scripts.js'
import { type Allowances, faultOf, type Info, readInfo } from './server.js'

/** What of a client of `redis`' is used: connections of the store's own are made as it is. */
export interface RedisClient {
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): RedisConnection
}

interface Place {
  readonly host: string
  readonly port: number
}

export interface Connector {
  /** @throws what the server has said; UnsafeServer */
  connect(limitMs: number): Promise<RedisConnection>
  /** Looks at the server once more. @throws UnsafeServer */
  check(connection: RedisConnection): Promise<void>
  /** Where to connect from now on, when a server has said that another one has the keys. */
  follow(thrown: unknown): void
}

/** Of each connection of the store's. */
const settings = (socket: object) => ({
  RESP: 2,
  name: 'session-hub',
  disableOfflineQueue: true,
  maintNotifications: 'disabled',
  // The store has limits of its own, and takes replies as text.
  commandOptions: { timeout: undefined },
  socket: { ...socket, reconnectStrategy: false },
})

type CreateClient = (options: object) => RedisConnection

export type Address = string | (() => string | Promise<string>)

/** @param address asked for each connection: after a failover, another server may be the primary */
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
      // Otherwise the address there would win.
      ...(place && { url: undefined }),
      keyPrefix: undefined,
      clientSideCache: undefined,
      emitInvalidate: undefined,
    })

/** @param noticed is told what each server says of itself */
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
      // Without a listener, a connection that breaks would end the process. Whoever waits for an answer is told.
      connection.on('error', () => undefined)
      try {
        await within(ready(connection), limitMs)
        return connection
      } catch (thrown) {
        connection.destroy()
        // Whoever was said to have the keys has nobody in: back to those that are known.
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
