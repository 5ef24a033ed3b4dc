// Written by `npm run page` from page.css and page.js.

/** The style sheet of a page. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --back: #ffffff;
  --panel: #f5f7f9;
  --text: #1b1f24;
  --quiet: #57606a;
  --line: #d0d7de;
  --link: #0b5cad;
  --critical: #b3261e;
  --warning: #8a5a00;
  --info: #0b5cad;
  --none: #44546a;
  --on-badge: #ffffff;
  --idle: #aab4c0;
  --running: #3b6fb6;
  --silent: #d08700;
  --herd: #0e8a8a;
  --blocked: #c0392b;
  --broken: #9b1fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171c;
    --panel: #1d2128;
    --text: #e3e6ea;
    --quiet: #a0aab6;
    --line: #39414c;
    --link: #7db4ff;
    --critical: #ff8a80;
    --warning: #f2c14e;
    --info: #7db4ff;
    --none: #b4c0ce;
    --on-badge: #14171c;
    --idle: #5b6673;
    --running: #5f97e0;
    --silent: #e5a93b;
    --herd: #45c1c1;
    --blocked: #f0645a;
    --broken: #dd7be8;
  }
}
* {
  box-sizing: border-box;
}
html {
  scroll-padding-top: 1rem;
}
body {
  margin: 0 auto;
  padding: 1.2rem;
  max-width: 75rem;
  background: var(--back);
  color: var(--text);
  font:
    16px / 1.5 system-ui,
    -apple-system,
    "Segoe UI",
    Roboto,
    "DejaVu Sans",
    sans-serif;
  overflow-wrap: anywhere;
}
a {
  color: var(--link);
}
h1,
h2,
h3 {
  line-height: 1.3;
  margin: 0 0 0.5rem;
}
h1 {
  font-size: 1.5rem;
}
h2 {
  margin-top: 2.2rem;
  padding-bottom: 0.2rem;
  border-bottom: 1px solid var(--line);
  font-size: 1.25rem;
}
h3 {
  font-size: 1.05rem;
}
p,
ul,
ol,
dl {
  margin: 0 0 0.6rem;
}
code,
pre,
.place,
.names,
.axis {
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: 0.82rem;
}
.tool {
  margin: 0;
  color: var(--quiet);
  font-size: 0.85rem;
  letter-spacing: 0.08em;
  text-transform: uppercase;
}
header {
  padding: 1rem 1.2rem;
  border: 1px solid var(--line);
  border-left: 6px solid var(--none);
  border-radius: 6px;
  background: var(--panel);
}
.badge {
  display: inline-block;
  padding: 0.1em 0.5em;
  border-radius: 4px;
  background: var(--none);
  color: var(--on-badge);
  font-size: 0.7em;
  font-weight: 700;
  letter-spacing: 0.03em;
  vertical-align: 0.12em;
  white-space: nowrap;
}
.badge.critical {
  background: var(--critical);
}
.badge.warning {
  background: var(--warning);
}
.badge.info {
  background: var(--info);
}
header.critical,
.finding.critical {
  border-left-color: var(--critical);
}
header.warning,
.finding.warning {
  border-left-color: var(--warning);
}
header.info,
.finding.info {
  border-left-color: var(--info);
}
.badge.untold {
  background: transparent;
  box-shadow: inset 0 0 0 1.5px var(--none);
  color: var(--none);
}
header.untold {
  border-left-style: dashed;
}
dl {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 0.25rem 1rem;
}
dt {
  color: var(--quiet);
}
dd {
  margin: 0;
  min-width: 0;
}
dd > ul,
dd > ol {
  margin: 0;
  padding-left: 1.2rem;
}
header dl {
  margin: 0.8rem 0 0;
  font-size: 0.9rem;
}
nav {
  display: flex;
  flex-wrap: wrap;
  gap: 0.2rem 1rem;
  margin: 0.9rem 0 0;
  font-size: 0.9rem;
}
.finding {
  margin: 0 0 1rem;
  padding: 0.8rem 1.1rem;
  border: 1px solid var(--line);
  border-left: 5px solid var(--none);
  border-radius: 6px;
}
.number {
  color: var(--quiet);
  font-variant-numeric: tabular-nums;
}
.finding > .facts,
.note {
  color: var(--quiet);
  font-size: 0.88rem;
}
li > .note {
  margin: 0.1rem 0;
}
.command {
  display: flex;
  align-items: start;
  justify-content: space-between;
  gap: 0.8rem;
  margin: 0.3rem 0;
  padding: 0.4rem 0.7rem;
  border: 1px solid var(--line);
  border-radius: 4px;
  background: var(--back);
  white-space: pre-wrap;
}
.finding .command {
  background: var(--panel);
}
button {
  padding: 0.1rem 0.6rem;
  border: 1px solid var(--line);
  border-radius: 4px;
  background: var(--panel);
  color: var(--text);
  font: inherit;
  font-size: 0.85rem;
  cursor: pointer;
}
.block {
  margin: 1.2rem 0;
}
.wide {
  overflow-x: auto;
}
table {
  border-collapse: collapse;
  font-size: 0.88rem;
  font-variant-numeric: tabular-nums;
}
th,
td {
  padding: 0.2rem 0.8rem 0.2rem 0;
  border-bottom: 1px solid var(--line);
  overflow-wrap: normal;
  text-align: left;
  vertical-align: top;
}
th {
  color: var(--quiet);
  font-weight: 600;
  white-space: nowrap;
}
td:last-child:not(.right) {
  min-width: 14rem;
}
.right {
  text-align: right;
  white-space: nowrap;
}
.lines {
  padding: 0;
  list-style: none;
}
.lines li {
  padding: 0.25rem 0;
  border-bottom: 1px solid var(--line);
}
.lines .place {
  color: var(--quiet);
}
.lines code {
  white-space: pre-wrap;
}
.outcomes {
  font-size: 0.9rem;
}
.timeline {
  display: grid;
  grid-template-columns: max-content minmax(0, 1fr);
  column-gap: 0.6rem;
  margin: 0.6rem 0;
}
.timeline svg {
  display: block;
}
.lanes,
.axis {
  width: 100%;
}
.lanes {
  touch-action: pan-y;
}
.names text,
.axis text {
  fill: var(--text);
}
.names .role,
.axis .tick {
  fill: var(--quiet);
}
.axis .number {
  font-weight: 700;
  text-decoration: underline;
}
.number.critical {
  fill: var(--critical);
}
.number.warning {
  fill: var(--warning);
}
.number.info {
  fill: var(--info);
}
.lanes path,
.swatch path {
  fill: none;
  print-color-adjust: exact;
  -webkit-print-color-adjust: exact;
}
.grid {
  stroke: var(--line);
  stroke-width: 1;
  vector-effect: non-scaling-stroke;
}
.idle {
  stroke: var(--idle);
}
.seen {
  stroke: var(--idle);
  stroke-width: 2;
}
.running {
  stroke: var(--running);
}
.silent {
  stroke: var(--silent);
}
.herd {
  stroke: var(--herd);
}
.blocked {
  stroke: var(--blocked);
}
.broken {
  stroke: var(--broken);
  stroke-width: 2.5;
  vector-effect: non-scaling-stroke;
}
.mark {
  stroke: var(--none);
  stroke-linecap: square;
  stroke-width: 3;
  vector-effect: non-scaling-stroke;
  pointer-events: stroke;
}
.mark.critical {
  stroke: var(--critical);
}
.mark.warning {
  stroke: var(--warning);
}
.mark.info {
  stroke: var(--info);
}
.selection {
  fill: var(--link);
  fill-opacity: 0.2;
}
.legend,
.controls {
  display: flex;
  flex-wrap: wrap;
  gap: 0.3rem 1.1rem;
  font-size: 0.88rem;
}
.controls {
  gap: 0.3rem 0.5rem;
  align-items: center;
}
.swatch {
  vertical-align: -2px;
}
@media (max-width: 44rem) {
  body {
    padding: 0.7rem;
  }
  dl {
    grid-template-columns: 1fr;
    gap: 0;
  }
  dd {
    margin-bottom: 0.5rem;
  }
  .names {
    width: 4rem;
  }
  .role,
  .tick:nth-of-type(even) {
    display: none;
  }
}
@media print {
  :root {
    color-scheme: light;
    --back: #ffffff;
    --panel: #ffffff;
    --text: #000000;
    --quiet: #444444;
    --line: #bbbbbb;
    --link: #000000;
    --critical: #a01810;
    --warning: #7a4f00;
    --info: #0b4c90;
    --none: #44546a;
    --on-badge: #ffffff;
    --idle: #9aa4b0;
    --running: #3b6fb6;
    --silent: #d08700;
    --herd: #0e8a8a;
    --blocked: #c0392b;
    --broken: #9b1fa8;
  }
  html {
    font-size: 11px;
  }
  body {
    padding: 0;
    max-width: none;
    font-size: 1rem;
  }
  #time > * {
    break-before: avoid;
  }
  nav,
  button,
  .controls,
  #readout {
    display: none;
  }
  .badge {
    print-color-adjust: exact;
    -webkit-print-color-adjust: exact;
  }
  h2,
  h3 {
    break-after: avoid;
  }
  .command,
  tr,
  .lines li {
    break-inside: avoid;
  }
  .wide {
    overflow: visible;
  }
}
`;

/** What a content security policy calls it. */
export const PAGE_STYLE_HASH = 'sha256-aODivbSlIKoPnebEtlEI3o70PcPW4OD3AHSmbEZd+iU=';

