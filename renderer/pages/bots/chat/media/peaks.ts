/** How loud a sound is along its way, for the picture of a voice note. */

/** `count` values from 0 to 1, of which the loudest is 1; silence has none. */
export function peaksOf(samples: Float32Array, count: number): number[] {
  const each = Math.max(1, Math.floor(samples.length / count))
  const loud = Array.from({ length: count }, (_, index) => {
    let sum = 0
    const end = Math.min(samples.length, (index + 1) * each)
    for (let at = index * each; at < end; at += 1) sum += (samples[at] ?? 0) ** 2
    return Math.sqrt(sum / each)
  })
  const most = Math.max(...loud)
  return most === 0 ? loud : loud.map((value) => value / most)
}

/** Null where the sound cannot be read. */
export async function peaksIn(sound: Blob, count: number): Promise<number[] | null> {
  try {
    // The lowest rate there is: the picture has forty bars.
    const decoded = await new OfflineAudioContext(1, 1, 8_000).decodeAudioData(await sound.arrayBuffer())
    return peaksOf(decoded.getChannelData(0), count)
  } catch {
    return null
  }
}
