import { describe, expect, it } from 'vitest'
import { bytes, figure, middle, shortCount, shortDuration, uptime } from '../../../renderer/presentation/format.ts'

describe('numbers and times as a person reads them', () => {
  it('says how long in one unit', () => {
    expect([500, 38_000, 12 * 60_000, 3 * 3_600_000, 97 * 86_400_000].map(shortDuration)).toEqual(['now', '38 s', '12 min', '3 h', '97 d'])
  })

  it('says how long the server is up in two', () => {
    expect([40, 600, 15_120, 273_600].map(uptime)).toEqual(['40 s', '10 min', '4 h 12 min', '3 d 4 h'])
  })

  it('gives sizes and counts a unit and no false precision', () => {
    expect([900, 84_000_000, 4_100_000_000].map(bytes)).toEqual(['900 B', '84 MB', '4.1 GB'])
    expect([0, 7.44, 61, 5_310].map(figure)).toEqual(['0', '7.4', '61', '5,310'])
    expect([12, 9_999, 104_382, 2_500_000].map(shortCount)).toEqual(['12', '9,999', '104k', '2.5M'])
  })

  it('cuts an address in its middle: the host’s label, then the end of the path', () => {
    expect(middle('https://truckerportal.example.com/containers', 30)).toBe('truckerportal…/containers')
    expect(middle('http://127.0.0.1:7700', 34)).toBe('http://127.0.0.1:7700')
    expect(middle('http://127.0.0.1:7700/some/long/path/of/a/page', 30)).toMatch(/^127\.0\.0\.1:7700….*page$/)
  })

  it('cuts anything else in its middle, never longer than asked', () => {
    const cut = middle('session_1795268412_4071962835', 17)
    expect(cut).toHaveLength(17)
    expect(cut).toMatch(/^session_….*2835$/)
  })
})
