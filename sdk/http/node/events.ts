/** Server-sent events on a Node server. */
import type { ServerResponse } from 'node:http'

import type { OpenEvents } from '../server-sent-events.js'

export const openEventsOn =
  (res: ServerResponse): OpenEvents =>
  (headers, { drained, closed }) => {
    // A pipelined request, sent ahead on one connection, would wait for its turn for ever, and nobody would notice its end.
    if (res.destroyed || !res.socket) {
      res.destroy()
      return undefined
    }
    res.on('drain', drained)
    res.on('close', closed)
    res.writeHead(200, headers)
    return {
      isFull: () => res.writableNeedDrain,
      write: (text) => res.write(text),
      end: (text) => res.end(text),
      destroy: () => res.destroy(),
    }
  }
