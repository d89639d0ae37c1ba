/** Holds requests back until a test lets them go, so that "at the same time" is no matter of luck. */
import type { RequestHandler } from 'express'

export interface Gate {
  readonly handler: RequestHandler
  /** From now on holds back what has this path, until so many are there; then all of them pass. */
  holdUntil(count: number, path: string): void
  /** Lets everything pass. */
  open(): void
}

export function createGate(): Gate {
  let wanted = 0
  let heldPath = ''
  let waiting: (() => void)[] = []

  function open(): void {
    const all = waiting
    wanted = 0
    waiting = []
    for (const pass of all) pass()
  }

  return {
    handler(req, _res, next) {
      if (wanted === 0 || req.url !== heldPath) {
        next()
        return
      }
      waiting.push(next)
      if (waiting.length >= wanted) open()
    },
    holdUntil(count, path) {
      wanted = count
      heldPath = path
    },
    open,
  }
}
