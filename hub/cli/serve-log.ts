/** What a running hub logs: one line per entry, as JSON for collectors and as short text for a person at a terminal. */
import type { LogEntry, LogEvent } from '../../sdk/settings/log.js'
import { painter, type Paint, type Style } from './terminal.js'

interface ServeEntry extends Omit<LogEntry, 'event'> {
  readonly level: LogEntry['level']
  readonly event:
    | LogEvent
    | 'listening'
    /** The address where the metrics can be read. */
    | 'metrics'
    /** SIGHUP: the configuration was read again, and nothing but the sites has changed. */
    | 'sites_reread'
    /** SIGHUP: the configuration was read again and is in effect. */
    | 'config_reread'
    /** SIGHUP: something is wrong or needs a restart; everything stays as it was. */
    | 'config_kept'
    /** One of several processes has ended by itself. It is replaced after `pauseMs`. */
    | 'worker_died'
    | 'worker_replaced'
    /** None of the processes can open the store: the command ends. */
    | 'workers_failed'
    | 'stopping'
    /** Some requests had to be cut off. */
    | 'stop_forced'
    | 'stopped'
  readonly [field: string]: string | number | boolean | undefined
}

export type ServeLog = (entry: ServeEntry) => void

/** @param worker which of several processes logs */
export function createServeLog(stream: NodeJS.WriteStream, worker?: number): ServeLog {
  const paint = painter(stream)
  return (said) => {
    // Each process finds this, and one line is enough.
    if (said.event === 'config_doubtful' && worker !== undefined && worker > 1) return
    const entry = worker === undefined ? said : { ...said, worker }
    const now = new Date()
    stream.write(
      `${stream.isTTY ? textOf(entry, now, paint) : JSON.stringify({ time: now.toISOString(), ...entry })}\n`,
    )
  }
}

const STYLES: Record<LogEntry['level'], Style> = { info: 'green', warn: 'yellow', error: 'red' }

function textOf({ level, event, description, ...fields }: ServeEntry, now: Date, paint: Paint): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`)
  const time = now.toTimeString().slice(0, 8)
  const name = paint(STYLES[level], event.replaceAll('_', ' '))
  return [`${paint('dim', time)} ${name}`, description, ...rest]
    .filter((word) => word !== undefined)
    .join('  ')
}
