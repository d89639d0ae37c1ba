/** What is logged while a store decides: once, and of the run that counted, however often the store had to decide anew. */
import type { Log, LogEntry } from '../sdk/settings/log.js'
import type { Store } from './stores/store.js'

export function createDecisions(inner: Store, write: Log): { store: Store; log: Log } {
  /** Of the decision that runs. `decide` is synchronous, so there is one at a time. */
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
  const store = new Proxy(inner, {
    get(target, name) {
      if (name === 'transact') return transact
      const value: unknown = Reflect.get(target, name)
      // A class may have private members: they are its own object's.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { store, log }
}
