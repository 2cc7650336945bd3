// Roles in words, and what a list of them lacks. What somebody may do, the server says.
import type { Grant, Role } from '../api/types'

export const ROLES: Record<Role, { name: string; does: string }> = {
  administrator: { name: '管理员', does: '管人员、题库和设置，可以发布' },
  editor: { name: '编辑', does: '录入、导入和修改题目，送审' },
  reviewer: { name: '审题人', does: '通过或退回题目，可以发布' },
  association: { name: '地方科协', does: '向题库供题，只看本地的事' },
  auditor: { name: '监督员', does: '什么都能看，什么都不能改' },
}

export interface Place {
  value: string
  label: string
  children?: Place[]
}

interface Region {
  region: { code: string; name: string }
  cities: { code: string; name: string; counties: { code: string; name: string }[] }[]
}

/** The region's tree, for choosing a place: the region, its cities, their counties. */
export function placesOf(season: Region): Place[] {
  const cities = season.cities.map((city) => ({
    value: `city:${city.code}`,
    label: city.name,
    children: city.counties.map((county) => ({ value: `county:${county.code}`, label: county.name })),
  }))
  return [{ value: 'region', label: season.region.name, children: cities }]
}

export function placeLabel(places: readonly Place[], value: string): string {
  for (const place of places) {
    if (place.value === value) return place.label
    const below = placeLabel(place.children ?? [], value)
    if (below !== '') return below
  }
  return ''
}

/** 「审题人（科普题库）」 */
export function grantName(grant: Grant, banks: readonly { id: string; name: string }[], places: readonly Place[]): string {
  const role = ROLES[grant.role].name
  if (grant.role === 'editor' || grant.role === 'reviewer') {
    if (grant.bank === null) return `${role}（全部题库）`
    return `${role}（${banks.find(({ id }) => id === grant.bank)?.name ?? grant.bank}）`
  }
  if (grant.role === 'association') return `${role}（${grant.place_name || placeLabel(places, grant.place) || grant.place}）`
  return role
}

export const has = (roles: readonly Grant[], ...wanted: Role[]) => roles.some(({ role }) => wanted.includes(role))

/** Two grants that say the same are one. */
export function sameGrant(a: Grant, b: Grant): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

const sorted = (grant: Grant) => Object.entries(grant).sort(([a], [b]) => a.localeCompare(b))

/** What is missing in a list of roles before it can be saved; `null`: nothing. */
export function rolesFault(roles: readonly Grant[]): string | null {
  if (roles.length === 0) return '请至少给一个角色。'
  if (roles.some((grant) => grant.role === 'association' && grant.place === '')) return '请选择地方科协所在的地方。'
  if (roles.some((grant, place) => roles.findIndex((other) => sameGrant(grant, other)) !== place)) return '同一个角色给了两次，请删掉一个。'
  return null
}