/** What a page can do beyond being read. */
export const PAGE_SCRIPT = `
// What a page can do beyond being read: zoom into the timeline, say what is under the pointer, copy commands.
(() => {
  const WORDS = {
    ' ': 'not there',
    '.': 'waited for work',
    r: 'ran from call to call',
    n: 'made no call',
    h: 'was woken for nothing',
    b: 'was blocked in a call',
    e: 'wrote to a client that had left (EPIPE)',
  };
  const LEAST_COLUMNS = 8;
  const DAY_MS = 86_400_000;
  const DRAGGED_PIXELS = 5;

  function button(word, action) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = word;
    made.addEventListener('click', action);
    return made;
  }

  function addCopyButtons() {
    if (!navigator.clipboard) return;
    for (const block of document.querySelectorAll('pre.command')) {
      const text = block.textContent;
      const copy = button('Copy', async () => {
        try {
          await navigator.clipboard.writeText(text);
          copy.textContent = 'Copied';
        } catch {
          copy.textContent = 'Not allowed';
        }
      });
      block.append(copy);
    }
  }

  function addZoom(lanes) {
    const { width: columns, height } = lanes.viewBox.baseVal;
    const columnMs = Number(lanes.dataset.columnMs);
    const startMs = Number(lanes.dataset.startMs);
    const zero = lanes.dataset.zero;
    const axis = document.querySelector('svg.axis');
    const readout = document.getElementById('readout');
    const rows = [...lanes.querySelectorAll('g.lane')].map((row) => ({
      name: row.dataset.name,
      states: row.dataset.states.replace(/(\\d+)(\\D)/g, (_, number, letter) => letter.repeat(Number(number))),
    }));
    // The line below tells more than the tooltip of a whole row would.
    for (const title of lanes.querySelectorAll('g.lane > title')) title.remove();
    let from = 0;
    let size = columns;

    const timeAt = (column) => {
      const ms = startMs + column * columnMs;
      if (zero === '') return \`+\${(ms / 1000).toFixed(3)} s\`;
      const time = new Date(Number(zero) + ms).toISOString();
      // Another day than that of the beginning, on clocks with and without a date.
      const days = Math.floor((Number(zero) + ms) / DAY_MS) - Math.floor((Number(zero) + startMs) / DAY_MS);
      if (days === 0) return time.slice(11, 23);
      const isDated = Number(zero) >= DAY_MS;
      return isDated ? time.slice(0, 23).replace('T', ' ') : \`\${time.slice(11, 23)} +\${days} d\`;
    };

    const show = (start, length) => {
      size = Math.min(columns, Math.max(Math.min(LEAST_COLUMNS, columns), length));
      from = Math.min(columns - size, Math.max(0, start));
      lanes.setAttribute('viewBox', \`\${from} 0 \${size} \${height}\`);
      const ticks = axis.querySelectorAll('.tick');
      ticks.forEach((tick, index) => {
        tick.textContent = timeAt(from + (index * size) / ticks.length);
      });
      lanes
        .querySelector('.grid')
        .setAttribute(
          'd',
          [...ticks].map((_, index) => \`M\${from + (index * size) / ticks.length} 0v\${height}\`).join(''),
        );
      for (const number of axis.querySelectorAll('.number')) {
        const share = (Number(number.dataset.at) - from) / size;
        number.setAttribute('x', \`\${share * 100}%\`);
        number.setAttribute('visibility', share < 0 || share > 1 ? 'hidden' : 'visible');
      }
    };

    const columnOf = (event) => {
      const box = lanes.getBoundingClientRect();
      return from + (size * Math.min(box.width, Math.max(0, event.clientX - box.left))) / box.width;
    };

    const readOut = (event) => {
      const box = lanes.getBoundingClientRect();
      const row = rows[Math.floor(((event.clientY - box.top) / box.height) * rows.length)];
      if (row === undefined) return;
      const column = Math.min(columns - 1, Math.floor(columnOf(event)));
      const finding = event.target.closest('a')?.querySelector('title')?.textContent;
      const parts = [
        \`\${row.name} at \${timeAt(column)}\`,
        ...(row.states === '' ? [] : [WORDS[row.states[column]] ?? WORDS[' ']]),
        ...(finding === undefined ? [] : [\`finding \${finding}\`]),
      ];
      readout.textContent = parts.join(': ');
    };

    const selection = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    selection.setAttribute('class', 'selection');
    selection.setAttribute('height', height);
    let drag = null;
    lanes.addEventListener('mousedown', (event) => event.preventDefault());
    lanes.addEventListener('pointerdown', (event) => {
      if (event.button === 0) drag = { x: event.clientX, column: columnOf(event) };
    });
    lanes.addEventListener('pointermove', (event) => {
      readOut(event);
      if (drag === null || Math.abs(event.clientX - drag.x) < DRAGGED_PIXELS) return;
      const to = columnOf(event);
      selection.setAttribute('x', Math.min(drag.column, to));
      selection.setAttribute('width', Math.abs(to - drag.column));
      if (!selection.isConnected) lanes.append(selection);
    });
    const drop = (event) => {
      const begun = drag;
      drag = null;
      selection.remove();
      if (begun === null || event.type !== 'pointerup' || Math.abs(event.clientX - begun.x) < DRAGGED_PIXELS) return;
      const to = columnOf(event);
      show(Math.min(begun.column, to), Math.abs(to - begun.column));
    };
    window.addEventListener('pointerup', drop);
    window.addEventListener('pointercancel', drop);

    const around = (factor) => show(from + (size - size * factor) / 2, size * factor);
    const controls = document.createElement('p');
    controls.className = 'controls';
    controls.append(
      button('Zoom in', () => around(1 / 2)),
      button('Zoom out', () => around(2)),
      button('Earlier', () => show(from - size / 2, size)),
      button('Later', () => show(from + size / 2, size)),
      button('Whole', () => show(0, columns)),
      'or drag over the rows to zoom into a stretch',
    );
    document.getElementById('timeline').before(controls);
  }

  addCopyButtons();
  const lanes = document.querySelector('svg.lanes');
  if (lanes !== null) addZoom(lanes);
})();
`;

/** What a content security policy calls it. */
export const PAGE_SCRIPT_HASH = 'sha256-r2D5im7VHlo4/ZkcMYxVD5MUxNv5m2Lg+7qTsV2IsBE=';
