import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { DeskError } from './api/call'
import { useLoading } from './loading'

/** A question that is answered when the test says so. */
function answers<T>() {
  const waiting: { give: (value: T) => void; refuse: (error: unknown) => void }[] = []
  const ask = vi.fn(() => new Promise<T>((give, refuse) => waiting.push({ give, refuse })))
  return { ask, waiting }
}

const settled = () => new Promise((done) => setImmediate(done))

test('an answer that comes after a newer question is passed over', async () => {
  const { ask, waiting } = answers<string>()
  const from = ref(1)
  const scope = effectScope()
  const loading = scope.run(() => useLoading(ask, from))!
  from.value = 2
  await nextTick()
  waiting[1]!.give('new')
  await settled()
  waiting[0]!.give('old')
  await settled()
  expect(loading).toMatchObject({ value: 'new', trouble: null, busy: false })
  scope.stop()
})

test('what was there stays while it cannot be asked for again, and the trouble is told', async () => {
  const { ask, waiting } = answers<string>()
  const scope = effectScope()
  const loading = scope.run(() => useLoading(ask))!
  waiting[0]!.give('first')
  await settled()
  void loading.again()
  waiting[1]!.refuse(new DeskError('offline', '连不上服务器'))
  await settled()
  expect(loading.value).toBe('first')
  expect(loading.trouble?.code).toBe('offline')
  scope.stop()
})

test('a page that was left hears nothing more', async () => {
  const { ask, waiting } = answers<string>()
  const scope = effectScope()
  const loading = scope.run(() => useLoading(ask))!
  scope.stop()
  waiting[0]!.give('late')
  await settled()
  expect(loading.value).toBeNull()
})
