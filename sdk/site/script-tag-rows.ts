/** The options of `site.scriptTag()`, each declared here and nowhere else. An option that a page omits gets the client's own default. */
import { type Rung, rungs } from '../protocol/wire.js'
import { oneOf } from '../settings/checks.js'
import { type Check, choice, type OptionRows, wholeNumber, yesOrNo } from '../settings/option-rows.js'
import { wrong } from '../settings/refuse-unknown.js'

const textOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string') throw wrong(where, `"${name}" has to be a text`)
    return given
  },
}

const rungsOption: Check<readonly Rung[]> = {
  type: 'readonly Rung[]',
  read(where, name, given) {
    if (!Array.isArray(given)) throw wrong(where, `"${name}" has to be a list`)
    return given.map((rung: unknown) => oneOf(where, name, rung, rungs))
  },
}

export const scriptTagRows = {
  nonce: {
    text: "the nonce of the page's content security policy",
    shown: "`res.locals.cspNonce`, where helmet's guides put it",
    check: textOption,
  },
  start: {
    text: "as in `createClient`: `'manual'` does nothing before `SessionHub.sync()`, for pages that ask for consent first",
    shown: "`'auto'`",
    check: choice("'auto' | 'idle' | 'manual'", ['auto', 'idle', 'manual']),
  },
  interval: {
    text: 'how long a sync is valid, as in `createClient`',
    unit: 'seconds',
    shown: '60',
    check: wholeNumber({ min: 1, max: 1e9 }),
  },
  rungs: {
    text: 'the rungs of the ladder that the page may use',
    shown: 'all',
    check: rungsOption,
  },
  sisterLinks: {
    text: '`true`: while the frame is blocked, links to sister sites carry the session (`data-sister-links`)',
    default: false,
    check: yesOrNo,
  },
} satisfies OptionRows
