/**
 * What must not run beside itself takes turns: by the session's handle, changes that read before they write, because of requests that come
 * together and read the same version all but one would have to begin again, each round; by the request's session, whatever a request does to
 * it, because two first updates would begin two sessions, and a sign-in beside one would lose the user or the cart.
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
