/**
 * Draws all icons from the SVGs in `resources/svg`, in Chromium, each at its own size. Run it after changing one; the results are
 * committed. `node scripts/make-icons.mjs [chromium]`
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import puppeteer from 'puppeteer-core'
import { findOnPath } from './lib/machine.mjs'
import { inRoot } from './lib/paths.mjs'
import { Problem, runMain } from './lib/say.mjs'

/**
 * @typedef {(markup: string, size: number) => Promise<Buffer<ArrayBufferLike>>} Draw @typedef {[size: number, png:
 * Buffer<ArrayBufferLike>]} Image
 */

const ground = '#0a70d0'
const appSizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]
const svg = (/** @type {string} */ name) => readFileSync(inRoot('resources/svg', `${name}.svg`), 'utf8')

await runMain(async ([given]) => {
  const chromium = given ?? process.env.WHEELHOUSE_BROWSER ?? findOnPath('chromium') ?? findOnPath('google-chrome')
  if (chromium === null) throw new Problem('No Chromium was found to draw with; give its path.')
  const browser = await puppeteer.launch({ executablePath: chromium, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
  try {
    const page = await browser.newPage()
    /** @type {Draw} */
    const draw = async (markup, size) => {
      await page.setViewport({ width: size, height: size })
      await page.setContent(`<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${markup}`)
      return Buffer.from(await page.screenshot({ omitBackground: true, clip: { x: 0, y: 0, width: size, height: size } }))
    }
    await drawApp(draw)
    await drawTray(draw)
  } finally {
    await browser.close()
  }
})

/** @param {Draw} draw */
async function drawApp(draw) {
  mkdirSync(inRoot('resources/icons'), { recursive: true })
  /** @type {Image[]} */
  const full = []
  for (const size of appSizes) full.push([size, await draw(appIcon(size, 0), size)])
  for (const [size, png] of full) writeFileSync(inRoot(`resources/icons/${size}x${size}.png`), png)
  writeFileSync(inRoot('resources/icon.ico'), ico(full.filter(([size]) => size <= 256)))
  // macOS aligns icons by a margin of about a tenth, which the other systems do not have.
  /** @type {Map<number, Buffer<ArrayBufferLike>>} */
  const inset = new Map()
  for (const size of [16, 32, 64, 128, 256, 512, 1024]) inset.set(size, await draw(appIcon(size, size >= 64 ? 0.1 : 0.05), size))
  writeFileSync(inRoot('resources/icon.icns'), icns(inset))
}

/**
 * The mark in white on the accent colour; small sizes get less margin and a stronger line, or the spokes run together.
 * @param {number} size @param {number} margin of the whole, 0 to 1
 */
function appIcon(size, margin) {
  const edge = 24 * margin
  const side = 24 - 2 * edge
  const small = size <= 32
  const mark = side * (small ? 0.78 : 0.72)
  const inner = svg('mark').replace(/^<svg[^>]*>|<\/svg>\s*$/g, '')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
    <rect x="${edge}" y="${edge}" width="${side}" height="${side}" rx="${side * 0.225}" fill="${ground}"/>
    <svg x="${12 - mark / 2}" y="${12 - mark / 2}" width="${mark}" height="${mark}" viewBox="0 0 24 24"
      fill="none" stroke="#fff" stroke-width="${small ? 2.4 : 2}" stroke-linecap="round">${inner}</svg></svg>`
}

/** @param {Draw} draw */
async function drawTray(draw) {
  mkdirSync(inRoot('resources/tray'), { recursive: true })
  const save = (/** @type {string} */ name, /** @type {Buffer} */ png) => writeFileSync(inRoot('resources/tray', name), png)
  for (const state of ['fine', 'attention', 'stopped']) {
    const coloured = (/** @type {string} */ color) => `<div style="color:${color}">${svg(`tray-${state}`)}</div>`
    // A template is black on alpha; macOS gives it its colour, so the badge keeps its shape alone.
    const template = coloured('#000').replace('#e39b1f', '#000')
    save(`${state}Template.png`, await draw(template, 18))
    save(`${state}Template@2x.png`, await draw(template, 36))
    for (const [name, color] of Object.entries({ light: '#ffffff', dark: '#24282d' })) {
      save(`${state}-${name}.png`, await draw(coloured(color), 24))
      save(`${state}-${name}@2x.png`, await draw(coloured(color), 48))
      /** @type {Image[]} */
      const sizes = []
      for (const size of [16, 20, 24, 32, 48]) sizes.push([size, await draw(coloured(color), size)])
      save(`${state}-${name}.ico`, ico(sizes))
    }
  }
}

/** An ICO of PNG images: a header, one entry of 16 bytes each, the images. @param {readonly Image[]} images */
function ico(images) {
  const header = Buffer.alloc(6 + 16 * images.length)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(images.length, 4)
  let offset = header.length
  images.forEach(([size, png], index) => {
    const entry = 6 + 16 * index
    // A byte holds no 256; the format writes it as 0.
    header.writeUInt8(size % 256, entry)
    header.writeUInt8(size % 256, entry + 1)
    header.writeUInt16LE(1, entry + 4)
    header.writeUInt16LE(32, entry + 6)
    header.writeUInt32LE(png.length, entry + 8)
    header.writeUInt32LE(offset, entry + 12)
    offset += png.length
  })
  return Buffer.concat([header, ...images.map(([, png]) => png)])
}

/**
 * An ICNS of PNG images, by the types that macOS gives each size; several stand for two times a smaller one.
 * @param {ReadonlyMap<number, Buffer<ArrayBufferLike>>} images
 */
function icns(images) {
  const types = { ic11: 32, ic12: 64, ic07: 128, ic13: 256, ic08: 256, ic14: 512, ic09: 512, ic10: 1024 }
  const chunks = Object.entries(types).map(([type, size]) => chunk(type, images.get(size) ?? Buffer.alloc(0)))
  return chunk('icns', Buffer.concat(chunks))
}

/** @param {string} type @param {Buffer} content */
function chunk(type, content) {
  const head = Buffer.alloc(8)
  head.write(type, 0, 'latin1')
  head.writeUInt32BE(content.length + 8, 4)
  return Buffer.concat([head, content])
}
