import { expect } from 'chai'

import { BOT } from '../../sdk/protocol/bots.js'

const phone = (model: string) =>
  `Mozilla/5.0 (Linux; Android 13; ${model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36`

describe('a user agent', () => {
  for (const model of [
    'Pixel 7',
    'CUBOT KINGKONG 9 Build/TP1A.220624.014; wv',
    'CUBOT',
    'CUBOT_X19',
    'X bot 60',
    'M bot',
  ])
    it(`of the phone "${model}" is a person's`, () => {
      expect(BOT.test(phone(model))).to.equal(false)
    })

  it("of a page in a social application is a person's, whoever made the phone", () => {
    expect(BOT.test(`${phone('CUBOT NOTE')} [FBAN/FB4A;FBMF/CUBOT;FBBD/CUBOT;FBDV/CUBOT NOTE]`)).to.equal(
      false,
    )
  })

  for (const agent of [
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; Googlebot/2.1)',
    'Mozilla/5.0 (compatible; AdsBot-Google-Mobile)',
    'Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)',
    'Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)',
    'TelegramBot (like TwitterBot)',
    'Twitterbot/1.0',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    `${phone('Moto G4')} Chrome-Lighthouse`,
  ])
    it(`"${agent}" is a bot's`, () => {
      expect(BOT.test(agent)).to.equal(true)
    })
})
