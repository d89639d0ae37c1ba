/** A visit by the Web's own `Request` and `Response` (WHATWG Fetch): Hono, Next.js, Deno, Bun, and every other server that uses them. */
import type { HeaderFields } from '../../http/head.js'
import type { Reply } from '../../http/reply.js'
import type { OpenEvents } from '../../http/server-sent-events.js'
import { keepPrivate } from '../../http/shared-caches.js'
import { SessionHubError } from '../../protocol/errors.js'
import { limits } from '../../protocol/wire.js'
import type { Visit } from '../visit.js'

const encoder = new TextEncoder()

export class WebVisit implements Visit {
  readonly headers: HeaderFields
  readonly url: string
  /** The core's answer, if it has answered. */
  response: Response | undefined
  isOpen = true
  /** The application says where a request comes from; nothing else is known. */
  readonly isProxyUntrusted = false
  readonly #cookies = new Map<string, string>()
  readonly #own = new Map<string, string>()

  constructor(
    readonly request: Request,
    readonly address: string | undefined,
  ) {
    this.headers = Object.fromEntries(request.headers)
    this.url = request.url.slice(request.url.indexOf('/', request.url.indexOf('://') + 3))
  }

  get method() {
    return this.request.method
  }

  get fullUrl() {
    return this.url
  }

  /** Nobody looks for the session on the request: the application has the visit. */
  get shown(): undefined {
    return undefined
  }

  show(): void {
    // Nobody would see it.
  }

  whenSent(): void {
    // Nothing can replace a session that is not on the request.
  }

  addCookies(cookies: readonly string[]): void {
    if (!this.isOpen) return
    for (const cookie of cookies) this.#cookies.set(cookie.slice(0, cookie.indexOf('=')), cookie)
  }

  addHeader(name: string, value: string): void {
    if (this.isOpen) this.#own.set(name, value)
  }

  refuseAddress(): void {
    this.response = new Response(null, { status: 431 })
  }

  reply({ status, headers, body }: Reply): Response {
    const hasBody = status !== 204 && status !== 304
    const length = typeof body === 'string' ? encoder.encode(body).length : body.length
    // An empty text would get a content type.
    const isBodiless = length === 0 || !hasBody || this.method === 'HEAD'
    // TypeScript does not accept a view of any kind of memory as a body, but every runtime does.
    const given = isBodiless ? null : (body as string | Uint8Array<ArrayBuffer>)
    return (this.response = this.finish(
      new Response(given, {
        status,
        headers: { ...headers, ...(hasBody && { 'content-length': String(length) }) },
      }),
    ))
  }

  /** The application's answer with our cookies in it. After this nothing can be added. */
  finish(response: Response): Response {
    this.isOpen = false
    if (this.#cookies.size === 0 && this.#own.size === 0) return response
    // The headers of a response from `fetch` or `Response.redirect` cannot be changed.
    const answer = new Response(response.body, response)
    const { headers } = answer
    const others = headers.getSetCookie().filter((cookie) => !this.#cookies.has(nameOf(cookie)))
    headers.delete('set-cookie')
    for (const cookie of [...others, ...this.#cookies.values()]) headers.append('set-cookie', cookie)
    for (const [name, value] of this.#own) headers.set(name, value)
    keepPrivate({
      getHeader: (name) => headers.get(name) ?? undefined,
      getHeaderNames: () => [...headers.keys()],
      setHeader: (name, value) => {
        headers.set(name, value)
      },
      removeHeader: (name) => {
        headers.delete(name)
      },
    })
    return answer
  }

  readonly openEvents: OpenEvents = (headers, { drained, closed }) => {
    const { signal } = this.request
    if (signal.aborted) return undefined
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const stream = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given
      },
      pull: drained,
      cancel: closed,
    })
    signal.addEventListener('abort', closed, { once: true })
    this.response = this.finish(new Response(stream, { headers }))
    const write = (text: string) => {
      controller.enqueue(encoder.encode(text))
    }
    return {
      isFull: () => (controller.desiredSize ?? 0) <= 0,
      write,
      end(text) {
        if (text !== undefined) write(text)
        controller.close()
      },
      destroy() {
        controller.error(new SessionHubError('unavailable', 'The stream was cut off'))
        closed()
      },
    }
  }

  async readText(maxBytes: number): Promise<string> {
    const tooLarge = () => new SessionHubError('body_too_large', `The body is larger than ${maxBytes} bytes`)
    if (Number(this.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
    const reader = this.#body().getReader()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      void reader.cancel()
    }, limits.bodyTimeoutMs)
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        bytes += value.length
        if (bytes > maxBytes) throw tooLarge()
        chunks.push(value)
      }
    } catch (cause) {
      if (cause instanceof SessionHubError) {
        void reader.cancel().catch(() => undefined)
        throw cause
      }
      throw new SessionHubError('request_invalid', 'The body broke off', { cause })
    } finally {
      clearTimeout(timer)
    }
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the timer may have set it
    if (isLate) throw new SessionHubError('body_timeout', 'The body took too long to arrive')
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(joined(chunks, bytes))
    } catch (cause) {
      throw new SessionHubError('request_invalid', 'The body is not UTF-8', { cause })
    }
  }

  /** @throws SessionHubError `request_invalid` if the application has already read it */
  #body(): ReadableStream<Uint8Array> {
    if (this.request.bodyUsed)
      throw new SessionHubError('request_invalid', 'The application has read the body before us')
    return this.request.body ?? new Blob([]).stream()
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

const nameOf = (cookie: string) => cookie.slice(0, cookie.search(/[=;]|$/)).trim()
