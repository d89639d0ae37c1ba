/** `session-hub size`. */
import { COSTS, type EngineName, MEASURED_ON, MEASURED_WITH } from '../sizing/measured.js'
import { demandOf, type Sized, sizeOf, type Traffic } from '../sizing/sizing.js'
import { type Command, readArguments, UsageError } from './command.js'
import { numeral } from './progress.js'
import { tableOf } from './table.js'

/** Each option, its bounds, and the value that is used without it. */
const NUMBERS = {
  visits: { min: 0.01, max: 1000, usual: 1 },
  syncs: { min: 0, max: 1000, usual: 2 },
  pages: { min: 0, max: 10_000, usual: 5 },
  newcomers: { min: 0, max: 1, usual: 0.5 },
  days: { min: 1, max: 400, usual: 30 },
  peak: { min: 1, max: 1000, usual: 3 },
  busy: { min: 0.05, max: 1, usual: 0.5 },
  processors: { min: 1, max: 1024, usual: 4 },
  speed: { min: 0.1, max: 100, usual: 1 },
} as const
const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]

export const estimateSize: Command = {
  help: `Usage: session-hub size --visitors <number> [options]

Estimates for each store: processes of the hub, machines, bytes, connections, and the first limit that you
will meet. The figures come from the project's own bench, which ran on ${MEASURED_WITH}.
Set "--speed" to how much faster yours are: a processor twice as fast needs half the time.

Options:
  --visitors <number>    different visitors a day
  --visits <number>      visits of each visitor a day; default: 1
  --syncs <number>       syncs in a visit: about one for each of your sites that the visitor opens, and one for each
                         sign-in, sign-out or write of data; default: 2
  --pages <number>       pages in a visit; default: 5
  --newcomers <share>    the share of a day's visitors who have no session yet, 0 to 1; default: 0.5
  --days <number>        how many days an unused session is kept ("lifetimes" of the hub); default: 30
  --peak <number>        how much busier the busiest hour is than the average; default: 3
  --busy <share>         how busy a processor may be in that hour; default: 0.5
  --processors <number>  processors of one machine for the hub; default: 4
  --speed <number>       how many times as fast as the bench's each processor is; default: 1

Example:
  session-hub size --visitors 1000000 --syncs 3
`,
  async run(args, name) {
    const text = { type: 'string' } as const
    const options = Object.fromEntries(['visitors', ...names].map((each) => [each, text]))
    const { values } = readArguments(name, args, options)
    if (values['visitors'] === undefined) throw new UsageError(`"${name}" needs "--visitors <number>"`, name)
    const number = (flag: string, given: unknown, min: number, max: number) => {
      const value = Number(given)
      if (typeof given === 'string' && given.trim() !== '' && value >= min && value <= max) return value
      throw new UsageError(`--${flag}: a number from ${numeral(min)} to ${numeral(max)}`, name)
    }
    const rest = names.map((flag) => {
      const { min, max, usual } = NUMBERS[flag]
      return [flag, values[flag] === undefined ? usual : number(flag, values[flag], min, max)]
    })
    const traffic: Traffic = {
      ...(Object.fromEntries(rest) as Omit<Traffic, 'visitors'>),
      visitors: number('visitors', values['visitors'], 1, 1e10),
    }
    process.stdout.write(reportOf(traffic))
  },
}

function reportOf(traffic: Traffic): string {
  const { syncsPerSecond, sessions } = demandOf(traffic)
  const sized = (Object.keys(COSTS) as EngineName[]).map((engine) => sizeOf(engine, traffic))
  return `${numeral(traffic.visitors)} visitors a day: ${rounded(syncsPerSecond)} syncs a second in the busiest hour, ${numeral(sessions)} sessions in the store.

${tableOf(['STORE', 'HUB PROCESSES', 'ON', 'SERVERS', 'CONNECTIONS', 'SESSIONS TAKE', 'FIRST LIMIT'], sized.map(rowOf(traffic)))}
Estimated from the bench of ${MEASURED_ON}, on ${MEASURED_WITH}. Test with your own traffic before you rely on it.
`
}

const rowOf =
  ({ visitors }: Traffic) =>
  (sized: Sized): string[] => {
    const { engine, processes, hubMachines, serverMachines, serverProcessors, connections, bytes, first } =
      sized
    const limit = `${first.what}, at ${rounded(first.visitors / 1e6)} million visitors`
    // Beyond its limit, more machines do not help.
    if (first.visitors < visitors) return [engine, 'too much', '', '', '', sizeText(bytes), limit]
    return [
      engine,
      numeral(processes),
      hubMachines === 1 ? '1 machine' : `${numeral(hubMachines)} machines`,
      serverMachines === 0
        ? 'none'
        : `${serverMachines} of ${serverProcessors} processor${serverProcessors === 1 ? '' : 's'}`,
      connections === 0 ? 'none' : numeral(connections),
      `${sizeText(bytes)} ${engine === 'Redis' ? 'of memory' : 'on disk'}`,
      limit,
    ]
  }

/** Two significant digits: the figure is no more exact than that. */
const rounded = (figure: number) => numeral(Number(figure.toPrecision(2)))

function sizeText(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  let at = 0
  let size = bytes / 1000
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000
    at += 1
  }
  return `${rounded(size)} ${units[at]}`
}
