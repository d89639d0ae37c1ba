/** Holds back what is logged while a store decides: it is logged once, and from the run that counted, however often the store had to decide again. */
import type { Log, LogEntry } from '../sdk/settings/log.js'
import { boundMethodsOf } from './bound-methods.js'
import type { Store } from './stores/store.js'

export function createDecisions(inner: Store, write: Log): { store: Store; log: Log } {
  /** What the running decision has logged. `decide` is synchronous, so only one runs at a time. */
  let said: LogEntry[] | undefined
  const log: Log = (entry) => {
    if (said) said.push(entry)
    else write(entry)
  }
  const transact: Store['transact'] = async (question, decide) => {
    let last: LogEntry[] = []
    try {
      return await inner.transact(question, (view) => {
        last = said = []
        try {
          return decide(view)
        } finally {
          said = undefined
        }
      })
    } finally {
      for (const entry of last) write(entry)
    }
  }
  const methodOf = boundMethodsOf(inner)
  const store = new Proxy(inner, {
    get: (_target, name) => (name === 'transact' ? transact : methodOf(name)),
  })
  return { store, log }
}
