/**
 * What the frame does, seen or unseen: it hands the decision that came with its document to the page, asks the hub again where
 * the browser lets it have its cookies after all, and carries an offer to the hub.
 */
import { type FrameMessage, type HeightMessage, readPageMessage } from '../../../sdk/protocol/messages.js'

/** What the hub wrote into the document. */
interface FrameData {
  /** The one origin that this frame was served for: from the registry, never from a message (R16). */
  readonly site: string
  readonly state?: string
  readonly proof: string
  readonly message: FrameMessage & Turned
}

interface Turned {
  /** Where the hub sees its own jar: what its turn cookie says, as `document.cookie` has it; and `=` and what the request had instead. */
  readonly turn?: string
}

type Answer = Pick<FrameMessage, 'outcome' | 'ticket' | 'reason' | 'subject' | 'claims' | 'retryAfter'> &
  Turned

/** After its last answer, the page takes any message for the news that it has to ask again. */
const NEWS: Answer = { outcome: 'offer' }

const REMIND_MS = 1000

const { site, state, message, ...served } = JSON.parse(
  (document.getElementById('data') as HTMLElement).textContent,
) as FrameData
const { nonce } = message
let { proof } = served
/** What the turn's cookie has to be, and its name. */
let turn: string
let name: string
let reminder: ReturnType<typeof setInterval> | undefined
let asking: Promise<Answer> | undefined

// Only that origin can read it (R15). A stranger's page gets nothing, were it to embed this at all.
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

/** Members that are absent may be there as `undefined`: fewer bytes, and the same to who reads them. */
type Loose<Message> = { [Key in keyof Message]: Message[Key] | undefined }

/** Asks the browser for the hub's cookies, then the hub. Rejects where the browser says no. */
export async function look(): Promise<Answer> {
  await document.requestStorageAccess()
  // Whether there are cookies now is for the hub to say: in some browsers this was promised in vain.
  return ask('/look', { state })
}

/** Hands the decision to the page; first tries to have a better one, where that asks the visitor nothing. */
export function begin(): void {
  addEventListener('message', ({ source, origin, data }) => {
    // R15
    const asked = source === parent && origin === site && readPageMessage(data, nonce)
    if (!asked) return
    // The answer has the news in it.
    clearInterval(reminder)
    const { offer, choice, forget } = asked
    void (forget === undefined ? ask('/exchange', { offer, choice }) : ask('/forget', { forget })).then(say)
  })
  attend(message)
  // Without a click it is granted only where the browser remembers that the visitor has allowed it (R17).
  // With a reason, the hub has said that it would be of no use.
  if (message.outcome === 'blocked' && !message.reason) void lookAgain().then(say)
  else say(message)
}

/** Only where the browser has been told yes: to ask it otherwise would be an error on the page's console, and nothing else. */
async function lookAgain(): Promise<Answer> {
  try {
    const { state } = await navigator.permissions.query({ name: 'storage-access' })
    if (state === 'granted') return await look()
  } catch {
    // The browser does not know the question, or says no after all.
  }
  return message
}

/**
 * Another page's frame, or a redirect, may give this browser another session at the hub, or find it gone: the page is told. Only
 * where the frame has the hub's own jar; a listener that comes before it would hear nothing. The cookie itself tells what has
 * changed since the answer was made and before the listener was there.
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
    // In a browser that keeps no such cookie after all, each frame would find it changed, for ever. What has been found can be
    // kept nowhere: Firefox loses what a page writes to its own `sessionStorage` after a frame in it has looked at the frame's.
    if (now !== had) void heed(now)
  })
}

// What the event says: `document.cookie`, and what the browser answers when it is asked, may still be the old one while it is told.
const onCookies = ({ changed, deleted }: CookieChangeEvent) => {
  for (const cookie of [...changed, ...deleted]) if (cookie.name === name) void heed(valueOf(cookie))
}

const valueOf = (cookie?: CookieListItem | null) => cookie?.value ?? ''

async function heed(now: string): Promise<void> {
  // An event may come late, and tell what an answer before the one that is under way has changed.
  if (now === turn) return
  // What this frame's own question has changed, its answer tells.
  await asking
  if (now === turn) return
  turn = now
  clearInterval(reminder)
  // A page that is about to end its sync does not listen for news yet. Once it has heard them, it closes this frame.
  reminder = setInterval(say, REMIND_MS, NEWS)
  say(NEWS)
}

const ask = (path: string, question: object) => (asking = fetchAnswer(path, question))

async function fetchAnswer(path: string, question: object): Promise<Answer> {
  try {
    const reply = await fetch(path, {
      method: 'POST',
      // So that the request says whether it has the cookies of the one jar (`Sec-Fetch-Storage-Access`).
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
