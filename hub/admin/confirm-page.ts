/** Asks for confirmation before many sessions end. */
import { html, type Part } from './html.js'
import { own, type Page, type Visit } from './layout.js'

export interface Question {
  readonly visit: Visit
  readonly title: string
  /** Says what will happen. */
  readonly words: string
  /** The address that the answer is sent to, and the fields that go with it. */
  readonly action: string
  readonly fields: Part
  /** The page that "no" leads to. */
  readonly back: string
}

export const confirmPage = ({ visit, title, words, action, fields, back }: Question): Page => ({
  title,
  here: 'sessions',
  content: html`<form class="card narrow" method="post" action="${action}">
    ${own(visit)} ${fields}
    <p>${words}</p>
    <div class="row">
      <button name="sure" value="yes">End</button>
      <a class="button quiet" href="${back}">Keep</a>
    </div>
  </form>`,
})
