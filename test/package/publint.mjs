// What publint has to say of the packed package, as `publint --strict` would, but for one thing that is meant.
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** `"browser": []` closes a server's door. A `null` would say the same, but Vite 8 goes on to the next condition there. */
const isMeant = ({ code, path }) => code === 'EXPORTS_FALLBACK_ARRAY_USE' && path.at(-1) === 'browser'

const { messages, pkg } = await publint({ strict: true })
const faults = messages.filter((message) => !isMeant(message))
for (const fault of faults) console.error(`publint: ${formatMessage(fault, pkg)}`)
process.exitCode = faults.length > 0 ? 1 : 0
