/** An answer that goes on and on: server-sent events (WHATWG HTML), from the hub to a site's process, from a site to its open pages. */
import type { ServerResponse } from 'node:http'

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

/** @returns `undefined` when nobody is there any more */
export function beginEvents(res: ServerResponse, { beatMs, mayStay }: EventsParts): EventsAnswer | undefined {
  // Of requests that were sent ahead on one connection, this one would wait for ever for its turn, and nobody would hear of its end.
  if (res.destroyed || !res.socket) {
    res.destroy()
    return undefined
  }
  let isOver = false
  const endings: (() => void)[] = []
  /** Since the last beat. */
  let isStuck = false
  const beat = setInterval(() => void goOn(), beatMs).unref()

  function finish(): void {
    if (isOver) return
    isOver = true
    clearInterval(beat)
    for (const act of endings) act()
  }

  async function isAllowed(): Promise<boolean> {
    try {
      return (await mayStay?.()) ?? true
    } catch {
      return false
    }
  }

  async function goOn(): Promise<void> {
    // It has read nothing from one beat to the next (R31).
    if (isStuck || !(await isAllowed())) {
      res.destroy()
      return
    }
    isStuck = res.writableNeedDrain
    if (!isOver && !isStuck) res.write(':\n\n')
  }

  res.on('drain', () => {
    isStuck = false
  })
  res.on('close', finish)
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // A proxy or a middleware that compresses would hold the events back until it has enough of them.
    'cache-control': 'no-store, no-transform',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  })
  return {
    isRead: () => !res.writableNeedDrain,
    send(text) {
      if (!isOver) res.write(text)
    },
    end(text) {
      if (isOver) return
      finish()
      if (res.writableNeedDrain) res.destroy()
      else res.end(text)
    },
    onEnd(act) {
      if (isOver) act()
      else endings.push(act)
    },
  }
}
