import { EventEmitter } from 'node:events'
import type { WASocket } from 'baileys'
import { expect, test } from 'vitest'
import { hearRestrictions } from '../../../../server/bots/engine/baileys/restrictions.ts'
import type { RestrictionHappening } from '../../../../server/bots/engine/restriction.ts'
import { testLog } from '../../../fakes/kernel.ts'

test('an answer that comes after news which are newer does not hold the account back: it is asked for again', async () => {
  const ev = new EventEmitter()
  const tell = (isActive: boolean): unknown => ev.emit('connection.update', { reachoutTimeLock: { isActive } })
  const answers: ((isActive: boolean) => void)[] = []
  // As the library does: each answer is an event as well.
  const fetchAccountReachoutTimelock = async () => {
    const isActive = await new Promise<boolean>((resolve) => answers.push(resolve))
    tell(isActive)
    return { isActive }
  }
  const told: RestrictionHappening[] = []
  // What it uses of a socket.
  const socket = { ev, fetchAccountReachoutTimelock } as unknown as WASocket
  const asked = hearRestrictions(socket, testLog(), (happening) => told.push(happening)).isRestricted()
  await expect.poll(() => answers.length).toBe(1)
  tell(false)
  answers[0]?.(true)
  await expect.poll(() => answers.length).toBe(2)
  answers[1]?.(false)
  expect(await asked).toBe(false)
  expect(told.at(-1)).toMatchObject({ kind: 'new-chats', restriction: null })
})
