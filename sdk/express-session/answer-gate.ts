/**
 * Holds an answer back while its session is being saved. The cookies have to be in its head, and the visitor's next request, which may come as
 * soon as the last byte has arrived, has to find what this request has stored.
 *
 * The gate stays the outermost wrapper, even if others (such as compression) wrap these methods later: they see the calls when the gate lets
 * them through, in their order, as if the application made them then.
 */
import type { ServerResponse } from 'node:http'

export interface Gate {
  /** Whether there is nothing to wait for. */
  readonly mayPass: () => boolean
  readonly settle: () => Promise<void>
  /** Makes the application answer with this error instead. An answer that has already begun can only be broken off. */
  readonly refuse: (error: unknown) => void
}

const METHODS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
type Method = (typeof METHODS)[number]
type Call = (...given: unknown[]) => unknown

/** The headers that describe the answer that will not be sent. */
const OF_THE_ANSWER =
  /^(content-(?!security-policy).*|etag|last-modified|location|transfer-encoding|accept-ranges)$/

export function gateAnswer(res: ServerResponse, { mayPass, settle, refuse }: Gate): void {
  let state: 'open' | 'holding' | 'over' | 'refused' = 'open'
  let held: (() => unknown)[] = []
  let isWriterWaiting = false
  let isPassing = false

  function pass(method: Method, call: () => unknown): unknown {
    // Calls that Node and other wrappers make inside a call that was let through: asking once is enough.
    if (isPassing || state === 'over') return call()
    if (state === 'refused') {
      // The writer of the refused answer may continue to write it; the error has been sent instead.
      if (res.writableEnded) return method === 'write' ? false : res
      return call()
    }
    if (state === 'open') {
      // Between the head and the end nothing waits: what changes in between is saved before the last byte.
      if (method !== 'end' && res.headersSent) return call()
      if (mayPass()) return passed(method, call)
      hold()
    }
    held.push(() => pass(method, call))
    if (method !== 'write') return res
    isWriterWaiting = true
    return false
  }

  function passed(method: Method, call: () => unknown): unknown {
    if (method === 'end') state = 'over'
    isPassing = true
    try {
      return call()
    } finally {
      isPassing = false
    }
  }

  function hold(): void {
    state = 'holding'
    // The application's call may be invalid, such as a status of 9999: that shows only now.
    settle().then(release).catch(fail)
  }

  function release(): void {
    state = 'open'
    const calls = held
    held = []
    let returned: unknown
    // One of the calls may have to wait again; those after it wait with it.
    for (const call of calls) returned = call()
    if (!isWriterWaiting || !isOpen()) return
    isWriterWaiting = false
    // If the last call still filled the buffer, Node itself emits `drain` when there is room.
    if (returned !== false) res.emit('drain')
  }

  function fail(error: unknown): void {
    state = 'refused'
    held = []
    if (!res.headersSent) {
      for (const name of res.getHeaderNames()) if (OF_THE_ANSWER.test(name)) res.removeHeader(name)
      refuse(error)
      return
    }
    refuse(error)
    // If the answer ended normally, it would say that all was well.
    setImmediate(() => {
      if (!res.writableEnded) res.destroy()
    })
  }

  const isOpen = () => state === 'open'

  for (const method of METHODS) {
    const gated =
      (inner: Call): Call =>
      (...given) =>
        pass(method, () => inner.apply(res, given))
    let outer = gated(Reflect.get(res, method) as Call)
    Object.defineProperty(res, method, {
      configurable: true,
      enumerable: true,
      get: () => outer,
      set: (wrapper: Call) => {
        outer = gated(wrapper)
      },
    })
  }
}
