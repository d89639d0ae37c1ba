/**
 * What the frame does, hidden or visible: it hands the decision that came with its document to the page, asks the hub again if
 * the browser gives it the hub's cookies after all, and carries an offer to the hub.
 */
import { type FrameMessage, type HeightMessage, readPageMessage } from '../../../sdk/protocol/messages.js'

/** What the hub has written into the document. */
interface FrameData {
  /** The one origin that this frame was served for: from the registry, never from a message (R16). */
  readonly site: string
  readonly state?: string
  readonly proof: string
  readonly message: FrameMessage & Turned
}

interface Turned {
  /** If the hub sees its own jar: the value of its turn cookie as `document.cookie` has it, then `=` and the value that the request had instead. */
  readonly turn?: string
}

type Answer = Pick<FrameMessage, 'outcome' | 'ticket' | 'reason' | 'subject' | 'claims' | 'retryAfter'> &
  Turned

/** After its last answer, the page treats any message as the news that it has to ask again. */
const NEWS: Answer = { outcome: 'offer' }

const REMIND_MS = 1000

const { site, state, message, ...served } = JSON.parse(
  (document.getElementById('data') as HTMLElement).textContent,
) as FrameData
const { nonce } = message
let { proof } = served
/** The value that the turn cookie has to have, and the cookie's name. */
let turn: string
let name: string
let reminder: ReturnType<typeof setInterval> | undefined
let asking: Promise<Answer> | undefined

// Only that origin can read the message (R15). A stranger's page would get nothing, even if it embedded this.
export const say = ({ outcome, ticket, reason, subject, claims, retryAfter }: Answer) => {
  const said: Loose<FrameMessage> = {
    sessionHub: 1,
    nonce,
    outcome,
    ticket,
    reason,
    subject,
    claims,
    retryAfter,
  }
  parent.postMessage(said, site)
}

export const sayHeight = (height: number) => {
  parent.postMessage({ sessionHub: 1, nonce, height } satisfies HeightMessage, site)
}

/** Absent members may be present as `undefined`: that takes fewer bytes, and readers see no difference. */
type Loose<Message> = { [Key in keyof Message]: Message[Key] | undefined }

/** Asks the browser for the hub's cookies, then asks the hub. Rejects if the browser refuses. */
export async function look(): Promise<Answer> {
  await document.requestStorageAccess()
  // The hub decides whether there are cookies now: some browsers grant access and still send none.
  return ask('/look', { state })
}

/** Hands the decision to the page. First it tries to get a better one, if that takes nothing from the visitor. */
export function begin(): void {
  addEventListener('message', ({ source, origin, data }) => {
    // R15
    const asked = source === parent && origin === site && readPageMessage(data, nonce)
    if (!asked) return
    // The answer includes the news.
    clearInterval(reminder)
    const { offer, choice, forget } = asked
    void (forget === undefined ? ask('/exchange', { offer, choice }) : ask('/forget', { forget })).then(say)
  })
  attend(message)
  // Without a click, access is granted only if the browser remembers that the visitor has allowed it (R17).
  // If there is a reason, the hub has said that access would not help.
  if (message.outcome === 'blocked' && !message.reason) void lookAgain().then(say)
  else say(message)
}

/** Asks only if the browser has already granted it: otherwise the call would only put an error on the page's console. */
async function lookAgain(): Promise<Answer> {
  try {
    const { state } = await navigator.permissions.query({ name: 'storage-access' })
    if (state === 'granted') return await look()
  } catch {
    // The browser does not know this permission, or refuses after all.
  }
  return message
}

/**
 * Another page's frame, or a redirect, may give this browser another session at the hub, or find that it has ended: the page is told. This works only
 * if the frame has the hub's own jar, because a listener that is added before that would hear nothing. The cookie itself shows what has
 * changed between the answer and the moment when the listener was added.
 */
function attend(answer: Answer): void {
  const { cookieStore } = window as Partial<typeof window>
  if (answer.turn === undefined || !cookieStore) return
  const [called, value, had] = answer.turn.split('=') as [string, string, string?]
  name = called
  turn = value
  cookieStore.addEventListener('change', onCookies)
  void cookieStore.get(name).then((cookie) => {
    const now = valueOf(cookie)
    // In a browser that does not keep this cookie after all, each frame would find it changed, for ever. The finding cannot be stored
    // either: Firefox loses what a page writes to its own `sessionStorage` after a frame in it has used the frame's.
    if (now !== had) void heed(now)
  })
}

// Only the event is right: while it is delivered, `document.cookie`, and the browser's answer to a query, may still be the old value.
const onCookies = ({ changed, deleted }: CookieChangeEvent) => {
  for (const cookie of [...changed, ...deleted]) if (cookie.name === name) void heed(valueOf(cookie))
}

const valueOf = (cookie?: CookieListItem | null) => cookie?.value ?? ''

async function heed(now: string): Promise<void> {
  // An event may come late, and report a change by an answer before the one that is under way.
  if (now === turn) return
  // A change that this frame's own question has caused is reported by its answer.
  await asking
  if (now === turn) return
  turn = now
  clearInterval(reminder)
  // A page that is about to end its sync does not listen for news yet. When it has received them, it closes this frame.
  reminder = setInterval(say, REMIND_MS, NEWS)
  say(NEWS)
}

const ask = (path: string, question: object) => (asking = fetchAnswer(path, question))

async function fetchAnswer(path: string, question: object): Promise<Answer> {
  try {
    const reply = await fetch(path, {
      method: 'POST',
      // Makes the request show whether it has the cookies of the one jar (`Sec-Fetch-Storage-Access`).
      credentials: 'include',
      headers: { 'content-type': 'application/json', 'x-session-hub': '1' },
      body: JSON.stringify({ site, nonce, proof, ...question }),
    })
    const body = (await reply.json()) as Answer & { proof?: string; error: string }
    proof = body.proof ?? proof
    attend(body)
    return reply.ok
      ? body
      : {
          outcome: 'failed',
          reason: body.error,
          retryAfter: Number(reply.headers.get('retry-after')),
        }
  } catch {
    return { outcome: 'failed', reason: 'unavailable' }
  }
}
