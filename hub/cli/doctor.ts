/** `session-hub doctor`. */
import { readFileSync } from 'node:fs'

import { defaultEndpoint, streamProbe } from '../../sdk/protocol/wire.js'
import { originFault } from '../../sdk/protocol/origins.js'
import { closest } from '../../sdk/settings/refuse-unknown.js'
import { findChromium } from '../doctor/browser/chromium.js'
import { examineInBrowser } from '../doctor/browser/lines.js'
import { examine, type Patients } from '../doctor/examine.js'
import {
  type Finding,
  type FindingCode,
  findingCodes,
  findingKinds,
  isFindingCode,
  type Line,
} from '../doctor/findings.js'
import { openEyes } from '../doctor/sight.js'
import { type Command, readArguments, UsageError } from './command.js'
import { type Manifest, manualPage } from './manual.js'
import { visible } from './table.js'
import { leave, painter } from './terminal.js'

/** Longer than two beats, and longer than the 30 seconds after which many load balancers cut an answer. */
const LISTEN_SECONDS = 45

const SECONDS = { min: 1, max: 60, default: 5 }

export const examineSites: Command = {
  help: `Usage: session-hub doctor <hub> <site> [<site> ...]

Looks at a running hub and its sites from outside, as a browser would: names, certificates, headers, cookies,
keys, clocks, and a redirect from each site to the hub and back. Says what it finds, why it matters and
what to do; docs/doctor.md has a section for each finding. The doctor sends no secret, follows no redirect to another
origin, and leaves no session behind.

Options:
  --page <path>        the page to examine on each site, default "/"
  --endpoint <path>    where the endpoints of the sites are, if no script tag says so; default "${defaultEndpoint}"
  --ignore <finding>   accept this finding; may be given several times
  --from-browser       also opens each page in a Chromium of this machine, with the cookies of other sites allowed and blocked
  --browser <file>     which Chromium, Chrome or Edge that is; default: the first in the PATH
  --timeout <seconds>  how long to wait for each answer, ${SECONDS.min} to ${SECONDS.max}, default ${SECONDS.default}
  --listen             listens to the event stream of each site for ${LISTEN_SECONDS} seconds: does a proxy cut it off?
  --json               as JSON

Exit codes: 0 nothing was found, 1 something was found, 2 the hub or a site could not be reached, or wrong usage.

Example:
  session-hub doctor https://hub.example https://shop.example https://travel.example
`,
  async run(args, name) {
    const { values, positionals } = readArguments(
      name,
      args,
      {
        page: { type: 'string' },
        endpoint: { type: 'string' },
        ignore: { type: 'string', multiple: true },
        'from-browser': { type: 'boolean' },
        browser: { type: 'string' },
        timeout: { type: 'string' },
        listen: { type: 'boolean' },
        json: { type: 'boolean' },
      },
      ['<hub>', '<site>...'],
    )
    const patients: Patients = {
      ...readOrigins(name, positionals),
      page: readPath(name, 'page', values.page ?? '/'),
      endpoint: readPath(name, 'endpoint', values.endpoint ?? defaultEndpoint),
      listenSeconds: values.listen ? LISTEN_SECONDS : streamProbe.seconds.min,
    }
    const ignored = new Set((values.ignore ?? []).map((code) => readCode(name, code)))
    const timeoutMs = readSeconds(name, values.timeout) * 1000
    const eyes = openEyes({ timeoutMs })
    const executable = values.browser ?? findChromium(process.env)

    const lines: Line[] = []
    const print = values.json ? undefined : printer(ignored)
    const take = (line: Line) => {
      lines.push(line)
      print?.(line)
    }
    for await (const line of examine(eyes, patients, Date.now())) take(line)
    // A page with everything that it loads takes longer than one answer.
    if (values['from-browser'] || values.browser !== undefined)
      for await (const line of examineInBrowser({ ...patients, executable, timeoutMs: timeoutMs * 3 }))
        take(line)
    const findings = lines.flatMap((line) => line.findings).filter(({ code }) => !ignored.has(code))
    if (values.json)
      process.stdout.write(`${JSON.stringify(reportOf(patients, lines, ignored), undefined, 2)}\n`)
    else process.stdout.write(`\n${summaryOf(findings)}\n`)
    const isBlind = findings.some(({ code }) => findingKinds[code].isBlind)
    if (findings.length > 0) leave(isBlind ? 2 : 1)
  },
}

