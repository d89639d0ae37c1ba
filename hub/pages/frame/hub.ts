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
  /** Where the hub sees its own jar: what its turn cookie says, as `document.cookie` has it. */
  readonly turn?: string
}

type Answer = Pick<FrameMessage, 'outcome' | 'ticket' | 'reason' | 'subject' | 'claims'> & Turned

const { site, state, message, ...served } = JSON.parse(
  document.getElementById('data')?.textContent ?? '',
) as FrameData
const { sessionHub, nonce } = message
let { proof } = served
let turn = ''
let reminder: number | undefined
let asking: Promise<unknown> = Promise.resolve()

// Only that origin can read it (R15). A stranger's page gets nothing, were it to embed this at all.
export const say = ({ outcome, ticket, reason, subject, claims }: Answer) => {
  const said: Loose<FrameMessage> = { sessionHub, nonce, outcome, ticket, reason, subject, claims }
  window.parent.postMessage(said, site)
}

export const sayHeight = (height: number) => {
  window.parent.postMessage({ sessionHub: 1, nonce, height } satisfies HeightMessage, site)
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
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source !== window.parent || origin !== site) return // R15
    const asked = readPageMessage(data, nonce)
    if (!asked) return
    // The answer has the news in it.
    window.clearTimeout(reminder)
    const { offer, choice, forget } = asked
    void (forget === undefined ? ask('/exchange', { offer, choice }) : ask('/forget', { forget })).then(say)
  })
  const asServed = () => {
    attend(message)
    say(message)
  }
  // Without a click it is granted only where the browser remembers that the visitor has allowed it (R17).
  // With a reason, the hub has said that it would be of no use.
  if (message.outcome === 'blocked' && !message.reason) isAllowed().then(look).then(say, asServed)
  else asServed()
}

/** Rejects where the browser has not been told yes: to ask it then would be an error on the page's console, and nothing else. */
async function isAllowed(): Promise<void> {
  const { state } = await window.navigator.permissions.query({ name: 'storage-access' })
  if (state !== 'granted') throw new Error(state)
}

/**
 * Another page's frame, or a redirect, may give this browser another session at the hub, or find it gone: the page is told. Only
 * where the frame has the hub's own jar; a listener that comes before it would hear nothing. What has changed since the answer was
 * made and before the listener was there, the cookie itself tells.
 */
function attend(answer: Answer): void {
  if (answer.turn === undefined) return
  ;({ turn } = answer)
  const { cookieStore } = window as Partial<typeof window>
  cookieStore?.addEventListener('change', onCookies)
  void cookieStore?.get(nameOf(turn) as string).then((cookie) => {
    const now = turnOf(cookie)
    // In a browser that keeps no such cookie after all, each frame would find it gone, for ever: of one thing the page is told once.
    const found = turn + now
    if (window.sessionStorage['found'] !== found) heed(now)
    window.sessionStorage['found'] = found
  })
}

const nameOf = (text: string) => text.split('=')[0]
const turnOf = (cookie?: CookieListItem | null) => `${nameOf(turn)}=${cookie?.value ?? ''}`

function onCookies({ changed, deleted }: CookieChangeEvent): void {
  const cookie = [...changed, ...deleted].find(({ name }) => name === nameOf(turn))
  // What the event says. `document.cookie` may still be the old one while it is told.
  if (cookie) heed(turnOf(cookie))
}

function heed(now: string): void {
  // What this frame's own question has changed, its answer tells.
  void asking.then(() => {
    if (now === turn) return
    turn = now
    tellNews(REMINDERS)
  })
}

/** A page that is about to end its sync does not listen for news yet. Once it has heard them, it closes this frame. */
const REMINDERS = 9
const REMIND_MS = 1000

function tellNews(reminders: number): void {
  window.clearTimeout(reminder)
  // After its last answer, the page takes any message for the news that it has to ask again.
  say({ outcome: 'offer' })
  if (reminders) reminder = window.setTimeout(tellNews, REMIND_MS, reminders - 1)
}

const ask = (path: string, question: object): Promise<Answer> => {
  const answer = fetchAnswer(path, question)
  asking = answer
  return answer
}

async function fetchAnswer(path: string, question: object): Promise<Answer> {
  try {
    const reply = await window.fetch(path, {
      method: 'POST',
      // So that the request says whether it has the cookies of the one jar (`Sec-Fetch-Storage-Access`).
      credentials: 'include',
      headers: { 'content-type': 'application/json', 'x-session-hub': '1' },
      body: JSON.stringify({ site, nonce, proof, ...question }),
    })
    const body = (await reply.json()) as Answer & { proof?: string; error: string }
    proof = body.proof ?? proof
    attend(body)
    return reply.ok ? body : { outcome: 'failed', reason: body.error }
  } catch {
    return { outcome: 'failed', reason: 'unavailable' }
  }
}
