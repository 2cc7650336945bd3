// Who plays on this phone. A family shares one, so several are remembered; a computer room remembers nobody:
// there the token lives in the tab and dies with it.
import { readJson, type Shelf } from '../../shared/storage'
import type { Participant } from '../../shared/protocol'

export interface Person {
  id: string
  name: string
  city: string
  token: string
}

const PEOPLE = 'kejing.people'
const CURRENT = 'kejing.current'
const ROOM = 'kejing.room'

/** Enough for a family or a village committee's phone; the one unused longest is forgotten. */
const PEOPLE_MAX = 12

export class People {
  constructor(
    private readonly device: Shelf,
    private readonly tab: Shelf,
  ) {}

  /** Computer-room mode. */
  get room(): boolean {
    return this.tab.get(ROOM) === '1'
  }

  set room(on: boolean) {
    if (on) this.tab.set(ROOM, '1')
    else this.tab.remove(ROOM)
  }

  /** Most recently used first. */
  get all(): Person[] {
    const people = readJson<Person[]>(this.shelf, PEOPLE)
    return Array.isArray(people) ? people.filter((one) => typeof one?.token === 'string') : []
  }

  get current(): Person | null {
    const id = this.shelf.get(CURRENT)
    return this.all.find((one) => one.id === id) ?? null
  }

  remember({ id, name, city }: Participant, token: string): void {
    const others = this.all.filter((one) => one.id !== id)
    const most = this.room ? 1 : PEOPLE_MAX
    this.keep([{ id, name, city, token }, ...others].slice(0, most))
    this.shelf.set(CURRENT, id)
  }

  /** Null: nobody, until somebody joins or signs in. */
  switchTo(id: string | null): void {
    const found = this.all.find((one) => one.id === id)
    if (found === undefined) {
      this.shelf.remove(CURRENT)
      return
    }
    this.keep([found, ...this.all.filter((one) => one.id !== id)])
    this.shelf.set(CURRENT, found.id)
  }

  forget(id: string): void {
    if (this.current?.id === id) this.shelf.remove(CURRENT)
    this.keep(this.all.filter((one) => one.id !== id))
  }

  private keep(people: Person[]): void {
    this.shelf.set(PEOPLE, JSON.stringify(people))
  }

  private get shelf(): Shelf {
    return this.room ? this.tab : this.device
  }
}
