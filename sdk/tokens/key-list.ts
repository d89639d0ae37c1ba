/** Public keys that another server publishes: read when one is unknown, read again as the list ages, kept while it cannot be read (R9). */

/** An unknown `kid` causes at most one request in this time, so that a stranger's tokens cannot make us hammer the publisher. */
const READ_EVERY_MS = 30_000

/** Before the first list nothing can be said of any token, so it is asked for more often. */
const FIRST_EVERY_MS = 500

/** A list this old is read again, so that a key that was retired is trusted no longer. */
const DUE_MS = 600_000

/** A known key waits so long for that. Then it is used: nobody has to wait for an address that is slow. */
const PATIENCE_MS = 300

/** A list this old is no ground to trust a key on: too much may have been retired since. */
const TOO_OLD_MS = 86_400_000

/**
 * @param read gives the whole list; its trouble takes no key away
 * @returns finds a key by its `kid`; throws what `read` threw where the list in hand cannot tell
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
    // Both ways, for a clock can be set back.
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
