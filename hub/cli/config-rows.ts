/**
 * What a configuration of `session-hub serve` may contain: the hub's options, and the keys below. `--help` and the reference are written from the
 * same rows.
 */
import {
  type OptionRows,
  type OptionText,
  type Check,
  wholeNumber,
  yesOrNo,
} from '../../sdk/settings/option-rows.js'
import { PROXY_HOPS } from '../../sdk/http/node/peer-address.js'
import { isJsonObject } from '../../sdk/protocol/json.js'
import { whole } from '../../sdk/settings/checks.js'
import { refuseUnknown, wrong } from '../../sdk/settings/refuse-unknown.js'
import { hubRows } from '../option-rows.js'
import { KEYS_VARIABLE } from './environment.js'

/** The address where the metrics can be read. */
export interface MetricsPlace {
  readonly host: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'
const portNumber = { min: 0, max: 65_535 }

const hostOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string' || given === '')
      throw wrong(where, `"${name}" has to be an address such as "127.0.0.1"`)
    return given
  },
}

const metricsPlace: Check<MetricsPlace> = {
  type: 'object',
  read(file, name, given) {
    const where = `${file}: ${name}`
    if (!isJsonObject(given)) throw wrong(where, 'it has to be an object such as { "port": 9464 }')
    refuseUnknown(where, given, ['host', 'port'])
    const { host = LOOPBACK, port } = given
    if (typeof host !== 'string' || host === '') throw wrong(where, '"host" has to be an address')
    return { host, port: whole(where, 'port', port, portNumber) }
  },
}

/** Keys of the command itself. */
export const serveRows = {
  host: {
    text: 'the address to listen on',
    default: LOOPBACK,
    shown: `\`"${LOOPBACK}"\``,
    check: hostOption,
  },
  port: {
    text: 'the port to listen on',
    shown: 'the port of an http `origin`, else 4000',
    check: wholeNumber(portNumber),
  },
  proxyHops: {
    text: 'how many proxies there are in front of the hub',
    default: 0,
    check: wholeNumber(PROXY_HOPS),
  },
  metrics: {
    text: '`{ port, host }`: `/metrics` for Prometheus, on a port of its own; worker 2 has the next port, and so on',
    more: 'Needs `npm install prom-client`. [docs/metrics.md](metrics.md)',
    shown: `none; \`host\` is \`${LOOPBACK}\``,
    check: metricsPlace,
  },
  migrateStore: {
    text: "whether the hub creates PostgreSQL's schema and brings it up to date when it starts",
    more: 'With `false` it refuses to start unless [`session-hub store migrate`](stores.md#the-schema-by-hand) has been run.',
    default: true,
    check: yesOrNo,
  },
} satisfies OptionRows

/** Options of the hub that a file gives in another form, as a path. */
const sourceRows: Readonly<Record<string, OptionText>> = {
  keys: {
    text: 'the file that `session-hub keys --out` made, or the keys themselves',
    shown: `the JSON in the variable \`${KEYS_VARIABLE}\``,
  },
  sites: {
    text: 'the file that `session-hub sites add --file` made, or the list itself',
    shown: 'none',
  },
  store: {
    text: 'the SQLite file, or a `postgres://` or `redis://` address; `"memory"` keeps nothing',
    shown: 'the variable `SESSION_HUB_STORE`, else `"session-hub.sqlite"`',
  },
}

/** Only tests set the clock. */
const NOT_IN_A_FILE = ['now']

/** Every key, in the order in which people read them. */
export const configRows: Readonly<Record<string, OptionText>> = {
  origin: hubRows.origin,
  ...sourceRows,
  ...serveRows,
  ...Object.fromEntries(
    Object.entries(hubRows).filter(
      ([name]) => !NOT_IN_A_FILE.includes(name) && !Object.hasOwn({ ...sourceRows, ...serveRows }, name),
    ),
  ),
}

/** Keys that mean the same for `createHub`. */
export const hubKeys: readonly string[] = Object.keys(configRows).filter(
  (name) => Object.hasOwn(hubRows, name) && configRows[name] === Reflect.get(hubRows, name),
)

/** Keys that only code can set. */
export const codeOnly: readonly string[] = Object.keys(configRows).filter(
  (name) => configRows[name]?.code === 'only',
)

/** Keys that text can set, and therefore the environment. */
export const textual: readonly string[] = Object.keys(configRows).filter((name) => !codeOnly.includes(name))
