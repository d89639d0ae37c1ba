/** The proxies of `ops`, each as it is started here: the very text of its example, with addresses and names of this machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { findProgram } from '../support/programs.js'
import { root } from '../support/titles.js'

interface Place {
  readonly folder: string
  /** Where the proxy listens. */
  readonly port: number
  readonly hubs: readonly [number, number]
  readonly site: number
  readonly cert: string
  readonly key: string
}

export interface Proxy {
  readonly name: string
  /** Whether a request with a body goes to the other server, where one refuses the connection. */
  readonly sendsBodiesAgain: boolean
  /** Starts it; the connections to the servers behind it are closed when they were idle for a second. */
  start(place: Place): ChildProcess
}

const example = (name: string) => readFileSync(join(root, 'ops', name), 'utf8')

/** Each example has all of these, or the test would try something else than the example. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((changed, [written, here]) => {
    if (!changed.includes(written)) throw new Error(`The example has no "${written}" any more`)
    return changed.replaceAll(written, here)
  }, text)
}

const addresses = ({ hubs, site }: Place) =>
  [
    ['127.0.0.1:4000', `127.0.0.1:${hubs[0]}`],
    ['127.0.0.1:4001', `127.0.0.1:${hubs[1]}`],
    ['127.0.0.1:3000', `127.0.0.1:${site}`],
  ] as const

const nginx: Proxy = {
  name: 'nginx',
  sendsBodiesAgain: true,
  start(place) {
    const { folder, port, cert, key } = place
    const text = replaced(example('nginx.conf'), [
      ...addresses(place),
      ['/etc/ssl/hub.example.pem', cert],
      ['/etc/ssl/shop.example.pem', cert],
      ['/etc/ssl/hub.example.key', key],
      ['/etc/ssl/shop.example.key', key],
      ['listen 443 ', `listen 127.0.0.1:${port} `],
      ['server_name hub.example', 'server_name hub.localhost'],
      ['server_name shop.example', 'server_name shop.localhost'],
      ['keepalive_timeout 60s', 'keepalive_timeout 1s'],
      ['keepalive_timeout 4s', 'keepalive_timeout 1s'],
    ])
    writeFileSync(join(folder, 'session-hub.conf'), text)
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    const temporary = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log ${join(folder, 'error.log')} warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http { access_log off; ${temporary.join(' ')} include ${join(folder, 'session-hub.conf')}; }\n`,
    )
    const args = ['-p', folder, '-c', join(folder, 'nginx.conf')]
    return spawn(findProgram('SESSION_HUB_NGINX'), args, { stdio: ['ignore', 'ignore', 'inherit'] })
  },
}

const caddy: Proxy = {
  name: 'Caddy',
  // https://github.com/caddyserver/caddy/issues/7546, until 2.11.1: Debian has an older one.
  sendsBodiesAgain: false,
  start(place) {
    const { folder, port, cert, key } = place
    const tls = `{\n\tbind 127.0.0.1\n\ttls ${cert} ${key}`
    const text = replaced(example('Caddyfile'), [
      ...addresses(place),
      ['grace_period 10s', 'grace_period 1s\n\tadmin off\n\tauto_https disable_redirects'],
      ['\nhub.example {', `\nhub.localhost:${port} ${tls}`],
      ['\nshop.example {', `\nshop.localhost:${port} ${tls}`],
      ['keepalive 60s', 'keepalive 1s'],
      ['keepalive 4s', 'keepalive 1s'],
    ])
    writeFileSync(join(folder, 'Caddyfile'), text)
    const args = ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    return spawn(findProgram('SESSION_HUB_CADDY'), args, { stdio: ['ignore', 'ignore', 'ignore'], env })
  },
}

export const proxies: readonly Proxy[] = [nginx, caddy]

export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
