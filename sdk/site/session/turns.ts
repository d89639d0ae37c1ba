/**
 * Work that must not run concurrently takes turns. By the session's handle: changes that read before they write. If several requests read the
 * same version at once, all but one would have to begin again in each round. By the request's session: everything that one request does to it.
 * Two first updates would begin two sessions, and a sign-in with a concurrent update would lose the user or the cart.
 */
export type TakeTurn = <Result>(whose: string | object, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): TakeTurn {
  const last = new Map<string | object, Promise<unknown>>()
  return (whose, work) => {
    const mine = (last.get(whose) ?? Promise.resolve()).then(work, work)
    last.set(whose, mine)
    const leave = () => {
      if (last.get(whose) === mine) last.delete(whose)
    }
    mine.then(leave, leave)
    return mine
  }
}
