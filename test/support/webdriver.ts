/** Classic WebDriver over HTTP, as far as the tests need it: one session, and commands below it. */

import type { Driver } from './driven-page.js'

/** How WebDriver writes a reference to an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
type ElementReference = Readonly<Record<typeof ELEMENT, string>>

export interface WebDriverSession {
  get(path: string): Promise<unknown>
  post(path: string, body?: object): Promise<unknown>
  /** Runs a function in the page and waits for what it promises. */
  run: Driver['run']
  /** The first such element. */
  find(selector: string): Promise<ElementReference>
  /** A click as by a mouse, on the element's middle. */
  click(selector: string): Promise<void>
  end(): Promise<void>
}

/** @param driver the driver's address */
export async function startSession(driver: string, capabilities: object): Promise<WebDriverSession> {
  const made = await command(driver, 'POST', '/session', { capabilities: { alwaysMatch: capabilities } })
  const session = `${driver}/session/${(made as { sessionId: string }).sessionId}`
  const post = (path: string, body: object = {}) => command(session, 'POST', path, body)
  const find = (selector: string) =>
    post('/element', { using: 'css selector', value: selector }) as Promise<ElementReference>
  return {
    get: (path) => command(session, 'GET', path),
    post,
    async run<Args extends unknown[], Result>(
      act: (...args: Args) => Result | Promise<Result>,
      ...args: Args
    ) {
      // An error of the function would be a script's uncaught one here, and end in a time limit.
      const script = `const done = arguments[arguments.length - 1]
        const act = ${act.toString()}
        new Promise((given) => given(act(...arguments[0]))).then(
          (value) => done({ value }), (error) => done({ error: String(error) }))`
      type Told = { value: Result } | { error: string }
      const told = (await post('/execute/async', { script, args: [args] })) as Told
      if ('error' in told) throw new Error(told.error)
      return told.value
    },
    find,
    async click(selector) {
      await post(`/element/${(await find(selector))[ELEMENT]}/click`)
    },
    async end() {
      await command(session, 'DELETE', '')
    },
  }
}

async function command(base: string, method: string, path: string, body?: object): Promise<unknown> {
  const reply = await fetch(base + path, { method, ...(body && { body: JSON.stringify(body) }) })
  const { value } = (await reply.json()) as { value: unknown }
  if (reply.ok) return value
  const { error, message } = value as { error: string; message: string }
  throw new Error(`${error}: ${message}`)
}

/** Waits until the driver takes commands. */
export async function untilReady(driver: string, isRunning: () => boolean): Promise<void> {
  for (;;) {
    const isReady = await command(driver, 'GET', '/status').then(
      () => true,
      () => false,
    )
    if (isReady) return
    if (!isRunning()) throw new Error('The WebDriver has ended')
    await new Promise((next) => setTimeout(next, 20))
  }
}
