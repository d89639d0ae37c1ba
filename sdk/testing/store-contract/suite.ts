/** What a chapter of the contract gets: the words of the test runner, and a store of its own for each test. */
import type { Store } from '../../../hub/index.js'

/** An empty store, as each test begins with one. */
export interface StoreWorld {
  readonly store: Store
  /** What `opener` is told, in this process and in others: anything that JSON holds. */
  readonly address?: unknown
  /** Every byte that somebody gets who copies the store; without it, nothing looks for handles in there. */
  readonly dump?: () => Uint8Array | Promise<Uint8Array>
  /** After the test, when its stores are closed. */
  readonly remove?: () => unknown
}

/** The same, with what only a store has that outlives its process. */
export interface OpenedWorld extends StoreWorld {
  /** Opens the same data once more, as a restarted hub does. Closed with the test. */
  readonly reopen: () => Promise<Store>
}

export interface StoreContractOptions {
  /** An empty store, which nothing else uses. */
  readonly open: () => StoreWorld | Promise<StoreWorld>
  /**
   * A module whose default export opens the store at a world's `address`. Other processes import it. Without it the store is one that ends
   * with its process, and the tests of restarts, of several processes and of `kill -9` are left out.
   */
  readonly opener?: URL | string
  /** The test runner's own: of mocha, vitest, jest or `node:test`. */
  readonly describe: (title: string, body: () => void) => unknown
  /** The test runner's own. It is told a time limit of 60 seconds behind the function; mocha takes it from its own option. */
  readonly it: (title: string, body: () => Promise<void>, timeoutMs: number) => unknown
}

export interface StoreSuite {
  readonly describe: (title: string, body: () => void) => void
  /** @returns what makes a test that begins with an empty store; `use` is told which one */
  readonly it: (use: (opened: OpenedWorld) => void) => (title: string, body: () => Promise<void>) => void
  readonly open: () => Promise<StoreWorld>
  /** `undefined` where the store ends with its process. */
  readonly opener: string | undefined
}

/** Four processes that start on a machine that is busy. */
const TIMEOUT_MS = 60_000

export function suiteOf({ open, opener, describe, it }: StoreContractOptions): StoreSuite {
  const module = opener === undefined ? undefined : String(opener)

  async function run(use: (opened: OpenedWorld) => void, body: () => Promise<void>): Promise<void> {
    const world = await open()
    const opened = [world.store]
    const reopen = async () => {
      const store = await openAt(module, world.address)
      opened.push(store)
      return store
    }
    try {
      use({ ...world, reopen })
      await body()
    } finally {
      for (const store of opened) await store.close()
      await world.remove?.()
    }
  }

  return {
    opener: module,
    open: async () => open(),
    describe: (title, body) => void describe(title, body),
    it: (use) => (title, body) => void it(title, () => run(use, body), TIMEOUT_MS),
  }
}

/** @param module its default export opens a store */
export async function openAt(module: string | undefined, address: unknown): Promise<Store> {
  if (module === undefined) throw new TypeError('storeContract: "opener" is missing')
  const { default: open } = (await import(module)) as { default?: unknown }
  if (typeof open !== 'function')
    throw new TypeError(`storeContract: "opener" has to be a module whose default export is a function`)
  return (open as (address: unknown) => Store | Promise<Store>)(address)
}
