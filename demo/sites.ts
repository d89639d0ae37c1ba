/** The three sites, and what each of them offers. */

export const siteNames = ['shop', 'travel', 'magazine'] as const
export type SiteName = (typeof siteNames)[number]

/** The origins of the hub and the sites. */
export type Addresses = Readonly<Record<'hub' | SiteName, string>>

export interface Item {
  readonly name: string
  readonly about: string
  /** A picture in `public/art.svg`. */
  readonly picture: string
}

export interface Profile {
  readonly name: SiteName
  readonly title: string
  readonly tagline: string
  readonly pitch: string
  readonly heading: string
  /** The text of its buttons. */
  readonly add: string
  readonly items: readonly Item[]
}

export const profiles: Readonly<Record<SiteName, Profile>> = {
  shop: {
    name: 'shop',
    title: 'Kettle & Thread',
    tagline: 'Household things, made slowly',
    pitch: 'Four things for the house that will outlive the house.',
    heading: 'On the shelf',
    add: 'Add to cart',
    items: [
      { name: 'Stoneware teapot', about: 'Four cups, and never a drip.', picture: 'teapot' },
      { name: 'Wool blanket', about: 'Woven in one piece, for two.', picture: 'blanket' },
      { name: 'Reading lamp', about: 'Brass arm, linen shade, warm light.', picture: 'lamp' },
      { name: 'Oak step stool', about: 'Two steps up. No screws.', picture: 'stool' },
    ],
  },
  travel: {
    name: 'travel',
    title: 'Northbound',
    tagline: 'Slow journeys by rail and water',
    pitch: 'Four ways north. None of them leaves from an airport.',
    heading: 'Departures',
    add: 'Add this trip',
    items: [
      { name: 'Night train to Narvik', about: 'One berth, one window, 21 hours.', picture: 'train' },
      { name: 'Ferry through the fjords', about: 'Six harbours and a lot of weather.', picture: 'ferry' },
      { name: 'Cabin by the lake', about: 'Three nights, a stove, no signal.', picture: 'cabin' },
      { name: 'Canal by bicycle', about: 'Flat, for five days.', picture: 'bicycle' },
    ],
  },
  magazine: {
    name: 'magazine',
    title: 'The Long Page',
    tagline: 'Essays worth an evening',
    pitch: 'Four issues a year, and nothing in between.',
    heading: 'Read on',
    add: 'Order',
    items: [
      { name: 'The winter issue', about: 'On waiting, in nine essays.', picture: 'issue' },
      { name: 'A year of issues', about: 'Four evenings, delivered.', picture: 'year' },
      { name: 'One from the archive', about: 'We choose. You read.', picture: 'archive' },
      { name: 'Canvas tote', about: 'Carries forty issues, or leeks.', picture: 'tote' },
    ],
  },
}
