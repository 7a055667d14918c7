import { describe, expect, it } from 'vitest'
import { chromiumFlags } from '../../../../server/browsers/process/flags.ts'

const flags = (changes = {}) =>
  chromiumFlags({ profileDir: '/data/profile', headless: true, sandbox: true, smallSharedMemory: false, proxyPort: null, ...changes })

describe("Chromium's command line", () => {
  it('speaks over the pipe and never opens a port', () => {
    expect(flags()).toContain('--remote-debugging-pipe')
    expect(flags().filter((flag) => flag.includes('debugging-port'))).toEqual([])
  })

  it('keeps the sandbox and site isolation', () => {
    expect(flags().filter((flag) => /sandbox|site-isolation|web-security/.test(flag))).toEqual([])
    expect(flags({ sandbox: false })).toContain('--no-sandbox')
  })

  it('goes through the egress proxy for everything, this machine included', () => {
    const through = flags({ proxyPort: 40_123 })
    expect(through).toContain('--proxy-server=socks5://127.0.0.1:40123')
    expect(through).toContain('--proxy-bypass-list=<-loopback>')
    expect(through).toContain('--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1')
    expect(through.filter((flag) => flag.startsWith('--proxy-'))).toHaveLength(2)
  })

  it('disables features in one flag, since only the last one counts', () => {
    expect(flags().filter((flag) => flag.startsWith('--disable-features='))).toHaveLength(1)
  })
})
