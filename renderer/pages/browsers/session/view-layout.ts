/** For which size the page is laid out while one drives it: as it is set, as large as the view, or as a device has it. */
import { computed, ref, type Ref } from 'vue'
import type { Size } from './view-zoom.ts'

export interface Layout extends Size {
  scale: number
}

export const devices = [
  { label: 'Laptop', width: 1_440, height: 900 },
  { label: 'Full HD', width: 1_920, height: 1_080 },
  { label: 'Tablet', width: 820, height: 1_180 },
  { label: 'Phone', width: 390, height: 844 },
] as const

const zooms = [0.5, 0.67, 0.75, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3]
const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

/** `ratio`: device px of one CSS px of this screen. */
export function layoutOf({ width, height }: Size, zoom: number, ratio: number): Layout {
  return {
    width: clamp(Math.round(width / zoom), 200, 4_000),
    height: clamp(Math.round(height / zoom), 150, 4_000),
    scale: clamp(Math.round(ratio * zoom * 100) / 100, 0.25, 4),
  }
}

/** `room`: what the view has; `own`: the size that is set for the session. */
export function useViewLayout(room: Readonly<Ref<Size>>, own: Readonly<Ref<Size>>) {
  const chosen = ref<'own' | 'view' | Size>('own')
  /** As a browser's Ctrl and + does. */
  const pageZoom = ref(1)
  const layout = computed<Layout | null>(() => {
    if (chosen.value === 'own' && pageZoom.value === 1) return null
    const size = chosen.value === 'own' ? own.value : chosen.value === 'view' ? room.value : chosen.value
    // The picture of a size of its own is scaled to the room anyway; more px than that would be for nothing.
    const ratio = chosen.value === 'view' ? devicePixelRatio : 1
    return layoutOf(size, pageZoom.value, ratio)
  })
  return {
    chosen,
    pageZoom,
    layout,
    zoomPage(by: 1 | -1 | 0): void {
      const next = by === 1 ? zooms.find((zoom) => zoom > pageZoom.value + 0.01) : zooms.findLast((zoom) => zoom < pageZoom.value - 0.01)
      pageZoom.value = by === 0 ? 1 : (next ?? pageZoom.value)
    },
  }
}