function readOrigins(name: string, given: readonly string[]): Pick<Patients, 'hub' | 'sites'> {
  const [hub, ...sites] = given
  if (hub === undefined) throw new UsageError(`"${name}" needs <hub>, such as https://hub.example`, name)
  if (sites.length === 0) throw new UsageError(`"${name}" needs <site>, such as https://shop.example`, name)
  for (const origin of given) {
    const fault = originFault(origin)
    if (fault) throw new UsageError(fault, name)
  }
  return { hub, sites: [...new Set(sites)] }
}

/** The path below the origin, as it would appear in an address. */
function readPath(name: string, option: string, given: string): string {
  const url = URL.canParse(given, 'https://site.example') ? new URL(given, 'https://site.example') : undefined
  const isPath = given.startsWith('/') && url?.origin === 'https://site.example' && url.hash === ''
  if (!isPath) throw new UsageError(`--${option}: "${given}" is not a path such as "/shop"`, name)
  return option === 'endpoint' ? given.replace(/\/$/, '') : given
}

function readSeconds(name: string, given = String(SECONDS.default)): number {
  const seconds = Number(given)
  if (Number.isInteger(seconds) && seconds >= SECONDS.min && seconds <= SECONDS.max) return seconds
  throw new UsageError(`--timeout: a whole number of seconds from ${SECONDS.min} to ${SECONDS.max}`, name)
}

function readCode(name: string, given: string): FindingCode {
  if (isFindingCode(given)) return given
  const meant = closest(given, findingCodes)
  const advice = meant ? `did you mean "${meant}"?` : 'docs/doctor.md has them all'
  throw new UsageError(`--ignore: there is no finding "${given}"; ${advice}`, name)
}

/** The page that explains a finding. */
const pageOf = (code: FindingCode) => manualPage(manifest(), `doctor.md#${code}`)

const manifest = () =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

/** Servers write parts of this text. */
const MOST_CHARACTERS = 300
const shown = (text: string) =>
  visible(text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text)

const MARKS = { well: '✓', error: '✗', warning: '‼', none: '·' } as const
const STYLES = { well: 'green', error: 'red', warning: 'yellow', none: 'dim' } as const

/** Writes each line as soon as it is there, because the checks take seconds. */
function printer(ignored: ReadonlySet<FindingCode>): (line: Line) => void {
  const paint = painter(process.stdout)
  let before: string | undefined
  return (line) => {
    const { about, looked, skipped } = line
    const findings = line.findings.filter(({ code }) => !ignored.has(code))
    const isIgnored = findings.length < line.findings.length
    const mark = markOf(findings, skipped !== undefined)
    const notes = [skipped, isIgnored && 'something is ignored here'].filter(Boolean).join('; ')
    const text = [
      ...(about === before ? [] : ['', paint('bold', about)]),
      `  ${paint(STYLES[mark], MARKS[mark])} ${shown(looked)}${notes && paint('dim', ` (${shown(notes)})`)}`,
      ...findings.flatMap((finding) => forPeople(finding).map((part) => `      ${part}`)),
    ]
    before = about
    process.stdout.write(`${text.join('\n')}\n`)
  }
}

function markOf(findings: readonly Finding[], isSkipped: boolean): keyof typeof MARKS {
  const [first] = findings
  if (!first) return isSkipped ? 'none' : 'well'
  return findings.some(({ code }) => findingKinds[code].level === 'error') ? 'error' : 'warning'
}

function forPeople({ code, what }: Finding): string[] {
  const { why, remedy } = findingKinds[code]
  return [`${code}: ${shown(what)}`, `  why: ${why}`, `  do:  ${remedy}`, `  see: ${pageOf(code)}`]
}

function summaryOf(findings: readonly Finding[]): string {
  const codes = [...new Set(findings.map(({ code }) => code))]
  if (codes.length === 0) return 'Nothing was found.'
  return `${codes.length === 1 ? 'One finding' : `${codes.length} findings`}: ${codes.join(', ')}`
}

const reportOf = ({ hub, sites }: Patients, lines: readonly Line[], ignored: ReadonlySet<FindingCode>) => ({
  hub,
  sites,
  lines: lines.map(({ about, looked, skipped, findings }) => ({
    about,
    looked: shown(looked),
    ...(skipped !== undefined && { skipped: shown(skipped) }),
    findings: findings.map(({ code, what }) => {
      const { level, why, remedy } = findingKinds[code]
      return { code, level, what: shown(what), why, remedy, page: pageOf(code), isIgnored: ignored.has(code) }
    }),
  })),
})
