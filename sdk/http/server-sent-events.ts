/** An answer that stays open: server-sent events (WHATWG HTML), from the hub to a site's process, and from a site to its open pages. */

/** The destination of the text. */
interface EventsSink {
  /** Whether more is waiting for the listener than it reads. */
  isFull(): boolean
  write(text: string): void
  end(text?: string): void
  /** Cuts the listener off. */
  destroy(): void
}

/** Begins the answer. @returns `undefined` if the listener has already gone */
export type OpenEvents = (
  headers: Readonly<Record<string, string>>,
  on: { readonly drained: () => void; readonly closed: () => void },
) => EventsSink | undefined

export interface EventsAnswer {
  /** Whether the listener has read what it was sent; until then, sending more is useless. */
  readonly isRead: () => boolean
  send(text: string): void
  /** Sends a last text, or none, and nothing after it. A listener that has not read the text before does not get it. */
  end(text?: string): void
  /** Calls back once when the answer ends, however it ends. */
  onEnd(act: () => void): void
}

export interface EventsParts {
  /** How often something is sent, so that silence means that the connection is lost. */
  readonly beatMs: number
  /** Called at each beat: a listener that may no longer listen, or that cannot be looked up, is cut off (R21). */
  readonly mayStay?: () => Promise<boolean>
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy or middleware that compresses would hold the events back until it has enough of them.
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
  'x-accel-buffering': 'no',
}

/** @returns `undefined` if the listener has already gone */
export function beginEvents(open: OpenEvents, { beatMs, mayStay }: EventsParts): EventsAnswer | undefined {
  let isOver = false
  const endings: (() => void)[] = []
  /** Whether the listener has read nothing since the last beat. */
  let isStuck = false

  function finish(): void {
    if (isOver) return
    isOver = true
    clearInterval(beat)
    for (const act of endings) act()
  }
  const drained = () => {
    isStuck = false
  }
  const sink = open(HEADERS, { drained, closed: finish })
  if (!sink) return undefined

  const isAllowed = async () => {
    try {
      return (await mayStay?.()) ?? true
    } catch {
      return false
    }
  }

  const goOn = async () => {
    // It has read nothing from one beat to the next (R31).
    if (isStuck || !(await isAllowed())) {
      sink.destroy()
      return
    }
    isStuck = sink.isFull()
    if (!isOver && !isStuck) sink.write(':\n\n')
  }
  const beat = setInterval(() => void goOn(), beatMs)
  beat.unref()

  return {
    isRead: () => !sink.isFull(),
    send(text) {
      if (!isOver) sink.write(text)
    },
    end(text) {
      if (isOver) return
      finish()
      if (sink.isFull()) sink.destroy()
      else sink.end(text)
    },
    onEnd(act) {
      if (isOver) act()
      else endings.push(act)
    },
  }
}
