/** Where a store that several processes share is found, in words that another process can be sent. */
import { createClient } from 'redis'

import { sqliteStore, type Store } from 'session-hub/hub'
import { postgresStore } from 'session-hub/hub/postgres'
import { redisStore } from 'session-hub/hub/redis'

export type Address =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  | {
      readonly kind: 'redis'
      readonly url: string
      readonly prefix: string
      /** Of a Sentinel, which is asked for the primary of this name; `url` then has no say. */
      readonly sentinel?: { readonly port: number; readonly name: string }
    }

export async function openAt(address: Address): Promise<Store> {
  if (address.kind === 'postgres') return postgresStore({ url: address.url, schema: address.schema })
  if (address.kind === 'sqlite') return sqliteStore({ path: address.path, busyTimeoutMs: 10_000 })
  const { url, prefix, sentinel } = address
  return redisStore({ prefix, url: sentinel ? () => primaryOf(sentinel) : url })
}

/** As docs/redis.md says: whoever connects asks Sentinel first. */
async function primaryOf({ port, name }: { port: number; name: string }): Promise<string> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const [host, at] = await client.sendCommand<string[]>(['SENTINEL', 'get-master-addr-by-name', name])
    return `redis://${host}:${at}`
  } finally {
    client.destroy()
  }
}
