/** The line between sites and hub, as far as the event streams go: it can be cut, and everything else goes on. */
import type { RequestHandler, Response } from 'express'

export interface Line {
  readonly handler: RequestHandler
  /** How many streams are open now, and have said hello: before that, a site has nothing with which it could go on. */
  readonly open: number
  /** Breaks the streams that are open; they may come again at once. */
  disturb(): void
  /** Breaks each of them as soon as so many more bytes have come through, in the middle of whatever that is. */
  disturbAfter(bytes: number): void
  /** Breaks them, and none comes through until it is mended. */
  cut(): void
  mend(): void
}

export function createLine(): Line {
  /** And how many bytes each may still carry. */
  const streams = new Map<Response, number>()
  const greeted = new Set<Response>()
  let isCut = false

  function disturb(): void {
    for (const stream of streams.keys()) stream.destroy()
  }

  function bound(stream: Response): void {
    const write = stream.write.bind(stream) as (bytes: Buffer, done?: () => void) => boolean
    stream.write = (text: string) => {
      const bytes = Buffer.from(text)
      greeted.add(stream)
      const left = streams.get(stream) ?? 0
      streams.set(stream, left - bytes.length)
      return left < bytes.length
        ? write(bytes.subarray(0, Math.max(0, left)), () => stream.destroy())
        : write(bytes)
    }
  }

  return {
    handler(req, res, next) {
      if (req.path !== '/backchannel/events') {
        next()
        return
      }
      if (isCut) {
        res.destroy()
        return
      }
      streams.set(res, Infinity)
      res.on('close', () => {
        streams.delete(res)
        greeted.delete(res)
      })
      bound(res)
      next()
    },
    get open() {
      return greeted.size
    },
    disturb,
    disturbAfter(bytes) {
      for (const stream of streams.keys()) streams.set(stream, bytes)
    },
    cut() {
      isCut = true
      disturb()
    },
    mend() {
      isCut = false
    },
  }
}
