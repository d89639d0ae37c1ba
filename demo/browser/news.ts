/** Says in one line what has happened to the session elsewhere, and asks the question that only the visitor can answer. */
import type { ClientEvents } from 'session-hub'

import { byId, one } from './elements.js'
import { hear, sdk } from './sdk.js'

const ENDED: Readonly<Record<ClientEvents['session-ended']['reason'], string>> = {
  'signed-out': 'You signed out on another site, so you are signed out here too.',
  'signed-in': 'You signed in again on another site. A link from there brings that sign-in here.',
  replaced: 'Your cart and sign-in here were replaced by those of another site.',
  'replaced-elsewhere': 'You signed in on another device. You can be signed in on only one at a time.',
  revoked: 'You were signed out from another device, or by an administrator.',
  replayed: 'Somebody else used your sign-in, so we ended it. Sign in again.',
  expired: 'You were signed out because some time has passed. Sign in again to continue.',
  unknown: 'You are signed out here.',
}

const REPLACED: Readonly<Record<ClientEvents['session-replaced']['reason'], string>> = {
  empty: 'What you did on our other sites is here now.',
  merged: 'What you had here and what you had on our other sites are together now.',
  overruled: 'You are now signed in here as you are on our other sites.',
  'same-user': 'You continue here where you left off on our other sites.',
  'other-page': 'Another page of this site has brought what you did elsewhere.',
}

/** The backend already knew when it made this page, and has said so in its own words. */
const isSaid = byId('news', HTMLElement).textContent !== ''

export function tellNews(): void {
  hear('session-ended', ({ reason }) => {
    endQuestion()
    if (reason !== 'unknown' || !isSaid) say(ENDED[reason])
  })
  hear('session-replaced', ({ reason }) => {
    endQuestion()
    say(REPLACED[reason])
  })
  hear('session-conflict', ({ subject }) => {
    ask(subject)
  })
  hear('synced', ({ outcome }) => {
    if (outcome && outcome !== 'conflict') endQuestion()
  })
  for (const button of byId('conflict', HTMLElement).querySelectorAll('button'))
    button.addEventListener('click', () => void answer(button.dataset.choice === 'hub' ? 'hub' : 'site'))
}

/** Removes the news when the page itself acts, because the news is then out of date. */
export function endNews(): void {
  say('')
}

/** @param there the user who is signed in on the other sites. Text is only ever inserted as text. */
function ask(there: string): void {
  const here = document.querySelector('[data-name]')?.textContent ?? ''
  const question = byId('conflict', HTMLElement)
  one(question, '[data-here]', HTMLElement).textContent = here
  one(question, '[data-there]', HTMLElement).textContent = there
  say(`${there} is signed in on the other sites, and ${here} on this one.`)
  question.hidden = false
}

async function answer(choice: 'hub' | 'site'): Promise<void> {
  const [here, there] = ['[data-here]', '[data-there]'].map((who) => document.querySelector(who)?.textContent)
  const status = await sdk()?.resolve(choice)
  if (status?.outcome === 'adopt') say(`${here} stays. A site where ${there} is signed in will ask, too.`)
  else if (status?.outcome === 'failed') say('This cannot be done right now. Both accounts stay as they are.')
  // The pressed button is gone, and this line shows the result.
  byId('news', HTMLElement).focus()
}

function endQuestion(): void {
  byId('conflict', HTMLElement).hidden = true
}

function say(words: string): void {
  const news = byId('news', HTMLElement)
  // The same text would be read out once more.
  if (news.textContent !== words) news.textContent = words
}
