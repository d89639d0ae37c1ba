/** A request without a socket: Node's own request and response, around bytes in memory. Some fifty times as many in a second. */
import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: object | string
}

export interface Replied {
  readonly status: number
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
}

export function ask(listener: RequestListener, { method, url, headers, body }: Asked): Promise<Replied> {
  const wire = new Wire()
  const text = typeof body === 'object' ? JSON.stringify(body) : body
  const req = new IncomingMessage(wire)
  const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  Object.assign(req, { method, url, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  req.headers = { ...headers, ...length }
  if (text !== undefined) req.push(text)
  req.push(null)
  req.complete = true
  const res = new ServerResponse(req)
  res.assignSocket(wire)
  return new Promise((resolve) => {
    res.on('finish', () => {
      resolve(wire.reply())
    })
    listener(req, res)
  })
}

/** Keeps what is written. */
class Wire extends Socket {
  readonly #chunks: Buffer[] = []

  override _read(): void {}

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(Buffer.from(chunk))
    done()
  }

  override _writev(chunks: { chunk: Buffer | string }[], done: () => void): void {
    for (const { chunk } of chunks) this.#chunks.push(Buffer.from(chunk))
    done()
  }

  reply(): Replied {
    const text = Buffer.concat(this.#chunks).toString()
    const end = text.indexOf('\r\n\r\n')
    const [first = '', ...lines] = text.slice(0, end).split('\r\n')
    const headers = new Map<string, string[]>()
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase()
      headers.set(name, [...(headers.get(name) ?? []), line.slice(name.length + 2)])
    }
    return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
  }
}
