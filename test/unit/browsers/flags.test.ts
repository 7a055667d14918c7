import { describe, expect, it } from 'vitest'
import { chromiumFlags } from '../../../server/browsers/flags.ts'

const flags = (changes = {}) => chromiumFlags({ profileDir: '/data/profile', headless: true, sandbox: true, smallSharedMemory: false, ...changes })

describe("Chromium's command line", () => {
  it('speaks over the pipe and never opens a port', () => {
    expect(flags()).toContain('--remote-debugging-pipe')
    expect(flags().filter((flag) => flag.includes('debugging-port'))).toEqual([])
  })

  it('keeps the sandbox and site isolation', () => {
    expect(flags().filter((flag) => /sandbox|site-isolation|web-security/.test(flag))).toEqual([])
    expect(flags({ sandbox: false })).toContain('--no-sandbox')
  })

  it('disables features in one flag, since only the last one counts', () => {
    expect(flags().filter((flag) => flag.startsWith('--disable-features='))).toHaveLength(1)
  })
})
