/** Requests over TLS to a proxy of this machine, by HTTP/1.1 or HTTP/2. */
import http2 from 'node:http2'
import https from 'node:https'
import { connect } from 'node:tls'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

export interface Client {
  /** On a kept connection, if there is one. */
  ask(url: string, asked?: Asked): Promise<Answer>
  /** One stream of a connection that speaks HTTP/2, for as long as it lasts. */
  overHttp2(url: string, asked?: Asked): Http2Answer
  close(): void
}

interface Http2Answer {
  readonly done: Promise<Answer>
  /** Resolves with the status when the answer begins. */
  readonly begun: Promise<number>
  /** Resolves when this has arrived, whatever comes after it. */
  heard(text: string): Promise<void>
  cancel(): void
}

export function createClient(ca: string): Client {
  const agent = new https.Agent({ keepAlive: true, ca })
  const sessions = new Map<string, http2.ClientHttp2Session>()

  function sessionFor({ origin, hostname, port }: URL): http2.ClientHttp2Session {
    const known = sessions.get(origin)
    if (known && !known.closed) return known
    const to = { host: '127.0.0.1', port: Number(port), servername: hostname, ca, ALPNProtocols: ['h2'] }
    const session = http2.connect(origin, { createConnection: () => connect(to) })
    session.on('error', () => undefined)
    sessions.set(origin, session)
    return session
  }

  return {
    ask(url, { method = 'GET', headers = {}, body } = {}) {
      const { hostname, port, host, pathname, search } = new URL(url)
      const text = body && JSON.stringify(body)
      const all = { host, ...headers, ...(text && { 'content-type': 'application/json' }) }
      const to = { host: '127.0.0.1', port, servername: hostname, path: pathname + search }
      return new Promise((resolve, reject) => {
        const req = https.request({ ...to, method, headers: all, agent })
        req.on('error', reject)
        req.on('response', (res) => {
          let answer = ''
          res.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
          res.on('error', reject)
          res.on('end', () => {
            resolve({ status: res.statusCode ?? 0, headers: res.headers, text: answer })
          })
        })
        req.end(text)
      })
    },
    overHttp2(url, { method = 'GET', headers = {}, body } = {}) {
      const at = new URL(url)
      const text = body && JSON.stringify(body)
      const stream = sessionFor(at).request({
        ':method': method,
        ':path': at.pathname + at.search,
        ...headers,
        ...(text && { 'content-type': 'application/json' }),
      })
      let received = ''
      let answer: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {}
      stream.setEncoding('utf8')
      const begun = new Promise<number>((resolve) => {
        stream.on('response', (given) => {
          answer = given
          resolve(given[':status'] ?? 0)
        })
      })
      stream.on('data', (chunk: string) => (received += chunk))
      const done = new Promise<Answer>((resolve, reject) => {
        stream.on('error', reject)
        stream.on('close', () => {
          resolve({ status: answer[':status'] ?? 0, headers: answer, text: received })
        })
      })
      done.catch(() => undefined)
      stream.end(text)
      return {
        done,
        begun,
        heard: (wanted) =>
          new Promise((resolve, reject) => {
            const look = () => {
              if (received.includes(wanted)) resolve()
            }
            stream.on('data', look)
            stream.on('close', () => {
              reject(new Error(`It ended without "${wanted}": ${received}`))
            })
            look()
          }),
        cancel() {
          stream.close(http2.constants.NGHTTP2_CANCEL)
        },
      }
    },
    close() {
      agent.destroy()
      for (const session of sessions.values()) session.destroy()
    },
  }
}
