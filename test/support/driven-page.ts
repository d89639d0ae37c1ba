/** What a visitor and a page's own script can do, in any browser, whoever drives it. */

/** The least that a browser has to offer. */
export interface Driver {
  /** Opens an address and waits until it has loaded. */
  open(url: string): Promise<void>
  /** Runs a function in the page and waits for what it promises. */
  run<Args extends unknown[], Result>(
    act: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result>
  /** Waits until it is so, over navigations too. */
  until<Args extends unknown[]>(isSo: (...args: Args) => unknown, ...args: Args): Promise<void>
  /** A click as by a mouse. */
  click(selector: string): Promise<void>
  /** Does something that opens a window, and something in it after which it closes itself. */
  inPopup(
    open: () => Promise<void>,
    act: (popup: Pick<Driver, 'click' | 'until'>) => Promise<void>,
  ): Promise<void>
}

export interface SdkEvent {
  readonly name: string
  readonly detail: Record<string, unknown>
}

export interface DrivenPage extends Driver {
  /** Opens an address and waits for the SDK's sync to end. @returns how the sync ended */
  visit(url: string): Promise<SdkEvent>
  /** The same on a page that has loaded before: until then the frame steps aside on a slow machine, and the hub is asked once more. @returns the status */
  visitLoaded(origin: string): Promise<Record<string, unknown>>
  /** A request of the page's own script to its own backend. */
  fetch(path: string, body?: object): Promise<Record<string, unknown>>
  /** Asks the SDK to sync now. @returns its status */
  sync(): Promise<Record<string, unknown>>
}

export function drive(driver: Driver): DrivenPage {
  const run: Driver['run'] = (act, ...args) => driver.run(act, ...args)
  return {
    ...driver,
    async visit(url) {
      await driver.open(url)
      return run(
        () =>
          new Promise<SdkEvent>((ended) => {
            for (const name of ['synced', 'sync-failed'] as const) {
              SessionHub.on(name, (detail) => ended({ name, detail: { ...detail } }))
            }
          }),
      )
    },
    async visitLoaded(origin) {
      await driver.open(`${origin}/?start=manual`)
      await driver.until(() => 'SessionHub' in window)
      return run(async () => ({ ...(await SessionHub.sync()) }))
    },
    fetch: (path, body) =>
      run(
        async (to: string, sent?: object) => {
          const options = {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(sent),
          }
          const reply = await fetch(to, sent ? options : {})
          return (await reply.json()) as Record<string, unknown>
        },
        path,
        ...(body ? [body] : []),
      ),
    sync: () => run(async () => ({ ...(await SessionHub.sync({ force: true })) })),
  }
}
