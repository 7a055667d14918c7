import { expect, it } from 'vitest'
import { attachment, plainName } from '../../../server/http/file-names.ts'

it.each([
  ['containers.csv', 'containers.csv'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Windows\\win.ini', 'win.ini'],
  ['/', 'file'],
  ['..', 'file'],
  ['', 'file'],
  ['.profile', 'profile'],
  ['a\u0000b\nc.txt', 'abc.txt'],
  ['photo\u202egpj.exe', 'photogpj.exe'],
  ['con.txt', '_con.txt'],
  ['trailing. . ', 'trailing'],
  ['a<b>:"c|?*.txt', 'abc.txt'],
  ['Übersicht №1.pdf', 'Übersicht №1.pdf'],
])('the name %j becomes %j, which is a file in one folder', (given, name) => {
  expect(plainName(given)).toBe(name)
})

it('a name without end keeps its ending', () => {
  const name = plainName(`${'a'.repeat(400)}.csv`)
  expect([name.length, name.slice(-4)]).toEqual([150, '.csv'])
})

it('is told to old and new readers, and breaks out of no header', () => {
  expect(attachment('Ü"x"\\.csv')).toBe(`attachment; filename="__x__.csv"; filename*=UTF-8''%C3%9C%22x%22%5C.csv`)
  expect(attachment("it's (1).csv")).toContain("filename*=UTF-8''it%27s%20%281%29.csv")
})
