// The bank that a page is of, and what one may do with it.
import { computed, type ComputedRef } from 'vue'
import { banks } from './api/banks'
import type { Bank, BankMay } from './api/types'
import { useLoading, type Loading } from './loading'

const NOTHING: BankMay = { write: false, review: false, settings: false, publish: false }

export function useBank(id: () => string): { bank: Loading<Bank>; may: ComputedRef<BankMay>; name: ComputedRef<string> } {
  const bank = useLoading(() => banks.get(id()), id)
  return {
    bank,
    may: computed(() => bank.value?.may ?? NOTHING),
    name: computed(() => bank.value?.name ?? ''),
  }
}
