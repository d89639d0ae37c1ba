/**
 * A clock of the test's own. It stands still until it is set on; what lives by real time in the code under test (what a cache forgets, when
 * something is tried again) follows it too, so that a minute costs nothing and a sequence is the same each time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Pauses before something is tried again. Shorter and longer ones are time limits, and stay as they are. */
const SHORTEST_MS = 100
const LONGEST_MS = 5000
const NEVER_MS = 2 ** 31 - 1

export interface OwnTime {
  readonly now: () => number
  advance(ms: number): void
  /** Does at once what waits for its pause to pass. */
  wake(): void
  /** The timers and the clock of the process are its own again. */
  giveBack(): void
}

export function takeTime(startMs: number): OwnTime {
  const { setTimeout: setReal, clearTimeout: clearReal } = globalThis
  const clockOfProcess = performance.now.bind(performance)
  const waiting = new Map<NodeJS.Timeout, () => void>()
  let nowMs = startMs

  const setOwn = (act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    if (ms < SHORTEST_MS || ms > LONGEST_MS) return setReal(act, ms, ...args)
    const timer = setReal(() => undefined, NEVER_MS).unref()
    waiting.set(timer, () => {
      act(...args)
    })
    return timer
  }
  const clearOwn = (timer: NodeJS.Timeout | undefined) => {
    if (timer) waiting.delete(timer)
    clearReal(timer)
  }
  Object.assign(globalThis, { setTimeout: setOwn, clearTimeout: clearOwn })
  performance.now = () => nowMs

  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms
    },
    wake() {
      for (const [timer, act] of [...waiting]) {
        clearOwn(timer)
        act()
      }
    },
    giveBack() {
      Object.assign(globalThis, { setTimeout: setReal, clearTimeout: clearReal })
      performance.now = clockOfProcess
    },
  }
}

/** What has been written to a socket of this process is read by then. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn()
}
