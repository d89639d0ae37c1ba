/** Tells when this process has to stop, and when the sender of the signal does not want to wait. */

/**
 * One wish to stop often arrives twice: a terminal and systemd signal every process of a group, and npm, or the first of several workers, also passes
 * its own signal on. A signal that comes this soon after the last one is the same wish.
 */
const SAME_WISH_MS = 1000

export interface StopSignals {
  readonly asked: Promise<NodeJS.Signals>
  /** Aborted by a second wish. A third one ends the process, as the signal does by default. */
  readonly hurry: AbortSignal
}

export function stopSignals(now: () => number = () => performance.now()): StopSignals {
  const signals = ['SIGTERM', 'SIGINT'] as const
  const hurry = new AbortController()
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    let wishes = 0
    let lastMs = -Infinity
    const hear = (signal: NodeJS.Signals) => {
      if (now() - lastMs < SAME_WISH_MS) return
      lastMs = now()
      wishes += 1
      if (wishes === 1) resolve(signal)
      else if (wishes === 2) hurry.abort()
      else {
        for (const each of signals) process.off(each, hear)
        process.kill(process.pid, signal)
      }
    }
    for (const each of signals) process.on(each, hear)
  })
  return { asked, hurry: hurry.signal }
}
