/** What a view that drives tells the page in front to do, beside answering dialogs. */
import { contained, type Scope } from '../../isolation.ts'
import type { ViewCommand, ViewNotice } from '../contract/live-view-messages.ts'
import type { PageLink } from './page-link.ts'
import type { ViewableSession } from './viewable-session.ts'

export type DrivingCommand = Exclude<
  ViewCommand,
  { type: 'visible' | 'drawn' | 'take-over' | 'give-back' | 'page' | 'answer' | 'permit' | 'stop-page' }
>

export interface DriveParts {
  session: ViewableSession
  scope: Scope
  notify(notice: ViewNotice): void
  problem(message: string): void
}

/** Nothing is waited for: a page may hang. */
export function drive(link: PageLink, command: DrivingCommand, { session, scope, problem }: DriveParts): void {
  const { input, hands } = link
  /** A page with a dialog takes no input; but what is held down has to be let go of. */
  const stopped = session.dialogs.isOpenOn(link.pageId)
  const failed = (message: string) => contained(scope, () => problem(message))
  switch (command.type) {
    case 'mouse':
      return stopped && command.action !== 'up' ? undefined : input.mouse(command)
    case 'key':
      return stopped && command.action !== 'up' ? undefined : input.key(command)
    case 'text':
      return stopped ? undefined : input.text(command.text)
    case 'compose':
      return stopped ? undefined : input.compose(command.text, command.start, command.end)
    case 'copy':
      return stopped ? undefined : input.shortcut(command.cut ? 'cut' : 'copy')
    case 'paste':
      // Not ahead of the click that says where to.
      if (!stopped)
        input
          .settled()
          .then(() => hands?.paste(command))
          .catch(failed('The page did not take what was pasted'))
      return
    case 'find':
      if (!stopped) void hands?.find(command.text, command.backward).catch(failed('The page could not be searched'))
      return
    case 'choose':
      return hands?.choose(command.choice, command.value)
    case 'files': {
      const paths = command.files.flatMap((id) => session.uploads.find(id)?.path ?? [])
      if (paths.length < command.files.length) return problem('A file is not there any more; give it again')
      return hands?.giveFiles(command.chooser, paths)
    }
    case 'viewport':
      return link.fit(command.size)
    case 'save-image':
      void hands
        ?.readImage()
        .then(async (image) => {
          if (image === null) return problem('There is no picture to save')
          await session.downloads.add(nameOf(image.address), image.address, image.content)
        })
        .catch(failed('The picture could not be saved'))
  }
}

function nameOf(address: string): string {
  if (address.startsWith('data:')) return `picture.${/^data:image\/([a-z]{1,10})/.exec(address)?.[1] ?? 'bin'}`
  const last = URL.parse(address)?.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || 'picture'
  } catch {
    return last
  }
}
