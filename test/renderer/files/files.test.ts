/** What is handed to the person as a file. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { csvOf } from '../../../renderer/files/csv.ts'
import { bytesOf, fileName, saveFile } from '../../../renderer/files/save-file.ts'

describe('CSV', () => {
  const rows = (cell: string | number | boolean | null | string[]) => csvOf(['a', 'b'], [{ a: cell, b: 'end' }]).split('\r\n')[1]

  it('has a line of names, then a line for each row', () => {
    expect(
      csvOf(
        ['a', 'b'],
        [
          { a: 1, b: 'x' },
          { a: 2, b: 'y' },
        ],
      ),
    ).toBe('a,b\r\n1,x\r\n2,y')
  })

  it('quotes what would end a cell or a line, and doubles quotes', () => {
    expect(rows('a, b')).toBe('"a, b",end')
    expect(rows('a\nb')).toBe('"a\nb",end')
    expect(rows('say "a"')).toBe('"say ""a""",end')
  })

  it('makes no formula of what somebody called himself', () => {
    expect(['=1+1', '+1', '-1', '@a'].map(rows)).toEqual(["'=1+1,end", "'+1,end", "'-1,end", "'@a,end"])
  })

  it('has words for lists, and nothing for nothing', () => {
    expect([rows(['read', 'write']), rows(null), rows(true)]).toEqual(['read write,end', ',end', 'true,end'])
  })
})

describe('a saved file', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it('has its name, type and content, and its address ends after the download has begun', async () => {
    vi.useFakeTimers()
    const blobs: Blob[] = []
    vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      blobs.push(blob as Blob)
      return 'blob:one'
    })
    const revoke = vi.spyOn(URL, 'revokeObjectURL').mockReturnValue(undefined)
    const clicked: string[] = []
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      clicked.push(`${this.download} ${this.href}`)
    })
    saveFile('rows.csv', 'a,b', 'text/csv')
    saveFile('one.bin', new Uint8Array([1, 2]))
    expect(clicked).toEqual(['rows.csv blob:one', 'one.bin blob:one'])
    expect(blobs.map(({ type }) => type)).toEqual(['text/csv', 'application/octet-stream'])
    expect(await blobs[0]?.text()).toBe('a,b')
    expect([...new Uint8Array((await blobs[1]?.arrayBuffer()) ?? [])]).toEqual([1, 2])
    expect(revoke).not.toHaveBeenCalled()
    vi.runAllTimers()
    expect(revoke).toHaveBeenCalledTimes(2)
  })

  it('is refused where the server sent none', () => {
    expect(() => bytesOf({ error: 'no' })).toThrow('the server sent no file')
    expect(bytesOf(new Uint8Array([1]))).toHaveLength(1)
  })

  it('is named by letters that every system takes', () => {
    expect(fileName('warehouse sync: 2/3')).toBe('warehouse-sync-2-3')
  })
})
