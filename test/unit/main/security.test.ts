import { describe, expect, test } from 'vitest'
import { contentSecurityPolicy, guardContents, guardSession, isOurPage, mayOpenOutside, windowOrigin } from '../../../main/security.ts'
import { FakeSession, FakeWebContents } from '../../fakes/electron.ts'

const own = ['http://127.0.0.1:7700', 'http://127.0.0.1:5010']

describe('what may be opened in the person’s own browser', () => {
  test.each(['https://example.org/page?x=1', 'http://127.0.0.1:7700/docs', 'http://127.0.0.1:5010/openapi.json'])('%s may', (address) => {
    expect(mayOpenOutside(address, own)).toBe(true)
  })

  test.each([
    'http://example.org/',
    'http://127.0.0.1:9999/',
    'http://127.0.0.1.example.org/',
    'http://127.0.0.1:7700@example.org/',
    'https://user:pass@example.org/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'ms-settings:privacy',
    'smb://host/share',
    'app://wheelhouse/',
    '//example.org',
    'example.org',
    '',
  ])('%s may not', (address) => {
    expect(mayOpenOutside(address, own)).toBe(false)
  })
})

describe('which page is ours', () => {
  test.each(['app://wheelhouse/', 'app://wheelhouse/#/browsers', 'app://wheelhouse'])('%s is', (address) => {
    expect(isOurPage(address, windowOrigin)).toBe(true)
  })
  test.each(['app://other/', 'https://wheelhouse/', 'app://wheelhouse.example/', 'app://wheelhouse@evil/', 'about:blank', 'null', ''])(
    '%j is not',
    (address) => {
      expect(isOurPage(address, windowOrigin)).toBe(false)
    },
  )
})

test('scripts are ours alone, and the one address to talk to is the control port', () => {
  const policy = contentSecurityPolicy('http://127.0.0.1:7711')
  const directives = new Map(policy.split('; ').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]))
  expect(directives.get('default-src')).toBe("'none'")
  expect(directives.get('script-src')).toBe("'self'")
  expect(directives.get('style-src')).toBe("'self' 'unsafe-inline'")
  expect(directives.get('img-src')).toBe("'self' data: blob:")
  expect(directives.get('connect-src')).toBe("'self' http://127.0.0.1:7711 ws://127.0.0.1:7711")
  expect(directives.get('frame-ancestors')).toBe("'none'")
})

describe('a page', () => {
  const guarded = () => {
    const contents = new FakeWebContents()
    const outside: string[] = []
    guardContents(contents, windowOrigin, (address) => outside.push(address))
    return { contents, outside }
  }

  test('may be reloaded, and may not go anywhere else; where it wanted to go is offered to the outside', () => {
    const { contents, outside } = guarded()
    expect(contents.navigate('app://wheelhouse/#/keys')).toBe(true)
    expect(contents.navigate('https://example.org/')).toBe(false)
    expect(contents.navigate('app://elsewhere/')).toBe(false)
    expect(contents.navigate('file:///etc/passwd')).toBe(false)
    expect(outside).toEqual(['https://example.org/', 'app://elsewhere/', 'file:///etc/passwd'])
  })

  test('gets no frame, not even with our own page in it', () => {
    const { contents, outside } = guarded()
    expect(contents.navigate('https://example.org/', false)).toBe(false)
    expect(contents.navigate('app://wheelhouse/', false)).toBe(false)
    expect(outside).toEqual([])
  })

  test('opens no window and embeds none', () => {
    const { contents, outside } = guarded()
    expect(contents.openWindow('https://example.org/')).toBe(false)
    expect(contents.openWindow('about:blank')).toBe(false)
    expect(contents.attachWebview()).toBe(false)
    expect(outside).toEqual(['https://example.org/', 'about:blank'])
  })
})

describe('permissions', () => {
  const session = new FakeSession()
  guardSession(session, windowOrigin)

  test.each([
    'media',
    'geolocation',
    'notifications',
    'clipboard-read',
    'usb',
    'serial',
    'hid',
    'openExternal',
    'midi',
    'idle-detection',
    'unknown',
  ] as const)('%s is refused even to our page', (permission) => {
    expect(session.grants(permission, windowOrigin)).toBe(false)
  })

  test.each(['clipboard-sanitized-write', 'fullscreen', 'loopback-network', 'local-network-access'] as const)(
    '%s is ours and nobody else’s',
    (permission) => {
      expect(session.grants(permission, windowOrigin)).toBe(true)
      expect(session.grants(permission, 'https://example.org')).toBe(false)
    },
  )

  test('no device is handed out', () => {
    const device = { deviceType: 'usb' as const, origin: windowOrigin, device: { deviceId: '1', vendorId: 1, productId: 1 } }
    expect(session.deviceHandler?.(device as unknown as Parameters<NonNullable<typeof session.deviceHandler>>[0])).toBe(false)
  })
})
