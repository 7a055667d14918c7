/** A place as people write or copy it: two numbers in degrees, or a link of a map that has them. */
export interface Place {
  latitude: number
  longitude: number
}

const pair = /(-?\d{1,2}(?:\.\d+)?)\s*(?:[,;]|%2C|\s)\s*(-?\d{1,3}(?:\.\d+)?)/i

/** null when there is none in it, or none on this earth. */
export function placeOf(text: string): Place | null {
  const found = pair.exec(text.includes('@') ? text.slice(text.indexOf('@')) : text)
  if (found === null) return null
  const [latitude, longitude] = [Number(found[1]), Number(found[2])]
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : null
}
