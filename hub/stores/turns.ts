/**
 * Those of one process that ask for the same handle, `jti` or subject wait for each other: only processes collide, and a commit seldom
 * finds that something has changed.
 */
export interface Turns {
  /** Runs `work` when all who came before for one of these keys are done. */
  take<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result>
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async take(keys, work) {
      const before = keys.map((key) => last.get(key) ?? Promise.resolve())
      const turn = Promise.all(before).then(work)
      // Whoever comes next waits for the end, and does not mind how it ended.
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
