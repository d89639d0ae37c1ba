/** The options of `fastifySite`, each declared here and nowhere else. */
import { type Check, type OptionRows, yesOrNo } from '../settings/option-rows.js'
import { coreOf } from './adapters/core-of.js'

const siteOption: Check<ReturnType<typeof coreOf>> = {
  type: 'Site | AppSite',
  read: (where, _name, given) => coreOf(where, given),
}

export const fastifyRows = {
  site: { text: 'what `createSite()` returned', required: true, check: siteOption },
  bearer: {
    text: 'whether `Authorization: Bearer` counts, as with `site.session({ bearer: true })`',
    default: false,
    check: yesOrNo,
  },
  redirectOnce: {
    text: 'whether the first page of a browser session goes to the hub and back, as with `site.redirectOnce()`',
    default: false,
    check: yesOrNo,
  },
} satisfies OptionRows
