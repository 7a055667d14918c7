import { expect, test } from 'vitest'
import { hostOf, httpUrl, isLoopback, isOwnName, plainAddress } from '../../../server/http/network.ts'

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
