/**
 * Browser sessions beside a bare puppeteer launch, on one machine in one run, in turns. All parts one after the other, or those that are
 * named: `npm run bench -- browsers cycles`. With `--peers` also other programs that start browsers, installed into a folder of their own.
 */
import { loadavg } from 'node:os'
import { throughTheBridge } from './browsers/clients.ts'
import { fromTheSpare, toFirstCommand, toFirstPage } from './browsers/cold.ts'
import { createAndClose, killedOutright, parallelLogins } from './browsers/life.ts'
import { besidePeers } from './browsers/peers.ts'
import { inRoom, type Room } from './browsers/room.ts'
import { idle, listWithOneFrozen, start } from './browsers/server.ts'
import { wakeOfASleepingLogin } from './browsers/wake.ts'
import { tenLiveTiles } from './browsers/wall.ts'

const parts: Readonly<Record<string, (room: Room) => Promise<void>>> = {
  idle,
  cold: toFirstPage,
  ready: toFirstCommand,
  spare: fromTheSpare,
  list: listWithOneFrozen,
  wake: wakeOfASleepingLogin,
  cycles: createAndClose,
  callers: parallelLogins,
  bridge: throughTheBridge,
  tiles: tenLiveTiles,
  start,
  killed: killedOutright,
  peers: besidePeers,
}

const asked = process.argv.slice(2)
const named = asked.filter((word) => word !== '--peers')
const usual = named.length > 0 ? named : Object.keys(parts).filter((name) => name !== 'peers')
const chosen = new Set(asked.includes('--peers') ? [...usual, 'peers'] : usual)
const unknown = named.filter((name) => parts[name] === undefined)
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}.`)
  process.exitCode = 2
} else {
  const load = loadavg()[0] ?? 0
  console.log(`load before: ${load.toFixed(1)}`)
  for (const name of chosen) {
    try {
      await inRoom(async (room) => parts[name]?.(room))
    } catch (error) {
      // The others are worth their time all the same.
      console.error(`${name} did not come to its end: ${String(error)}`)
      process.exitCode = 1
    }
  }
}
