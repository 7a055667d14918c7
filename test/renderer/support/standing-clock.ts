/** Before each file and test: the wall clock stands, so that what is shown as 41 s ago stays that, however long a page takes to come. */
import { beforeEach, vi } from 'vitest'
import './standing-timers.ts'

const now = Date.parse('2026-11-26T14:32:07.000Z')

// Samples are made when their file is read.
vi.setSystemTime(now)
beforeEach(() => void vi.setSystemTime(now))
