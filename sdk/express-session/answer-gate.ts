/**
 * Holds an answer back while its session is being saved: cookies have to be in its head, and the visitor's next request, which may come as soon as the
 * last byte is there, has to find what this one has stored.
 *
 * The gate stays the outermost, whoever else wraps these methods afterwards (compression does): what wraps them sees the calls when they pass, in
 * their order, as if the application made them then.
 */
import type { ServerResponse } from 'node:http'

export interface Gate {
  /** Whether there is nothing to wait for. */
  readonly mayPass: () => boolean
  readonly settle: () => Promise<void>
  /** The application has to answer otherwise. Where its answer has begun already, it can only be broken off. */
  readonly refuse: (error: unknown) => void
}

const METHODS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
type Method = (typeof METHODS)[number]
type Call = (...given: unknown[]) => unknown

/** What describes an answer that is not given after all. */
const OF_THE_ANSWER =
  /^(content-(?!security-policy).*|etag|last-modified|location|transfer-encoding|accept-ranges)$/

export function gateAnswer(res: ServerResponse, { mayPass, settle, refuse }: Gate): void {
  let state: 'open' | 'holding' | 'over' | 'refused' = 'open'
  let held: (() => unknown)[] = []
  let isWriterWaiting = false
  let isPassing = false

  function pass(method: Method, call: () => unknown): unknown {
    // What Node and those who wrap the answer call on the way: one question was enough.
    if (isPassing || state === 'over') return call()
    if (state === 'refused') {
      // Whoever wrote the answer that was not given may go on with it; the error has been answered in its place.
      if (res.writableEnded) return method === 'write' ? false : res
      return call()
    }
    if (state === 'open') {
      // Between head and end nothing is waited for: what changes there is saved before the last byte.
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
    // What the application asks for may be no answer at all, such as a status of 9999: that shows only now.
    settle().then(release).catch(fail)
  }

  function release(): void {
    state = 'open'
    const calls = held
    held = []
    let returned: unknown
    // One of them may have to wait again; those behind it wait with it.
    for (const call of calls) returned = call()
    if (!isWriterWaiting || !isOpen()) return
    isWriterWaiting = false
    // Where the last one was still too much, Node says when there is room.
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
    // An answer whose end came would say that all was well.
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
