/** The list of any length: few rows are all drawn, of many those in sight. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, ref, shallowRef, type Component } from 'vue'
import VirtualList from '../../../renderer/components/virtual-list.vue'
import { mountPage, settle, type MountedPage } from '../support/mount.ts'

// `h()` does not take the type of a generic component, which a template does.
const List = VirtualList as unknown as Component

describe('a virtual list', () => {
  let mounted: MountedPage | null = null
  afterEach(() => {
    mounted?.unmount()
    vi.restoreAllMocks()
  })

  /** A box of 400 px; happy-dom lays nothing out, so rows are as high as they are said to be. */
  async function show(count: number, more: Record<string, unknown> = {}) {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400)
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(300)
    vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(20)
    const items = shallowRef(Array.from({ length: count }, (_, index) => `row ${index}`))
    const box = ref<HTMLElement | null>(null)
    mounted = await mountPage(
      defineComponent(
        () => () =>
          h('div', { id: 'box', ref: (element) => (box.value = element as HTMLElement | null) }, [
            h(
              List,
              { items: items.value, itemKey: (item: string) => item, box: box.value, rowHeight: 20, ...more },
              { default: ({ item }: { item: string }) => item },
            ),
          ]),
      ),
    )
    const rows = () => [...document.querySelectorAll<HTMLElement>('#box [data-index]')]
    const texts = () => rows().map(({ textContent }) => textContent)
    async function scrollTo(top: number): Promise<void> {
      if (box.value === null) throw new Error('no box')
      box.value.scrollTop = top
      box.value.dispatchEvent(new Event('scroll'))
      await settle()
    }
    return { items, texts, rows, scrollTo }
  }
  const room = (): number[] =>
    [...document.querySelectorAll<HTMLElement>('#box [aria-hidden=true]')].map(({ style }) => Number.parseFloat(style.height))

  it('draws all of 199 rows', async () => {
    const { texts } = await show(199)
    expect(texts()).toHaveLength(199)
    expect(room()).toEqual([])
  })

  it('draws of ten thousand those in sight, and keeps the room of the others', async () => {
    const { texts, rows, scrollTo } = await show(10_000)
    expect(texts()[0]).toBe('row 0')
    expect(rows().length).toBeLessThan(60)
    const [above = 0, below = 0] = room()
    expect(above + below + rows().length * 20).toBe(200_000)
    await scrollTo(100_000)
    expect(texts()).toContain('row 5005')
    expect(texts()).not.toContain('row 0')
    expect(rows().length).toBeLessThan(60)
    const [higher = 0, lower = 0] = room()
    expect(higher + lower + rows().length * 20).toBe(200_000)
  })

  it('follows its items, and goes over to drawing less when they become many', async () => {
    const { items, texts, rows } = await show(3)
    items.value = ['one', ...items.value]
    await settle()
    expect(texts()).toEqual(['one', 'row 0', 'row 1', 'row 2'])
    items.value = Array.from({ length: 500 }, (_, index) => `new ${index}`)
    await settle()
    expect(texts()[0]).toBe('new 0')
    expect(rows().length).toBeLessThan(60)
  })

  it('is whatever stands in its place: a log, or the body of a table', async () => {
    await show(2, { tag: 'ol', row: 'li', rowAttributes: (item: string) => ({ class: 'line', 'data-name': item }) })
    expect(document.querySelector('#box > ol > li.line')?.getAttribute('data-name')).toBe('row 0')
  })
})
