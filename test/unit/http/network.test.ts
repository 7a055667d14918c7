import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { calledOrigin, hostOf, httpUrl, isLoopback, isOwnName, plainAddress } from '../../../server/http/network.ts'

test('the host of a Host header comes without port and brackets', () => {
  expect(hostOf('127.0.0.1:5010')).toBe('127.0.0.1')
  expect(hostOf('LOCALHOST')).toBe('localhost')
  expect(hostOf('[::1]:7700')).toBe('::1')
})

test('an authority that is no plain host has no host', () => {
  for (const bad of ['', 'a b', 'user@127.0.0.1', '127.0.0.1:5010:1', '[::1', 'localhost/..', 'localhost:99999999'])
    expect(hostOf(bad), bad).toBe('')
})

test('names that merely begin like loopback are foreign', () => {
  expect(isLoopback('127.0.0.1.evil.example')).toBe(false)
  expect(isLoopback('127.9.9.9')).toBe(true)
  expect(isOwnName('evil.example')).toBe(false)
  expect(isOwnName('192.168.1.20')).toBe(true)
})

test('an IPv4 peer on an IPv6 socket is named by its IPv4 address', () => {
  expect(plainAddress('::ffff:10.0.0.7')).toBe('10.0.0.7')
  expect(plainAddress(undefined)).toBe('')
})

test('IPv6 hosts stand in brackets in addresses', () => {
  expect(httpUrl('::1', 80)).toBe('http://[::1]:80')
  expect(httpUrl('127.0.0.1', 80)).toBe('http://127.0.0.1:80')
})

test('what the caller has called is told by a proxy that is trusted, and by the public address', () => {
  const told = (headers: Record<string, string>, { trusted = true, publicUrl = null as URL | null } = {}): string => {
    // Of all of a request only this is looked at.
    const request = { headers, socket: { remoteAddress: '::ffff:127.0.0.1' } } as unknown as IncomingMessage
    return calledOrigin(request, () => trusted, publicUrl)
  }
  const host = '127.0.0.1:5010'
  const forwarded = { host, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'house.example', 'x-forwarded-prefix': '/wheel/' }
  expect(told(forwarded)).toBe('https://house.example/wheel')
  expect(told(forwarded, { trusted: false })).toBe('http://127.0.0.1:5010')
  expect(told({ host, 'x-forwarded-proto': 'https, http' })).toBe('https://127.0.0.1:5010')
  expect(told({ host, 'x-forwarded-proto': 'ftp', 'x-forwarded-host': 'a b', 'x-forwarded-prefix': '//evil.example' })).toBe(
    `http://${host}`,
  )
  const publicUrl = new URL('https://house.example/relay')
  expect(told({ host: 'house.example' }, { trusted: false, publicUrl })).toBe('https://house.example')
  expect(told({ host }, { publicUrl })).toBe(`http://${host}`)
})
