/**
 * Work of one process on the same handle, `jti` or subject takes turns. Only processes can then collide, and a commit seldom
 * finds that something has changed.
 */
export interface Turns {
  /** Runs `work` when all earlier work on any of these keys is done. */
  take<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result>
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async take(keys, work) {
      const before = keys.map((key) => last.get(key) ?? Promise.resolve())
      const turn = Promise.all(before).then(work)
      // The next one waits until this one has ended, whether it failed or not.
      const end = turn.catch(() => undefined)
      for (const key of keys) last.set(key, end)
      try {
        return await turn
      } finally {
        for (const key of keys) if (last.get(key) === end) last.delete(key)
      }
    },
  }
}
