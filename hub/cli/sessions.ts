/** `session-hub sessions list`, `sessions end` and `sessions erase`. */
import { browserName } from '../../sdk/http/browser-name.js'
import { subjectFault } from '../../sdk/protocol/fields.js'
import { isRef } from '../../sdk/protocol/formats.js'
import { PAGE, readSearch } from '../admin/query.js'
import { sessions as counted } from '../admin/sentences.js'
import { sessionJson } from '../admin/views.js'
import {
  type Ended,
  endFound,
  endSelected,
  endSubject,
  eraseUser,
  findSessions,
  type FoundSession,
  type Sought,
} from '../flows/administer.js'
import { idOf, refOf } from '../flows/refs.js'
import { administer, allPages, type AtWork } from './administration.js'
import { type Command, readArguments, UsageError } from './command.js'
import { moment, tableOf } from './table.js'

const SEARCH = {
  config: { type: 'string' },
  subject: { type: 'string' },
  site: { type: 'string' },
  from: { type: 'string' },
  before: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

const SEARCH_HELP = `  --subject <subject>  of this user
  --site <origin>      that began at this site
  --from <time>        that began then or later: a day such as 2026-01-31, in UTC, or seconds since 1970
  --before <time>      that began before`

export const listSessions: Command = {
  help: `Usage: session-hub sessions list --config <file> [options]

Shows live sessions, newest first: the ref that "sessions end" takes, the user, the site where each session
began and where else it is in use, the browser, and when it began and was last seen. The hub may keep running.

Options:
  --config <file>      the configuration of "session-hub serve"
${SEARCH_HELP}
  --all                all of them, not only the newest ${PAGE}
  --json               as JSON
`,
  async run(args, name) {
    const { values } = readArguments(name, args, SEARCH)
    await administer(name, values.config, async (atWork) => {
      const sought = searchOf(atWork, values, name)
      const found = await allPages(values.all, (last: FoundSession | undefined) =>
        findSessions(atWork.at, atWork.by, { ...sought, ...(last && { after: last }) }, PAGE),
      )
      const { secret } = atWork.at.hub
      process.stdout.write(
        values.json
          ? `${JSON.stringify(
              found.map((session) => sessionJson(secret, session)),
              undefined,
              2,
            )}\n`
          : forPeople(atWork, found),
      )
    })
  },
}

export const endSessions: Command = {
  help: `Usage: session-hub sessions end --config <file> (<ref>... | --subject <subject> | --all) [options]

Ends sessions on every site at once, even those of administrators: by the refs that "sessions list" shows,
all of one user, or with --all everybody's, which further options can narrow. A running hub tells its sites.

Options:
  --config <file>      the configuration of "session-hub serve"
  --all                all that match what follows, everybody's if nothing follows
${SEARCH_HELP}
  --json               print { "ended", "spared" } as JSON

Examples:
  session-hub sessions end --config hub.json --subject ada
  session-hub sessions end --config hub.json --all --site https://shop.example
`,
  async run(args, name) {
    const { values, positionals } = readArguments(name, refsLast(args), SEARCH, ['<ref>...'])
    const isNarrowed = [values.site, values.from, values.before].some((value) => value !== undefined)
    if (!values.all && isNarrowed) throw new UsageError(`"${name}" takes a search with "--all" only`, name)
    const ways = [positionals.length > 0, values.all === true || values.subject !== undefined]
    if (ways.filter(Boolean).length !== 1)
      throw new UsageError(`"${name}" needs either refs, "--subject" or "--all"`, name)
    await administer(name, values.config, async (atWork) => {
      const done = await end(atWork, values, positionals, name)
      process.stdout.write(values.json ? `${JSON.stringify(done)}\n` : `${counted(done.ended)} ended.\n`)
    })
  },
}

export const eraseSessions: Command = {
  help: `Usage: session-hub sessions erase --config <file> --subject <subject> [options]

Ends all sessions of a user on every site, and removes them with their data. From then on, the audit names the user
"erased:" and a tag. The sites must remove what they keep themselves.

Options:
  --config <file>      the configuration of "session-hub serve"
  --subject <subject>  the user
  --keep-audit         the audit goes on naming the user
  --json               print { "ended" } as JSON

Example:
  session-hub sessions erase --config hub.json --subject ada
`,
  async run(args, name) {
    const { values } = readArguments(name, args, {
      config: SEARCH.config,
      subject: SEARCH.subject,
      json: SEARCH.json,
      'keep-audit': { type: 'boolean' },
    })
    const { subject } = values
    if (subject === undefined) throw new UsageError(`"${name}" needs "--subject <subject>"`, name)
    const fault = subjectFault(subject)
    if (fault !== undefined) throw new UsageError(`"--subject": ${fault}`, name)
    await administer(name, values.config, async ({ at, by }) => {
      const ended = await eraseUser(at, by, subject, values['keep-audit'] === true)
      process.stdout.write(
        values.json ? `${JSON.stringify({ ended })}\n` : `Erased; ${counted(ended)} ended.\n`,
      )
    })
  },
}

/** One ref in 64 begins with a "-", as an option does. */
function refsLast(args: readonly string[]): readonly string[] {
  const isDashed = (arg: string) => arg.startsWith('-') && isRef(arg)
  if (args.includes('--') || !args.some(isDashed)) return args
  return [...args.filter((arg) => !isDashed(arg)), '--', ...args.filter(isDashed)]
}

type Values = Partial<Record<'subject' | 'site' | 'from' | 'before', string>> & { all?: boolean | undefined }

async function end(atWork: AtWork, values: Values, refs: readonly string[], name: string): Promise<Ended> {
  const { at, by } = atWork
  if (values.all) return endAll(atWork, searchOf(atWork, values, name))
  if (values.subject !== undefined) {
    const fault = subjectFault(values.subject)
    if (fault !== undefined) throw new UsageError(`"--subject": ${fault}`, name)
    return { ended: await endSubject(at, by, values.subject), spared: 0 }
  }
  return endSelected(
    at,
    by,
    refs.map((ref) => idOf(at.hub.secret, ref)),
  )
}

/** Ends them in turns, since one act ends a bounded number. Only sessions that began before now count, or this might never finish. */
async function endAll({ at, by }: AtWork, asked: Sought): Promise<Ended> {
  const sought = { beforeMs: at.hub.now() + 1, ...asked }
  let [ended, spared] = [0, 0]
  for (;;) {
    const done = await endFound(at, by, sought)
    ended += done.ended
    spared += done.spared
    if (done.isAll) return { ended, spared }
  }
}

function searchOf({ at }: AtWork, { subject, site, from, before }: Values, name: string): Sought {
  const given = Object.entries({ subject, site, from, before }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]],
  )
  try {
    return readSearch(at.hub.secret, new URLSearchParams(given))
  } catch (thrown) {
    throw new UsageError((thrown as Error).message, name)
  }
}

function forPeople({ at }: AtWork, found: readonly FoundSession[]): string {
  if (found.length === 0) return 'No live session matches.\n'
  const { secret } = at.hub
  return tableOf(
    ['ref', 'user', 'administrator', 'site', 'also on', 'browser', 'began', 'last seen'],
    found.map(({ id, subject, site, sites, agent, createdAtMs, seenAtMs, isAdmins }) => [
      refOf(secret, id),
      subject ?? '',
      isAdmins ? 'yes' : '',
      site,
      sites.filter((one) => one !== site).join(', '),
      browserName(agent),
      moment(createdAtMs),
      moment(seenAtMs),
    ]),
  )
}
