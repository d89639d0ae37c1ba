/** What each part of the contract gets: the test runner's functions, and a store of its own for each test. */
import type { Store } from '../../../hub/index.js'

/** An empty store, with which each test begins. */
export interface StoreWorld {
  readonly store: Store
  /** What `opener` is called with, in this process and in others: any JSON value. */
  readonly address?: unknown
  /** All the bytes that a person gets who copies the store; without this, no test looks for handles in them. */
  readonly dump?: () => Uint8Array | Promise<Uint8Array>
  /** Called after the test, when its stores are closed. */
  readonly remove?: () => unknown
}

/** The same, with what only a store has that outlives its process. */
export interface OpenedWorld extends StoreWorld {
  /** Opens the same data once more, as a restarted hub does. It is closed after the test. */
  readonly reopen: () => Promise<Store>
}

export interface StoreContractOptions {
  /** Opens an empty store, which nothing else uses. */
  readonly open: () => StoreWorld | Promise<StoreWorld>
  /**
   * A module whose default export opens the store at a world's `address`. Other processes import it. Without it the store ends with its
   * process, and the tests of restarts, of several processes and of `kill -9` are left out.
   */
  readonly opener?: URL | string
  /** The test runner's own: of mocha, vitest, jest or `node:test`. */
  readonly describe: (title: string, body: () => void) => unknown
  /** The test runner's own. Its third argument is a time limit of 60 seconds; mocha takes the limit from its own option instead. */
  readonly it: (title: string, body: () => Promise<void>, timeoutMs: number) => unknown
}

export interface StoreSuite {
  readonly describe: (title: string, body: () => void) => void
  /** @returns a function that declares a test with an empty store; `use` receives that store */
  readonly it: (use: (opened: OpenedWorld) => void) => (title: string, body: () => Promise<void>) => void
  readonly open: () => Promise<StoreWorld>
  /** `undefined` if the store ends with its process. */
  readonly opener: string | undefined
}

/** Enough for four processes that start on a busy machine. */
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

/** @param module a module whose default export opens a store */
export async function openAt(module: string | undefined, address: unknown): Promise<Store> {
  if (module === undefined) throw new TypeError('storeContract: "opener" is missing')
  const { default: open } = (await import(module)) as { default?: unknown }
  if (typeof open !== 'function')
    throw new TypeError(`storeContract: "opener" has to be a module whose default export is a function`)
  return (open as (address: unknown) => Store | Promise<Store>)(address)
}
