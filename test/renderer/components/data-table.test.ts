import { afterEach, describe, expect, it } from 'vitest'
import { defineComponent, h, ref, type Component } from 'vue'
import DataTable from '../../../renderer/components/data-table.vue'
import { mountPage, settle, type MountedPage } from '../support/mount.ts'

// `h()` does not take the type of a generic component, which a template does.
const Table = DataTable as unknown as Component

interface Thing {
  name: string
  size: number
}

describe('the table of every page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function show(things: Thing[]) {
    const chosen = ref<string | null>(null)
    mounted = await mountPage(
      defineComponent({
        render: () =>
          h(Table, {
            rows: things,
            columns: [
              { key: 'name', title: 'Name', value: (row: object) => (row as Thing).name, sortable: true },
              { key: 'size', title: 'Size', value: (row: object) => (row as Thing).size, sortable: true, end: true },
            ],
            rowKey: (row: object) => (row as Thing).name,
            selectable: true,
            selected: chosen.value,
            caption: 'Things',
            onSelect: (row: object) => (chosen.value = (row as Thing).name),
          }),
      }),
    )
    const rows = () => [...document.querySelectorAll<HTMLElement>('tbody tr')].filter((row) => row.querySelector('td')?.textContent !== '')
    return { rows, names: () => rows().map((row) => row.querySelector('td')?.textContent?.trim()), chosen, page: mounted }
  }

  it('sorts by a click on a head: up, down, and as it came', async () => {
    const { names, page } = await show([
      { name: 'b', size: 2 },
      { name: 'a', size: 10 },
      { name: 'c', size: 1 },
    ])
    expect(names()).toEqual(['b', 'a', 'c'])
    await page.click('Size')
    expect(names()).toEqual(['c', 'b', 'a'])
    expect(document.querySelector('th[aria-sort=ascending]')?.textContent).toContain('Size')
    await page.click('Size')
    expect(names()).toEqual(['a', 'b', 'c'])
    await page.click('Size')
    expect(names()).toEqual(['b', 'a', 'c'])
  })

  it('opens a row by click and by Enter, and marks it', async () => {
    const { rows, chosen } = await show([
      { name: 'a', size: 1 },
      { name: 'b', size: 2 },
    ])
    rows()[1]?.click()
    await settle()
    expect(chosen.value).toBe('b')
    expect(rows()[1]?.className).toContain('is-selected')
    rows()[0]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await settle()
    expect(chosen.value).toBe('a')
  })

  it('draws all of 199 rows, and of ten thousand only what is in sight', async () => {
    const things = (count: number) => Array.from({ length: count }, (_, size) => ({ name: `thing-${size}`, size }))
    const few = await show(things(199))
    expect(few.rows()).toHaveLength(199)
    few.page.unmount()
    const many = await show(things(10_000))
    expect(many.rows().length).toBeLessThan(100)
  })
})
