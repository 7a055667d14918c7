import { expect, test } from 'vitest'
import { linkFiles } from '../../../../renderer/pages/bots/link-files.ts'

/** As a browser gives it; one that was chosen alone has no place. */
function chosen(name: string, text: string, place = ''): File {
  return Object.defineProperty(new File([text], name), 'webkitRelativePath', { value: place })
}

function inFolder(path: string, text: string): File {
  return chosen(path.slice(path.lastIndexOf('/') + 1), text, path)
}

test('of a chosen folder the documents are sent by their place, and of the rest no more than its name where that tells what it is', async () => {
  const files = [
    inFolder('auth_info/creds.json', '{}'),
    inFolder('auth_info/session-1.0.json', '"x"'),
    inFolder('auth_info/store.sqlite3', 'large'),
    inFolder('auth_info/gows.db', 'large'),
  ]
  expect(await linkFiles(files)).toEqual({ 'auth_info/creds.json': '{}', 'auth_info/session-1.0.json': '"x"', 'auth_info/gows.db': '' })
})

test('one document has its own name', async () => {
  expect(await linkFiles([chosen('waha_auth.json', '[]')])).toEqual({ 'waha_auth.json': '[]' })
})
