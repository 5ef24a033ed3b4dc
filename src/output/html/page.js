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
      states: row.dataset.states.replace(/(\d+)(\D)/g, (_, number, letter) => letter.repeat(Number(number))),
    }));
    // The line below tells more than the tooltip of a whole row would.
    for (const title of lanes.querySelectorAll('g.lane > title')) title.remove();
    let from = 0;
    let size = columns;

    const timeAt = (column) => {
      const ms = startMs + column * columnMs;
      if (zero === '') return `+${(ms / 1000).toFixed(3)} s`;
      const time = new Date(Number(zero) + ms).toISOString();
      // Another day than that of the beginning, on clocks with and without a date.
      const days = Math.floor((Number(zero) + ms) / DAY_MS) - Math.floor((Number(zero) + startMs) / DAY_MS);
      if (days === 0) return time.slice(11, 23);
      const isDated = Number(zero) >= DAY_MS;
      return isDated ? time.slice(0, 23).replace('T', ' ') : `${time.slice(11, 23)} +${days} d`;
    };

    const show = (start, length) => {
      size = Math.min(columns, Math.max(Math.min(LEAST_COLUMNS, columns), length));
      from = Math.min(columns - size, Math.max(0, start));
      lanes.setAttribute('viewBox', `${from} 0 ${size} ${height}`);
      const ticks = axis.querySelectorAll('.tick');
      ticks.forEach((tick, index) => {
        tick.textContent = timeAt(from + (index * size) / ticks.length);
      });
      lanes
        .querySelector('.grid')
        .setAttribute(
          'd',
          [...ticks].map((_, index) => `M${from + (index * size) / ticks.length} 0v${height}`).join(''),
        );
      for (const number of axis.querySelectorAll('.number')) {
        const share = (Number(number.dataset.at) - from) / size;
        number.setAttribute('x', `${share * 100}%`);
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
        `${row.name} at ${timeAt(column)}`,
        ...(row.states === '' ? [] : [WORDS[row.states[column]] ?? WORDS[' ']]),
        ...(finding === undefined ? [] : [`finding ${finding}`]),
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
