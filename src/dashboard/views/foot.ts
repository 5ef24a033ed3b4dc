import { type Action, bindings } from '../keys.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, styled, textOf } from '../row.ts';
import { type DashboardState, topScreen } from '../state.ts';

const PROMPTS = {
  filter: 'Show only rows with: ',
  search: 'Search for: ',
  jump: 'Jump to (02:13:37, +12.4s, line 402118, pid 4127): ',
  note: 'Note: ',
} as const;

/** They are about a capture at work, and do little once the processes are free. */
const OF_TRACING: ReadonlySet<Action> = new Set<Action>(['detach', 'extend', 'freeze']);

/** What was just done or is being typed, and the keys that work here; the last of them is always how to leave. */
export function drawFoot(state: DashboardState): readonly Row[] {
  const { footRows } = layoutOf(state);
  const keys = keyRow(state);
  const message = messageRow(state);
  if (footRows > 1) return [message, keys];
  return [textOf(message).trim() === '' ? keys : message];
}

function messageRow(state: DashboardState): Row {
  const { prompt, message, slowLink } = state;
  if (prompt !== null)
    return row(
      styled(` ${PROMPTS[prompt.kind]}`, 'bold'),
      prompt.text,
      styled(' ', 'selected'),
      '   Enter = go   Esc = no',
    );
  return row(` ${message === '' && slowLink ? 'slow link: the screen is drawn less often' : message}`);
}

function keyRow(state: DashboardState): Row {
  const isTracing = state.live?.state === 'tracing';
  const all = bindings(topScreen(state).kind, state.source).filter(
    ({ word, action }) => word !== '' && (isTracing || !OF_TRACING.has(action)),
  );
  const items = all.map(({ shown, word, action }) => {
    const name = action === 'back' && state.screens.length > 1 ? 'back' : word;
    return action === 'help' ? '?Help' : `${shown} ${name}`;
  });
  const last = items.pop() ?? '';
  let text = ` ${items.shift() ?? ''}`;
  for (const item of items) {
    if (text.length + item.length + last.length + 5 > state.columns) break;
    text += `  ${item}`;
  }
  return row(styled(`${text}  ${last}`, 'quiet'));
}
