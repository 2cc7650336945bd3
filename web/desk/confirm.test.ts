import { expect, test, vi } from 'vitest'
import { DeskError } from './api/call'
import { GivenUp, asking, confirmed } from './confirm'

const WHY = '发布'
const wantsConfirmation = new DeskError('confirm_first', '请先再输一次密码。', 403)

test('an act that needs no confirmation is done once and nobody is asked', async () => {
  const act = vi.fn(async () => 'done')
  expect(await confirmed(WHY, act)).toBe('done')
  expect(act).toHaveBeenCalledTimes(1)
  expect(asking.value).toBeNull()
})

test('after the password was typed the act is done again by itself', async () => {
  const act = vi.fn().mockRejectedValueOnce(wantsConfirmation).mockResolvedValueOnce('done')
  const ended = confirmed(WHY, act)
  await vi.waitFor(() => expect(asking.value?.why).toBe(WHY))
  asking.value?.settle(true)
  expect(await ended).toBe('done')
  expect(asking.value).toBeNull()
})

test('whoever gives up has done nothing', async () => {
  const act = vi.fn().mockRejectedValue(wantsConfirmation)
  const ended = confirmed(WHY, act)
  await vi.waitFor(() => expect(asking.value).not.toBeNull())
  asking.value?.settle(false)
  await expect(ended).rejects.toBeInstanceOf(GivenUp)
  expect(act).toHaveBeenCalledTimes(1)
})

test('any other refusal is told at once', async () => {
  const forbidden = new DeskError('forbidden', '不能', 403)
  await expect(confirmed(WHY, async () => Promise.reject(forbidden))).rejects.toBe(forbidden)
  expect(asking.value).toBeNull()
})
