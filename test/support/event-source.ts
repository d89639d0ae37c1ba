/** Listens to server-sent events, as a site's process or an open page does: one connection, nothing that comes back by itself. */
import http from 'node:http'
import { once } from 'node:events'

import { createParser, type EventSourceMessage } from 'eventsource-parser'

export interface Listening {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** Every event so far. */
  readonly events: EventSourceMessage[]
  /** All that has arrived, letter by letter. */
  readonly text: () => string
  /** Waits until so many events of this name have come. */
  heard(name: string, count?: number): Promise<EventSourceMessage[]>
  /** When the other side has ended it. */
  readonly ended: Promise<void>
  close(): void
}

export async function listenTo(url: string, headers: Record<string, string> = {}): Promise<Listening> {
  const { port, host, pathname, search } = new URL(url)
  const req = http.request({
    host: '127.0.0.1',
    port,
    path: pathname + search,
    headers: { host, accept: 'text/event-stream', ...headers },
    agent: false,
  })
  req.end()
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  const events: EventSourceMessage[] = []
  let text = ''
  const parser = createParser({ onEvent: (event) => void events.push(event) })
  res.setEncoding('utf8')
  res.on('data', (chunk: string) => {
    text += chunk
    parser.feed(chunk)
  })
  res.on('error', () => undefined)
  // Not `once`: a connection that breaks is an end too.
  const ended = new Promise<void>((resolve) => res.on('close', resolve))
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    events,
    text: () => text,
    async heard(name, count = 1) {
      for (;;) {
        const named = events.filter(({ event }) => event === name)
        if (named.length >= count) return named
        await Promise.race([
          once(res, 'data'),
          ended.then(() => {
            throw new Error(`The stream ended before "${name}" was heard`)
          }),
        ])
      }
    },
    ended,
    close: () => req.destroy(),
  }
}
