/** How large the picture of a page is drawn: so that it fits its room, or at a part of the page's own size. */

export interface Size {
  width: number
  height: number
}

const steps = [0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.25, 1.5, 2]

/** The scale at which all of the page is seen. */
export function fitting(page: Size, room: Size): number {
  if (page.width === 0 || page.height === 0) return 1
  return Math.max(0.05, Math.min(room.width / page.width, room.height / page.height))
}

/** The next larger or smaller step from `scale`; itself where there is none. */
export function nextStep(scale: number, direction: 1 | -1): number {
  const found = direction === 1 ? steps.find((step) => step > scale + 0.005) : steps.findLast((step) => step < scale - 0.005)
  return found ?? scale
}
