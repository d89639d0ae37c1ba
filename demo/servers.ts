/**
 * The demo's four HTTP servers. They listen before there is anything to serve: a site needs every address before it can be made,
 * and a taken port has to be found before a file is written.
 */
import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface DemoServer {
  readonly origin: string
  /** Sets the application. Until then, every answer is 503. */
  serve(app: RequestListener): void
  /** Listens again, on the same port, after a `close()`. */
  listen(): Promise<void>
  /** Cuts off open connections: otherwise a page's connection would stay open for ever. */
  close(): Promise<void>
}

export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'

  constructor(
    readonly port: number,
    readonly portBase: number,
    cause: unknown,
  ) {
    super(`Port ${port} is taken`, { cause })
  }
}

/** Only this machine may connect, because the demo signs anybody in. */
const LOOPBACK = '127.0.0.1'

/**
 * Opens one server for each name, on consecutive ports, or on any free ports if `portBase` is 0.
 *
 * @throws PortTakenError after closing the servers that were already open
 */
export async function openServers<Name extends string>(
  names: readonly Name[],
  portBase: number,
): Promise<Record<Name, DemoServer>> {
  const open: DemoServer[] = []
  try {
    for (const [offset, name] of names.entries()) {
      open.push(await openServer(name, portBase === 0 ? 0 : portBase + offset))
    }
  } catch (error) {
    await Promise.all(open.map((server) => server.close()))
    throw isTaken(error) ? new PortTakenError(error.port, portBase, error) : error
  }
  return Object.fromEntries(names.map((name, index) => [name, open[index]])) as Record<Name, DemoServer>
}

async function openServer(name: string, wantedPort: number): Promise<DemoServer> {
  let listener: RequestListener = (_req, res) => res.writeHead(503).end()
  const server = http.createServer((req, res) => {
    listener(req, res)
  })
  await listening(server, wantedPort)
  const { port } = server.address() as AddressInfo
  return {
    // Browsers treat every name under .localhost as this machine, and each as a site of its own.
    origin: `http://${name}.localhost:${port}`,
    serve(app) {
      listener = app
    },
    listen: () => listening(server, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const listening = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: LOOPBACK }, () => {
      server.off('error', reject)
      resolve()
    })
  })

const isTaken = (error: unknown): error is Error & { port: number } =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
