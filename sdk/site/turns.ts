/**
 * Changes that read before they write take turns, session by session. Without it, requests of one visitor that come together all
 * read the same version, and all but one of them would have to begin again, each round.
 */
export type TakeTurn = <Result>(handle: string, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): TakeTurn {
  const last = new Map<string, Promise<unknown>>()
  return (handle, work) => {
    const mine = (last.get(handle) ?? Promise.resolve()).then(work, work)
    last.set(handle, mine)
    const leave = () => {
      if (last.get(handle) === mine) last.delete(handle)
    }
    mine.then(leave, leave)
    return mine
  }
}
