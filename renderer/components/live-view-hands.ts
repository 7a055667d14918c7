/** What a page asks of the person who drives it, as the live view shows it over the picture, and what they answer. */
import { shallowReactive } from 'vue'
import type {
  PageChoice,
  PageDialog,
  PageMenu,
  SentViewCommand,
  ViewDownload,
  ViewNotice,
} from '../../server/browsers/contract/live-view-messages.ts'

export interface ShownDialog extends PageDialog {
  /** Ms since the epoch, by this machine's clock. */
  until: number
  shownAt: number
}

export interface ShownChooser {
  id: string
  multiple: boolean
  accept: string
}

export interface ViewHands {
  /** The one that is answered next; null when the page asks nothing. */
  dialog: ShownDialog | null
  choice: PageChoice | null
  chooser: ShownChooser | null
  /** Those that came while the view was open, the latest first; `Done` ones until they are put away. */
  downloads: readonly ViewDownload[]
  menu: PageMenu | null
  /** Null until something was looked for. */
  found: Extract<ViewNotice, { type: 'found' }> | null
  /** Looking for a text on the page. */
  finding: boolean
  permissions: Extract<ViewNotice, { type: 'permissions' }>['asked']
}

export interface HandsOptions {
  send(command: SentViewCommand): void
  /** The page has copied something. */
  copied(what: { text: string; html: string }): void
  /** What became of a page whose scripts were to be ended. */
  stopped(how: 'stands' | 'emptied'): void
}

export function useViewHands({ send, copied, stopped }: HandsOptions) {
  const state = shallowReactive<ViewHands>({
    ...{ dialog: null, choice: null, chooser: null, downloads: [], menu: null, found: null, finding: false, permissions: [] },
  })

  /** What another page, or nobody, is to answer is not shown any more. */
  function clear(): void {
    state.choice = null
    state.chooser = null
    state.menu = null
    state.found = null
    state.finding = false
  }

  return {
    state,
    clear,
    heed(notice: ViewNotice): void {
      switch (notice.type) {
        case 'dialogs': {
          const [first] = notice.dialogs
          state.dialog = first === undefined ? null : { ...first, shownAt: Date.now(), until: Date.now() + first.secondsLeft * 1_000 }
          return
        }
        case 'choice':
          return void (state.choice = notice.choice)
        case 'chooser':
          return void (state.chooser = { id: notice.chooser, multiple: notice.multiple, accept: notice.accept })
        case 'menu':
          return void (state.menu = notice.menu)
        case 'found':
          return void (state.found = notice)
        case 'permissions':
          return void (state.permissions = notice.asked)
        case 'copied':
          return copied(notice)
        case 'stopped':
          return stopped(notice.how)
        case 'download':
          state.downloads = [notice.download, ...state.downloads.filter(({ id }) => id !== notice.download.id)].slice(0, 20)
      }
    },
    answer(accept: boolean, text?: string): void {
      if (state.dialog === null) return
      send({ type: 'answer', dialog: state.dialog.id, accept, ...(text === undefined ? {} : { text: text.slice(0, 10_000) }) })
      state.dialog = null
    },
    choose(value: string | null): void {
      if (state.choice === null) return
      send({ type: 'choose', choice: state.choice.id, value })
      state.choice = null
    },
    giveFiles(uploads: string[]): void {
      if (state.chooser === null) return
      send({ type: 'files', chooser: state.chooser.id, files: uploads })
      state.chooser = null
    },
    find(text: string, backward: boolean): void {
      send({ type: 'find', text, backward })
    },
    closeMenu(): void {
      state.menu = null
    },
    endFinding(): void {
      if (state.finding) send({ type: 'find', text: '' })
      state.finding = false
      state.found = null
    },
    decide(allow: boolean): void {
      const [asked] = state.permissions
      if (asked !== undefined) send({ type: 'permit', request: asked.id, allow })
    },
    putAway(download: string): void {
      state.downloads = state.downloads.filter(({ id }) => id !== download)
    },
  }
}
