import { expect, test } from 'vitest'
import { bridgeArguments, readLaunch } from '../../../main/launch.ts'
import { flagNames, readOptions } from '../../../server/config/options.ts'

test('server flags are handed on in both spellings, Chromium switches and files are left alone', () => {
  const { serverArguments } = readLaunch(
    ['--no-sandbox', '--control-port', '0', '--ozone-platform=wayland', '--log-level=warn', 'some-file', '--data-dir', 'C:\\Data'],
    flagNames,
  )
  expect(serverArguments).toEqual(['--control-port', '0', '--log-level=warn', '--data-dir', 'C:\\Data'])
  expect(readOptions(serverArguments, {}).dataDir).toContain('Data')
})

test('a server flag without its value is handed on, so that the server can refuse it by name', () => {
  const { serverArguments } = readLaunch(['--host'], flagNames)
  expect(() => readOptions(serverArguments, {})).toThrow('--host needs a value')
})

test('the flags of the desktop are its own', () => {
  expect(readLaunch(['--smoke-test'], flagNames)).toEqual({ smokeTest: true, atLogin: false, serverArguments: [] })
  expect(readLaunch(['--at-login'], flagNames)).toEqual({ smokeTest: false, atLogin: true, serverArguments: [] })
  expect(readLaunch(['--help'], flagNames).serverArguments).toEqual(['--help'])
})

test('started as a bridge it is given what stands behind the word, and nothing else starts one', () => {
  expect(bridgeArguments(['mcp', '--session', 'abc'])).toEqual(['--session', 'abc'])
  expect(bridgeArguments(['--ozone-platform=wayland', 'mcp'])).toEqual([])
  expect(bridgeArguments(['--data-dir', 'mcp-data'])).toBeNull()
  expect(bridgeArguments(['--at-login'])).toBeNull()
})
