// The screens that nobody needs in the first second.
import type { Component } from 'vue'
import Boards from './screens/Boards.vue'
import Errata from './parts/Errata.vue'
import History from './screens/History.vue'
import Info from './screens/Info.vue'
import Mine from './screens/Mine.vue'
import Missed from './screens/Missed.vue'
import Notices from './screens/Notices.vue'
import People from './screens/People.vue'
import Reports from './screens/Reports.vue'
import Review from './screens/Review.vue'
import SignIn from './screens/SignIn.vue'
import Transfer from './screens/Transfer.vue'
import Verify from './verify/Opening.vue'

export const LATER: Record<string, Component> = {
  'sign-in': SignIn,
  people: People,
  review: Review,
  reports: Reports,
  history: History,
  boards: Boards,
  rules: Info,
  faq: Info,
  about: Info,
  privacy: Info,
  missed: Missed,
  notices: Notices,
  me: Mine,
  transfer: Transfer,
  verify: Verify,
}

/** Parts of screens that came first, which can wait. */
export const PARTS: Record<string, Component> = { errata: Errata }
