/**
 * Public keys that another server publishes: fetched when one is unknown, fetched again as the list ages, and kept while it cannot be fetched (R9).
 */

/** An unknown `kid` causes at most one request in this time, so that a stranger's tokens cannot make us flood the publisher. */
const READ_EVERY_MS = 30_000

/** Before the first list no token can be verified, so it is requested more often. */
const FIRST_EVERY_MS = 500

/** A list this old is fetched again, so that a retired key is no longer trusted. */
const DUE_MS = 600_000

/** How long a known key waits for that. After that it is used, so that nobody has to wait for a slow address. */
const PATIENCE_MS = 300

/** A list this old is no longer a reason to trust a key: too many may have been retired since. */
const TOO_OLD_MS = 86_400_000

/**
 * @param read fetches the whole list; if it fails, no key is lost
 * @returns a function that finds a key by its `kid`; it throws what `read` threw if the present list cannot tell
 */
export function createKeyList<Kid, Key>(
  read: () => Promise<ReadonlyMap<Kid, Key>>,
): (kid: Kid, nowMs: number) => Promise<Key | undefined> {
  let keys: ReadonlyMap<Kid, Key> = new Map()
  let readMs = -Infinity
  let triedMs = -Infinity
  let trouble: Error | undefined
  let reading: Promise<void> | undefined
  let patience: Promise<void> | undefined

  async function readAgain(nowMs: number): Promise<void> {
    try {
      keys = await read()
      readMs = nowMs
      trouble = undefined
    } catch (thrown) {
      trouble = thrown as Error
    }
    reading = undefined
  }

  return async (kid, nowMs) => {
    // Absolute, because a clock can be set back.
    const ageMs = Math.abs(nowMs - readMs)
    if (keys.has(kid) && ageMs < DUE_MS) return keys.get(kid)
    const everyMs = keys.size === 0 ? FIRST_EVERY_MS : READ_EVERY_MS
    if (!reading && Math.abs(nowMs - triedMs) >= everyMs) {
      triedMs = nowMs
      reading = readAgain(nowMs)
      patience = atMost(PATIENCE_MS, reading)
    }
    if (keys.has(kid) && ageMs < TOO_OLD_MS) {
      await patience
      return keys.get(kid)
    }
    await reading
    if (trouble) throw trouble
    return keys.get(kid)
  }
}

function atMost(timeMs: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeMs)
    void work.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
