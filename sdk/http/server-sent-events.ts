/** An answer that goes on and on: server-sent events (WHATWG HTML), from the hub to a site's process, from a site to its open pages. */

/** Where the text goes. */
interface EventsSink {
  /** Whether the listener has more waiting than it reads. */
  isFull(): boolean
  write(text: string): void
  end(text?: string): void
  /** Cuts it off. */
  destroy(): void
}

/** Begins the answer. @returns `undefined` when nobody is there any more */
export type OpenEvents = (
  headers: Readonly<Record<string, string>>,
  on: { readonly drained: () => void; readonly closed: () => void },
) => EventsSink | undefined

export interface EventsAnswer {
  /** Whether the listener has read what it was sent; until then there is no use in more. */
  readonly isRead: () => boolean
  send(text: string): void
  /** Sends a last text, or none, and nothing after it. Who has not read the one before does not get it. */
  end(text?: string): void
  /** Does this once, when it ends, however it ends. */
  onEnd(act: () => void): void
}

export interface EventsParts {
  /** Something is sent this often, so that silence means that the connection is gone. */
  readonly beatMs: number
  /** Asked at each beat: whoever may not listen any more is cut off, and also who cannot be looked up (R21). */
  readonly mayStay?: () => Promise<boolean>
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // A proxy or a middleware that compresses would hold the events back until it has enough of them.
  'cache-control': 'no-store, no-transform',
  'x-content-type-options': 'nosniff',
  'x-accel-buffering': 'no',
}

/** @returns `undefined` when nobody is there any more */
export function beginEvents(open: OpenEvents, { beatMs, mayStay }: EventsParts): EventsAnswer | undefined {
  let isOver = false
  const endings: (() => void)[] = []
  /** Since the last beat. */
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
