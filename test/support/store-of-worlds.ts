/** The store of each world: memory, or what `TEST_STORE` names; `npm run test:stores` runs the wire tests on all of them. */
import { memoryStore, sqliteStore, type Store } from 'session-hub/hub'
import { postgresStore } from 'session-hub/hub/postgres'
import { redisStore } from 'session-hub/hub/redis'

export async function storeOfWorld(): Promise<Store> {
  switch (process.env['TEST_STORE']) {
    case undefined:
      return memoryStore()
    case 'sqlite': {
      const { newFolder } = await import('./stores.js')
      return sqliteStore(`${newFolder()}/sessions.db`)
    }
    case 'postgres': {
      const { openSchema } = await import('./postgres.js')
      const { postgres, schema } = await openSchema()
      return unheard(await postgresStore({ url: postgres.url, schema, maxConnections: 4 }))
    }
    case 'redis': {
      const { openPrefix } = await import('./redis.js')
      const { redis, prefix } = await openPrefix()
      return unheard(await redisStore({ url: redis.url, prefix }))
    }
    case 'twice':
      return decidesTwice(memoryStore())
    default:
      throw new Error('TEST_STORE is "sqlite", "postgres", "redis" or "twice"')
  }
}

/** How often that store takes each decision, and calls the hooks in it. */
export const DECISIONS = process.env['TEST_STORE'] === 'twice' ? 2 : 1

/** Says nothing of itself: tests compare the whole log. */
function unheard(store: Store): Store {
  Reflect.set(store, 'durability', undefined)
  return store
}

/** As a store that finds, each time, that another process was faster. */
export function decidesTwice(store: Store): Store {
  const transact = store.transact.bind(store)
  store.transact = (question, decide) =>
    transact(question, (view) => {
      decide(structuredClone(view))
      return decide(view)
    })
  return store
}
